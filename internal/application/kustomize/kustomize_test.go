package kustomize

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// objects reads YAML as a client does: whole numbers are int64.
func objects(t testing.TB, text string) []unstructured.Unstructured {
	t.Helper()
	var out []unstructured.Unstructured
	for _, document := range strings.Split(text, "\n---\n") {
		data, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		var u unstructured.Unstructured
		if err := u.UnmarshalJSON(data); err != nil {
			t.Fatalf("%v in %s", err, document)
		}
		out = append(out, u)
	}
	return out
}

// kustomization reads the YAML that a user would write.
func kustomization(t testing.TB, text string) *api.Kustomization {
	t.Helper()
	var k api.Kustomization
	if err := yaml.UnmarshalStrict([]byte(text), &k); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return &k
}

// shop is an application of a few kinds.
const shop = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: dst, labels: {app: shop}}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - {name: web, image: "docker.io/library/nginx:1.27", env: [{name: MODE, value: "on"}]}
        - {name: side, image: "ghcr.io/example/side@sha256:aaaa"}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: dst, labels: {app: shop}}
spec: {rules: [{host: shop.old.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: dst, labels: {app: shop}}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: dst, annotations: {config.kubernetes.io/local-config: "true"}}
data: {password: Y2FuYXJ5LTEyMzQ=}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: dst, labels: {kubemove.io/x: "1"}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}`

func TestApply(t *testing.T) {
	cases := map[string]struct {
		reason string
		text   string
		// want are the objects that differ, with their new parts as they are in YAML.
		want map[string][]string
	}{
		"Image": {
			reason: "a tag goes, and every container of the image gets another name",
			text:   `images: [{name: docker.io/library/nginx, newName: registry.example.com/nginx, newTag: "1.29"}]`,
			want: map[string][]string{"Deployment.apps/web": {"image: registry.example.com/nginx:1.29",
				"image: ghcr.io/example/side@sha256:aaaa"}},
		},
		"ImageChain": {
			reason: "images are changed in the order of their names, whatever the order of the list",
			text:   `images: [{name: side, newTag: b}, {name: ghcr.io/example/side, newName: side, newTag: a}]`,
			want:   map[string][]string{"Deployment.apps/web": {"image: side:b"}},
		},
		"Replicas": {
			reason: "zero is a number of replicas",
			text:   `replicas: [{name: web, count: 0}]`,
			want:   map[string][]string{"Deployment.apps/web": {"replicas: 0"}},
		},
		"StrategicMerge": {
			reason: "a patch that names its object changes that one, and lists are merged by their keys",
			text: `patches: [{patch: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec:
				{containers: [{name: side, ` +
				`resources: {limits: {memory: 1Gi}}}]}}}"}]`,
			want: map[string][]string{"Deployment.apps/web": {"memory: 1Gi", "image: docker.io/library/nginx:1.27", `value: "on"`}},
		},
		"StrategicMergeOfTarget": {
			reason: "lists are merged by the keys of the object's own kind, whatever kind the patch says",
			text: `patches: [{target: {kind: Deployment}, patch: "apiVersion: v1\nkind: Any\nmetadata: {name: any}\nspec: {template: {spec: ` +
				`{containers: [{name: side, env: [{name: X, value: \"1\"}]}, {name: web, env: [{name: MODE, value: \"off\"}]}]}}}"}]`,
			want: map[string][]string{"Deployment.apps/web": {"name: X",
				"image: docker.io/library/nginx:1.27", "image: ghcr.io/example/side@sha256:aaaa", `value: "off"`}},
		},
		"Documents": {
			reason: "an entry without a target may hold a patch for each of several objects",
			text: `patches: [{patch: "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: NodePort}\n---\n` +
				`apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {resources: {requests: {storage: 2Gi}}}"}]`,
			want: map[string][]string{"Service/web": {"type: NodePort"}, "PersistentVolumeClaim/data": {"storage: 2Gi", "kubemove.io/x: \"1\""}},
		},
		"JSONPatch": {
			reason: "the host of an Ingress is changed by a path",
			text: `patches: [{target: {kind: Ingress, name: w.b},
				patch: '[{"op": "replace", "path": "/spec/rules/0/host", "value": "shop.new.example"}]'}]`,
			want: map[string][]string{"Ingress.networking.k8s.io/web": {"host: shop.new.example"}},
		},
		"JSONPatchInYAML": {
			reason: "the operations may be YAML, as in Kustomize's own examples",
			text: "patches:\n- target: {group: apps, version: v1, labelSelector: app=shop}\n  patch: |-\n    - op: add\n      path: " +
				"/spec/paused\n      value: true\n",
			want: map[string][]string{"Deployment.apps/web": {"paused: true"}},
		},
		"LaterPatch": {
			reason: "a patch sees what the patches before it have done",
			text: `patches: [{target: {kind: Secret}, patch: "apiVersion: v1\nkind: Any\nmetadata: {name: any, labels: {tier: b}}"},
				{target: {labelSelector: tier=b}, patch: "apiVersion: v1\nkind: Any\nmetadata: {name: any, annotations: {seen: \"yes\"}}"}]`,
			want: map[string][]string{"Secret/keys": {"tier: b", `seen: "yes"`, "password: Y2FuYXJ5LTEyMzQ=", "config.kubernetes.io/local-config"}},
		},
		"Labels": {
			reason: "labels go to the metadata alone, unless they are to select",
			text:   `labels: [{pairs: {site: b}}]`,
			want: map[string][]string{"Deployment.apps/web": {"site: b"}, "Ingress.networking.k8s.io/web": {"site: b"}, "Service/web": {"site: b"},
				"Secret/keys":                {"site: b", "password: Y2FuYXJ5LTEyMzQ=", "config.kubernetes.io/local-config"},
				"PersistentVolumeClaim/data": {"site: b", "storage: 1Gi"}},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			before := objects(t, shop)
			out, problems := Apply("kustomization", kustomization(t, c.text), before)
			if len(problems) > 0 {
				t.Fatalf("%s: %v", c.reason, problems)
			}
			changed := map[string][]string{}
			for i := range out {
				if cmp.Equal(before[i], out[i]) {
					continue
				}
				text, err := yaml.Marshal(out[i].Object)
				if err != nil {
					t.Fatal(err)
				}
				name := nameOf(&before[i])
				changed[name] = c.want[name]
				for _, part := range c.want[name] {
					if !strings.Contains(string(text), part) {
						t.Errorf("%s: %s lacks %q:\n%s", c.reason, name, part, text)
					}
				}
			}
			if diff := cmp.Diff(c.want, changed); diff != "" {
				t.Errorf("%s: other objects were changed (-want +got):\n%s", c.reason, diff)
			}
			if diff := cmp.Diff(objects(t, shop), before); diff != "" {
				t.Errorf("%s: the input was changed:\n%s", c.reason, diff)
			}
		})
	}
}

func TestSelectingLabels(t *testing.T) {
	out, problems := Apply("k", kustomization(t, `labels: [{pairs: {site: b}, includeSelectors: true}]`), objects(t, shop))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, path := range [][]string{{"spec", "selector", "matchLabels"}, {"spec", "template", "metadata", "labels"}} {
		got, _, _ := unstructured.NestedStringMap(out[0].Object, path...)
		if diff := cmp.Diff(map[string]string{"app": "shop", "site": "b"}, got); diff != "" {
			t.Errorf("%v of the Deployment (-want +got):\n%s", path, diff)
		}
	}
	got, _, _ := unstructured.NestedStringMap(out[2].Object, "spec", "selector")
	if diff := cmp.Diff(map[string]string{"app": "shop", "site": "b"}, got); diff != "" {
		t.Errorf("the selector of the Service (-want +got):\n%s", diff)
	}
}

// TestKindsInList: Kustomize would drop them.
func TestKindsInList(t *testing.T) {
	before := objects(t, `{apiVersion: example.com/v1, kind: AllowList, metadata: {name: a, namespace: dst}, spec: {cidr: x}}`)
	out, problems := Apply("k", kustomization(t, "labels: [{pairs: {site: b}}]\ncommonAnnotations: {a: b}"), before)
	if len(problems) > 0 || out[0].GetLabels()["site"] != "b" || out[0].GetAnnotations()["a"] != "b" || out[0].Object["spec"] == nil {
		t.Errorf("it has become %v, problems %v", out[0], problems)
	}
	_, problems = Apply("k", kustomization(t, "patches: [{target: {kind: AllowList}, patch: '- {op: remove, path: /spec}'}]"), before)
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "ends in List") {
		t.Errorf("a patch for it: problems %v", problems)
	}
}

func TestProblems(t *testing.T) {
	cases := map[string]struct {
		reason string
		text   string
		want   string // REASON OBJECT PART-OF-THE-MESSAGE
	}{
		"NoTarget": {
			reason: "a patch for an object that does not move would be forgotten silently",
			text:   `patches: [{patch: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: wep}\nspec: {paused: true}"}]`,
			want: "PatchMatchesNothing -1 kustomization.patches[0] is for Deployment.apps/wep and matches no object that moves: " +
				"expected one of [Deployment.apps/web]",
		},
		"NoSelected": {
			reason: "nor may a selector select nothing",
			text: `patches: [{target: {kind: DaemonSet, labelSelector: a=b},
				patch: "apiVersion: v1\nkind: Any\nmetadata: {name: any}\nspec: {paused: true}"}]`,
			want: "PatchMatchesNothing -1 kustomization.patches[0] is for kind DaemonSet, labelSelector a=b and matches no object that moves: " +
				"expected one of [] (there is none)",
		},
		"OtherVersion": {
			reason: "a patch for another version is for another object, as in Kustomize",
			text:   `patches: [{patch: "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: web}\nspec: {paused: true}"}]`,
			want:   "PatchMatchesNothing -1 ",
		},
		"NoImage": {reason: "an image is not there",
			text: `images: [{name: nginx, newTag: b}]`,
			want: "PatchMatchesNothing -1 kustomization.images[nginx] matches no image of what moves: expected one of these, " +
				"without tag and digest: [docker.io/library/nginx:1.27, ghcr.io/example/side@sha256:aaaa]"},
		"NoReplicas": {reason: "a workload is not there",
			text: `replicas: [{name: data, count: 2}]`, want: "PatchMatchesNothing -1 kustomization.replicas[data] matches no object that moves: " +
				"expected the name of one of [Deployment.apps/web]"},
		"NoYAML": {reason: "bad YAML",
			text: `patches: [{patch: "a: [b"}]`, want: "InvalidKustomization -1 kustomization.patches[0] is no patch: "},
		"Scalar": {reason: "a text is no patch",
			text: `patches: [{patch: "hello"}]`, want: "InvalidKustomization -1 kustomization.patches[0] is no patch: it is a single value"},
		"Empty": {reason: "a comment is no patch",
			text: `patches: [{patch: "# nothing"}]`, want: "InvalidKustomization -1 kustomization.patches[0] is no patch: it is empty"},
		"Anonymous": {reason: "a patch without a target", text: `patches: [{patch: "spec: {paused: true}"}]`,
			want: "InvalidKustomization -1 kustomization.patches[0] does not say which object it is for"},
		"Unnamed": {reason: "Kustomize wants a name even where it does not matter",
			text: `patches: [{target: {kind: Service}, patch: "spec: {type: NodePort}"}]`,
			want: "InvalidKustomization -1 kustomization.patches[0] has no apiVersion, kind and metadata.name"},
		"Operator": {reason: "Kustomize would quote it",
			text: `patches: [{target: {kind: Service}, patch: '[{"op": "put", "path": "/spec"}]'}]`,
			want: "InvalidKustomization -1 kustomization.patches[0] is no patch: operation 0 of the JSON patch has no path"},
		"FlowList": {reason: "Kustomize takes a list in brackets for JSON",
			text: `patches: [{target: {kind: Service}, patch: "[{op: remove, path: /spec}]"}]`,
			want: "InvalidKustomization -1 kustomization.patches[0] is no patch: it begins with [ and is no JSON"},
		"Namespace": {reason: "namespaces are KubeMove's",
			text: `patches: [{patch: "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: dst}"}]`,
			want: "InvalidKustomization -1 kustomization.patches[0] names the namespace dst"},
		"Operations": {reason: "a JSON patch without a target", text: `patches: [{patch: '[{"op": "remove", "path": "/spec"}]'}]`,
			want: "InvalidKustomization -1 kustomization.patches[0] is a JSON patch without a target"},
		"Two": {reason: "two patches for one target", text: `patches: [{target: {kind: Service}, patch: "a: b\n---\nc: d"}]`,
			want: "InvalidKustomization -1 kustomization.patches[0] holds 2 patches and a target"},
		"BadPath": {reason: "a path that is not there",
			text: `patches: [{target: {kind: Service}, patch: '[{"op": "replace", "path": "/spec/x/y", "value": 1}]'}]`,
			want: "InvalidKustomization 2 kustomization.patches[0] cannot be applied to Service/web: "},
		"BadRegexp": {reason: "a regular expression that is none", text: `patches: [{target: {name: "("}, patch: "a: b"}]`,
			want: "InvalidKustomization -1 kustomization.patches[0] has a target that cannot be read"},
		"BadSelector": {reason: "a selector that is none", text: `patches: [{target: {labelSelector: "a=,=b"}, patch: "a: b"}]`,
			want: "InvalidKustomization -1 kustomization.patches[0] has a target that cannot be read: labelSelector"},
		"BadImage": {reason: "Kustomize would panic",
			text: `images: [{name: "(", newTag: b}]`, want: "InvalidKustomization -1 kustomization.images[(] has a name that is no image's"},
		"Delete": {reason: "what moves is chosen elsewhere",
			text: `patches: [{target: {kind: Service}, patch: "$patch: delete\napiVersion: v1\nkind: Any\nmetadata: {name: any}"}]`,
			want: "InvalidKustomization 2 kustomization.patches[0] removes Service/web"},
		"Local": {reason: "Kustomize drops such objects", text: `patches: [{target: {kind: Service},
			patch: "apiVersion: v1\nkind: Any\nmetadata: {name: any, annotations: {config.kubernetes.io/local-config: \"true\"}}"}]`,
			want: "InvalidKustomization 2 kustomization.patches[0] removes Service/web"},
		"Rename": {reason: "another name would be another object",
			text: `patches: [{target: {kind: Service}, patch: '[{"op": "replace", "path": "/metadata/name", "value": "x"}]'}]`,
			want: "InvalidKustomization 2 kustomization.patches[0] changes the name of Service/web"},
		"Kind": {reason: "so would another kind",
			text: `patches: [{target: {kind: Deployment}, patch: '[{"op": "replace", "path": "/kind", "value": "DaemonSet"}]'}]`,
			want: "InvalidKustomization 0 kustomization.patches[0] changes apiVersion or kind of Deployment.apps/web"},
		"Move": {reason: "and another namespace",
			text: `patches: [{target: {kind: Service}, patch: '[{"op": "add", "path": "/metadata/namespace", "value": "x"}]'}]`,
			want: "InvalidKustomization 2 kustomization.patches[0] sets a namespace on Service/web"},
		"Mark": {reason: "KubeMove knows its own objects by such marks", text: `patches: [{target: {kind: Service},
			patch: "apiVersion: v1\nkind: Any\nmetadata: {name: any, annotations: {kubemove.io/active: x}}"}]`,
			want: "InvalidKustomization 2 kustomization.patches[0] sets or removes kubemove.io/active of Service/web"},
		"Unmark": {reason: "and must find them again", text: `patches: [{target: {kind: PersistentVolumeClaim},
			patch: "apiVersion: v1\nkind: Any\nmetadata: {name: any, labels: {kubemove.io/x: null}}"}]`,
			want: "InvalidKustomization 4 kustomization.patches[0] sets or removes kubemove.io/x"},
		"Worker": {reason: "Pods with this label pass for KubeMove's workers, which are not waited for",
			text: `labels: [{pairs: {app.kubernetes.io/managed-by: kubemove}, includeTemplates: true}]`,
			want: "InvalidKustomization 0 kustomization.labels sets or removes app.kubernetes.io/managed-by"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			before := objects(t, shop)
			out, problems := Apply("kustomization", kustomization(t, c.text), before)
			if len(problems) != 1 {
				t.Fatalf("%s: problems %v, want one", c.reason, problems)
			}
			got := problems[0].Reason + " " + itoa(problems[0].Object) + " " + problems[0].Message
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("%s:\n got %s\nwant %s", c.reason, got, c.want)
			}
			if diff := cmp.Diff(before, out); diff != "" {
				t.Errorf("%s: the entry has a problem and changes something:\n%s", c.reason, diff)
			}
		})
	}
}

func itoa(n int) string {
	if n < 0 {
		return "-1"
	}
	return string(rune('0' + n))
}
