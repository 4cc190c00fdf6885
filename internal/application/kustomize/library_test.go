package kustomize

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// evil are values that a way through YAML may change.
var evil = []any{
	"yes", "on", "No", "null", "~", "", " ", "1e3", "0x10", "010", "1_000", "12:30:45", "2026-01-02", "2026-01-02T03:04:05Z",
	".inf", "<<", "=", "!!str x",
	"- a", "a: b", "# c", "a #b", "'", `"`, `\`, "a\nb", "a\n", "\n\na\n\n", "a\r\nb", "\ttab", "trailing \n space", "\u0085", "\u2028x",
	"\u007f", "\u0001", "\ufeffbom", "\uffff",
	"\U0001F600", "&a", "*a", "%a", "@a", "{a}", "[a]", "|", ">", strings.Repeat("long ", 500), "100m", "1Gi", "1E",
	int64(0), int64(-1), int64(1000680000), int64(9007199254740993), int64(-9223372036854775808), int64(9223372036854775807),
	0.5, 1e-7, 1.5e300, true, false, nil, []any{}, map[string]any{}, []any{nil, "x"}, []any{[]any{int64(1)}},
}

// evilObjects hold them, in the places of objects of several kinds.
func evilObjects() []unstructured.Unstructured {
	var out []unstructured.Unstructured
	for i, value := range evil {
		name := fmt.Sprintf("o-%d", i)
		meta := map[string]any{"name": name, "namespace": "dst"}
		if text, ok := value.(string); ok {
			meta["annotations"] = map[string]any{"a": text}
		}
		out = append(out,
			unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta,
				"data": map[string]any{"k": value, "yes": "1"}}},
			unstructured.Unstructured{Object: map[string]any{"apiVersion": "apps/v1", "kind": "Deployment",
				"metadata": map[string]any{"name": name, "namespace": "dst"},
				"spec": map[string]any{"extra": value, "list": []any{value},
					"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "c", "args": value}}}}}}})
	}
	return out
}

// TestRoundTrip: whatever adds an annotation, nothing else is changed.
func TestRoundTrip(t *testing.T) {
	for name, k := range map[string]*api.Kustomization{
		"Marks": {CommonAnnotations: map[string]string{"added": "1"}},
		"Merge": {Patches: []api.KustomizePatch{{Target: &api.KustomizeTarget{},
			Patch: "{apiVersion: v1, kind: Any, metadata: {name: any, annotations: {added: '1'}}}"}}},
		"JSONPatch": {Patches: []api.KustomizePatch{{Target: &api.KustomizeTarget{},
			Patch: "- {op: add, path: /metadata/labels, value: {added: '1'}}"}}},
	} {
		t.Run(name, func(t *testing.T) {
			want := evilObjects()
			got, problems := Apply("k", k, want)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			for i := range want {
				o := got[i].DeepCopy()
				for _, path := range [][]string{{"metadata"}, {"spec", "template", "metadata"}} {
					for _, field := range []string{"annotations", "labels"} {
						dropAdded(o.Object, append(path, field))
					}
				}
				if diff := cmp.Diff(want[i].Object, o.Object); diff != "" {
					t.Errorf("the value %#v has changed (-want +got):\n%s", evil[i/2], diff)
				}
			}
		})
	}
}

// dropAdded removes the mark, and the maps that were made for it.
func dropAdded(o map[string]any, path []string) {
	m, found, _ := unstructured.NestedMap(o, path...)
	if !found || m["added"] != "1" {
		return
	}
	if delete(m, "added"); len(m) > 0 {
		_ = unstructured.SetNestedMap(o, m, path...)
		return
	}
	unstructured.RemoveNestedField(o, path...)
	if parent, _, _ := unstructured.NestedMap(o, path[:len(path)-1]...); len(parent) == 0 {
		unstructured.RemoveNestedField(o, path[:len(path)-1]...)
	}
}

// TestNoSecretInMessages: whatever is wrong with a patch, no value of a Secret, of an
// environment or of the patch itself is told.
func TestNoSecretInMessages(t *testing.T) {
	const canary = "canary-1234567890"
	coded := base64.StdEncoding.EncodeToString([]byte(canary))
	o := objects(t,
		`{apiVersion: v1, kind: Secret, metadata: {name: keys, namespace: dst, annotations: {a: `+canary+`}}, data: {password: `+coded+`}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: dst},
  spec: {template: {spec: {containers: [{name: c, image: x, env: [{name: A, value: `+canary+`}]}]}}}}`)
	patches := []string{
		"data: [1]", "data: {password: [a]}", "data: {password: {$patch: replace}}", "data: text", "metadata: [1]",
		"apiVersion: v1\nmetadata: {name: any, annotations: [a]}", "apiVersion: v1\nmetadata: {name: any, annotations: {a: {b: c}}}",
		"spec: [1]", "spec: {template: {spec: {containers: {name: c}}}}", "spec: {template: {spec: {containers: [{name: c, env: {A: b}}]}}}",
		"spec: {template: {spec: {containers: [{name: c, env: [A]}]}}}",
		`[{"op": "test", "path": "/data/password", "value": "` + canary + `x"}]`,
		`[{"op": "copy", "from": "/data/password", "path": "/metadata/name/x"}]`,
		`[{"op": "add", "path": "/data/password/0", "value": "` + canary + `"}]`,
		`[{"op": "replace", "path": "/` + canary + `", "value": 1}]`, `[{"op": "` + canary + `"}]`,
		"stringData: {a: " + canary + "}\ndata: [", "a: " + canary + ": b", "\t" + canary, "- " + canary, "[" + canary,
		`[{"op": "move", "from": "/data/password", "path": "/kind"}]`,
		"data: {" + canary + ": a, " + canary + ": b}", "a: *" + canary, "a: &" + canary + " [*" + canary + "]", "a: !" + canary + " b",
		"a: !!int " + canary, "a: !!binary " + canary, "? [" + canary + "]\n: a", "a: \"\\q" + canary, "%" + canary + "\n---\na: b",
		"spec: {replicas: " + canary + "}", "spec: {template: {spec: {containers: [{name: c, env: [{name: A, valueFrom: " + canary + "}]}]}}}",
		"data: {$setElementOrder/" + canary + ": [a]}", "$deleteFromPrimitiveList/" + canary + ": a",
		"spec: {template: {spec: {containers: [{$patch: merge, " + canary + ": c}]}}}",
		"spec: {template: {spec: {containers: [" + canary + "]}}}",
		"metadata: {labels: {" + canary + ": [a]}, name: any}\napiVersion: v1", "metadata: " + canary,
		`[{"op": "add", "path": "` + canary + `", "value": 1}]`, `[{"op": "add", "path": "/a/` + canary + `/b", "value": "` + canary + `"}]`,
		`[{"op": "test", "path": "/metadata/name", "value": {"a": "` + canary + `"}}]`,
		`[{"op": "copy", "from": "/` + canary + `/x", "path": "/a"}]`,
		`[{"op": "add", "path": "/data", "value": "` + canary + `}]`, `[{"op": "add", "` + canary + `": 1, "path": "/x"}]`, `[` + canary + `]`,
		`[{"op": "replace", "path": "/spec/template/spec/containers/` + canary + `/image", "value": "` + canary + `"}]`,
		`[{"op": "remove", "path": "/spec/template/spec/containers/0/env/0/value/` + canary + `"}]`,
		"$patch: " + canary, "data: {$patch: " + canary + "}", "spec: {template: {spec: {containers: [{name: c, $patch: " + canary + "}]}}}",
	}
	failed := 0
	for _, p := range patches {
		if !strings.HasPrefix(p, "[") && !strings.HasPrefix(p, "-") && !strings.Contains(p, "metadata:") {
			p = "apiVersion: v1\nmetadata: {name: any}\n" + p
		}
		if !strings.HasPrefix(p, "[") && !strings.HasPrefix(p, "-") && !strings.Contains(p, "kind:") {
			p = "kind: Any\n" + p
		}
		for _, target := range []*api.KustomizeTarget{nil, {Kind: "Secret"}, {Kind: "Deployment"}} {
			_, problems := Apply("k", &api.Kustomization{Patches: []api.KustomizePatch{{Patch: p, Target: target}}}, o)
			for _, problem := range problems {
				failed++
				for _, secret := range []string{canary, coded} {
					if strings.Contains(problem.Message, secret) {
						t.Errorf("the patch %q, target %v: the message holds a value: %s", p, target, problem.Message)
					}
				}
				if strings.Contains(problem.Message, resourcesFile) || strings.Contains(problem.Message, "\n") {
					t.Errorf("the patch %q: the message is Kustomize's own: %s", p, problem.Message)
				}
			}
		}
	}
	if failed < len(patches) {
		t.Errorf("%d problems of %d patches: they do not test what they are for", failed, len(patches))
	}
}

// FuzzApply: no patch makes the library's panic ours, and what comes out has kept its identity.
func FuzzApply(f *testing.F) {
	f.Add("apiVersion: v1\nkind: Any\nmetadata: {name: any, labels: {a: b}}", "Deployment", "web")
	f.Add(`[{"op": "remove", "path": "/spec"}]`, "", "w.*")
	f.Add("$patch: delete\napiVersion: v1\nkind: Any\nmetadata: {name: any}", "Service", "")
	f.Add("a: &a [*a]", "", "")
	f.Add("spec: null\n---\n{}", "Ingress", "(")
	f.Add("apiVersion: v1\nkind: Any\nmetadata: {name: any}\nspec: {template: {spec: {containers: [{$patch: delete, name: web}]}}}",
		"Deployment", "")
	f.Fuzz(func(t *testing.T, patch, kind, name string) {
		before := objects(t, shop)
		for _, target := range []*api.KustomizeTarget{nil, {Kind: kind, Name: name}} {
			out, _ := Apply("k", &api.Kustomization{Patches: []api.KustomizePatch{{Patch: patch, Target: target}}}, before)
			for i := range before {
				if guard(&before[i], &out[i]) != "" {
					t.Fatalf("%s has become %v", nameOf(&before[i]), out[i])
				}
			}
		}
	})
}

// BenchmarkApply changes 5,000 objects in the ways that real moves do.
func BenchmarkApply(b *testing.B) {
	var all []unstructured.Unstructured
	for i := range 1000 {
		all = append(all,
			objects(b, strings.NewReplacer("name: web,", fmt.Sprintf("name: web-%d,", i), "name: data,", fmt.Sprintf("name: data-%d,", i),
				"name: keys,", fmt.Sprintf("name: keys-%d,", i)).Replace(shop))...)
	}
	for name, text := range map[string]string{
		"Marks": "images: [{name: docker.io/library/nginx, newTag: b}]\nlabels: [{pairs: {site: b}}]\ncommonAnnotations: {moved: 'yes'}\n" +
			"replicas: [{name: web-7, count: 1}]\npatches: [{target: {name: web-7}, patch: '{apiVersion: v1, kind: Any, metadata: {name: " +
			"any, labels: {a: b}}}'}]",
		"PatchAll": "patches: [{target: {}, patch: '{apiVersion: v1, kind: Any, metadata: {name: any, labels: {a: b}}}'}]",
		"Prefix":   "namePrefix: pre-",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if out, problems := Apply("k", kustomization(b, text), all); len(problems) > 0 {
					b.Fatal(len(out), problems)
				}
			}
			b.ReportMetric(float64(len(all)), "objects")
		})
	}
}
