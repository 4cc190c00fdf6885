package application

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// kustomized changes an input by kustomizations, as users write them.
func kustomized(t testing.TB, texts ...string) func(*Input) {
	return func(in *Input) {
		in.TargetNamespace = "dst"
		for _, text := range texts {
			var k api.Kustomization
			if err := yaml.UnmarshalStrict([]byte(text), &k); err != nil {
				t.Fatal(err)
			}
			in.Kustomizations = append(in.Kustomizations, k)
		}
	}
}

const (
	dbYAML = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: src}, spec: {replicas: 2, serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {serviceAccountName: runner, serviceAccount: runner, containers: [{name: c, image: postgres, volumeMounts: [{name: data, mountPath: /d}]}]}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]}}`
	db0    = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-db-0, namespace: src}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}, status: {phase: Bound}}`
	db1    = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-db-1, namespace: src}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}, status: {phase: Bound}}`
	dbJob  = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: backup, namespace: src}, spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: b, env: [{name: HOST, value: "tcp://db:5432"}], volumeMounts: [{name: d, mountPath: /d}]}], volumes: [{name: d, persistentVolumeClaim: {claimName: data-db-0}}, {name: k, csi: {driver: x, nodePublishSecretRef: {name: keys}}}]}}}}}}`
	dbSvc  = `{apiVersion: v1, kind: Service, metadata: {name: db, namespace: src}, spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}}`
	actor  = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: runner, namespace: src}, secrets: [{name: keys}], imagePullSecrets: [{name: keys}]}`
	keys   = `{apiVersion: v1, kind: Secret, metadata: {name: keys, namespace: src}, data: {a: Yg==}}`
	role   = `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: src}, rules: [{apiGroups: [""], resources: [secrets], resourceNames: [keys], verbs: [get]}, {apiGroups: [""], resources: [pods, services/proxy], resourceNames: [keys, db], verbs: [get]}]}`
	binds  = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: src}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}, subjects: [{kind: ServiceAccount, name: runner, namespace: src}, {kind: User, apiGroup: rbac.authorization.k8s.io, name: runner}, {kind: User, apiGroup: rbac.authorization.k8s.io, name: "system:serviceaccount:src:runner"}]}`
)

// TestNamePrefix: everything gets another name, and whatever refers to something finds it.
func TestNamePrefix(t *testing.T) {
	skip := func(in *Input) { in.Data.Claims = []api.ClaimData{{Name: "data-db-1", Policy: api.ClaimSkip}} }
	p := Make(whole(t, join(dbYAML, db0, db1, dbJob, dbSvc, actor, keys, role, binds), func(in *Input) {
		kustomized(t, "namePrefix: pre-")(in)
		skip(in)
	}))
	if len(p.Blockers) > 0 {
		t.Fatal(p.Blockers)
	}
	var got []string
	for _, o := range p.Objects {
		if o.Object.GetName() != o.Name || RefOf(&o.Object) != o.Ref {
			t.Errorf("%s is called %s", o.Ref, o.Object.GetName())
		}
		got = append(got, o.Ref.String()+" of "+o.SourceRef().Name)
	}
	want := []string{
		"PersistentVolumeClaim/data-pre-db-0 of data-db-0", "ServiceAccount/pre-runner of runner", "Secret/pre-keys of keys", "Role.rbac.authorization.k8s.io/pre-r of r",
		"RoleBinding.rbac.authorization.k8s.io/pre-b of b", "Service/pre-db of db", "StatefulSet.apps/pre-db of db", "CronJob.batch/pre-backup of backup",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	text, err := yaml.Marshal(p.Objects)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"claimName: data-pre-db-0", "serviceName: pre-db", "serviceAccountName: pre-runner", "serviceAccount: pre-runner", "nodePublishSecretRef:\n                name: pre-keys",
		"name: system:serviceaccount:dst:pre-runner", "kind: ServiceAccount\n      name: pre-runner\n      namespace: dst", "name: pre-r\n",
		"resourceNames:\n      - pre-keys\n      resources:\n      - secrets", "resourceNames:\n      - keys\n      - pre-db\n      resources:\n      - pods\n      - services/proxy",
		"secrets:\n    - name: pre-keys", "imagePullSecrets:\n    - name: pre-keys", "kind: User\n      name: runner\n", "volumeClaimTemplates:\n      - metadata:\n          name: data\n",
	} {
		if !strings.Contains(string(text), part) && !strings.Contains(flat(string(text)), flat(part)) {
			t.Errorf("the objects lack %q", part)
		}
	}
	if t.Failed() {
		t.Log(string(text))
	}
	var volumes []string
	for _, v := range p.Volumes {
		volumes = append(volumes, v.Name+" "+v.Target)
	}
	if diff := cmp.Diff([]string{"data-db-0 data-pre-db-0", "data-db-1 data-pre-db-1"}, volumes); diff != "" {
		t.Errorf("volumes (-want +got):\n%s", diff)
	}
	if !slices.ContainsFunc(p.Requires, func(r Required) bool { return r.Ref == refTo(kindClaim, "data-pre-db-1") }) {
		t.Errorf("the skipped claim is required as %v", p.Requires)
	}
	if !slices.ContainsFunc(p.Warnings, func(w string) bool {
		return strings.Contains(w, "CronJob.batch/pre-backup mentions") && strings.Contains(w, "db (now pre-db)")
	}) {
		t.Errorf("nothing is said of the host db in the environment: %v", p.Warnings)
	}
	if p.Workloads[0].Name != "backup" || p.Workloads[1].Name != "db" {
		t.Errorf("the workloads are those of the source, by their names there: %v", p.Workloads)
	}
}

// flat is a text without its indentation.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestDefaultAccountKeepsItsName: it is not ours to rename, and what it needs is.
func TestDefaultAccountKeepsItsName(t *testing.T) {
	p := Make(whole(t, join(webYAML, bound, keys, `{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: src}, imagePullSecrets: [{name: keys}]}`), kustomized(t, "namePrefix: pre-")))
	if len(p.Requires) != 1 || p.Requires[0].Name != "default" || pullSecretsOf(p.Requires[0].Object.Object)[0].Name != "pre-keys" {
		t.Errorf("required: %v", p.Requires)
	}
}

// TestPrefixedWorlds: what a prefixed plan creates is an application whose closure is whole:
// moved on, it is the same.
func TestPrefixedWorlds(t *testing.T) {
	for seed := range uint64(40) {
		w := generate(seed)
		w.in.Objects = slices.DeleteFunc(w.in.Objects, func(o unstructured.Unstructured) bool { return isCustom(RefOf(&o).kind()) })
		w.in.Application.Exclude = nil // What is excluded keeps its name, and is not there.
		w.in.Kustomizations = []api.Kustomization{{NamePrefix: "pre-"}}
		first := Make(w.in)
		if len(first.Blockers) > 0 {
			t.Fatalf("seed %d: %v", seed, first.Blockers)
		}
		again := w.in
		again.SourceNamespace, again.Objects, again.Kustomizations = "dst", nil, nil
		again.Application.Workloads = nil
		for _, m := range w.members {
			again.Application.Workloads = append(again.Application.Workloads, api.WorkloadReference{Group: m.Group, Kind: m.Kind, Name: "pre-" + m.Name})
		}
		again.Application.Claims = nil
		for _, c := range w.in.Application.Claims {
			again.Application.Claims = append(again.Application.Claims, api.ClaimReference{Name: "pre-" + c.Name})
		}
		for _, o := range first.Objects {
			again.Objects = append(again.Objects, o.Object)
		}
		second := Make(again)
		if diff := cmp.Diff(objectsOf(first), objectsOf(second)); diff != "" || len(second.Blockers) > 0 {
			t.Fatalf("seed %d: the second move differs from the first:\n%s\n%v", seed, diff, second.Blockers)
		}
		for _, warning := range second.Warnings {
			if strings.Contains(warning, "is not in the namespace") {
				t.Errorf("seed %d: %s", seed, warning)
			}
		}
	}
}

// TestMarksChangeNothingElse: a kustomization that adds an annotation leaves the rest of every
// object as it would be without.
func TestMarksChangeNothingElse(t *testing.T) {
	check := func(t *testing.T, name string, in Input) {
		want := Make(in)
		in.Kustomizations = []api.Kustomization{{CommonAnnotations: map[string]string{"added": "1"}},
			{Patches: []api.KustomizePatch{{Target: &api.KustomizeTarget{}, Patch: `{apiVersion: v1, kind: Any, metadata: {name: any, annotations: {added: null}}}`}}}}
		got := Make(in)
		if len(want.Objects) == 0 {
			return
		}
		for i := range got.Objects {
			withoutAdded(&want.Objects[i])
			withoutAdded(&got.Objects[i])
			if diff := cmp.Diff(jsonOf(t, want.Objects[i]), jsonOf(t, got.Objects[i])); diff != "" {
				t.Fatalf("%s: %s has changed (-want +got):\n%s", name, want.Objects[i].Ref, diff)
			}
		}
		if diff := cmp.Diff(reasons(want.Blockers), reasons(got.Blockers)); diff != "" {
			t.Errorf("%s: blockers (-want +got):\n%s", name, diff)
		}
	}
	for seed := range uint64(20) {
		check(t, "seed", generate(seed).in)
	}
	for name, in := range inputs(t) {
		check(t, name, in)
	}
}

// withoutAdded removes the annotation, and what is empty without it.
func withoutAdded(o *Object) {
	for _, path := range [][]string{{}, templatePath(o.kind()), {"spec", "jobTemplate"}} {
		if at := inner(o.Object.Object, append(slices.Clone(path), "metadata")...); at != nil {
			annotations, _ := at["annotations"].(map[string]any)
			delete(annotations, "added")
			dropEmpty(at, "annotations")
			dropEmpty(inner(o.Object.Object, path...), "metadata")
		}
	}
}

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestKustomized(t *testing.T) {
	named := func(name string) string {
		return `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: src}, spec: {ingressClassName: ` + name + `, defaultBackend: {service: {name: web, port: {number: 80}}}}}`
	}
	service := `{apiVersion: v1, kind: Service, metadata: {name: web, namespace: src}, spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}}`
	hpa := `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web, namespace: src}, spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}`
	cases := map[string]struct {
		reason  string
		objects string
		texts   []string
		// blockers, and parts of the plan as YAML.
		blockers []string
		has, not []string
	}{
		"IngressClass": {
			reason: "the class that the target needs is the one that a patch gives", objects: join(webYAML, bound, service, named("nginx")),
			texts: []string{`patches: [{target: {kind: Ingress}, patch: '[{"op": "replace", "path": "/spec/ingressClassName", "value": "traefik"}]'}]`},
			has:   []string{"kind: IngressClass\n  name: traefik"}, not: []string{"name: nginx"},
		},
		"ClosedDoor": {
			reason: "a Service that lets no traffic in starts with the rest", objects: join(webYAML, bound, service),
			texts: []string{`patches: [{target: {kind: Service}, patch: '[{"op": "remove", "path": "/spec/type"}]'}]`},
			not:   []string{"phase: Open"},
		},
		"Replicas": {
			reason: "the list of workloads says what the source has, and what the target gets", objects: join(webYAML, bound),
			texts: []string{`replicas: [{name: web, count: 0}]`}, has: []string{"replicas: 3\n  targetReplicas: 0", "spec:\n      replicas: 0"},
		},
		"Layers": {
			reason: "a second layer sees the names that the first one gives", objects: join(webYAML, bound),
			texts: []string{"namePrefix: a-", "namePrefix: b-\nreplicas: [{name: a-web, count: 7}]"},
			has:   []string{"name: b-a-web", "source: web", "claimName: b-a-data", "target: b-a-data", "targetReplicas: 7"},
		},
		"SecondLayer": {
			reason: "a message says which of several it means", objects: join(webYAML, bound),
			texts: []string{"namePrefix: a-", "replicas: [{name: web, count: 7}]"}, blockers: []string{"PatchMatchesNothing "}, has: []string{"kustomizations[1].replicas[web]"},
		},
		"ClaimSize": {
			reason: "a larger claim is the server's to judge", objects: join(webYAML, strings.Replace(bound, "ReadWriteOnce]", "ReadWriteOnce], resources: {requests: {storage: 1Gi}}", 1)),
			texts: []string{"patches: [{patch: \"apiVersion: v1\\nkind: PersistentVolumeClaim\\nmetadata: {name: data}\\nspec: {storageClassName: fast, resources: {requests: {storage: 5Gi}}}\"}]"},
			has:   []string{"storage: 5Gi", "storageClassName: fast"},
		},
		"BlockDevice": {
			reason: "files cannot be copied into a device", objects: join(webYAML, bound),
			texts:    []string{`patches: [{target: {kind: PersistentVolumeClaim}, patch: '[{"op": "add", "path": "/spec/volumeMode", "value": "Block"}]'}]`},
			blockers: []string{"UnsupportedVolume PersistentVolumeClaim/data"},
		},
		"EmptyClaims": {
			reason: "a set with other templates would start without its data", objects: join(dbYAML, db0),
			texts:    []string{`patches: [{target: {kind: StatefulSet}, patch: '[{"op": "replace", "path": "/spec/volumeClaimTemplates/0/metadata/name", "value": "x"}]'}]`},
			blockers: []string{"InvalidKustomization StatefulSet.apps/db"},
		},
		"Unmounted": {
			reason: "a volume may be replaced on purpose", objects: join(webYAML, bound),
			texts: []string{`patches: [{target: {kind: Deployment}, patch: '[{"op": "replace", "path": "/spec/template/spec/volumes/0", "value": {"name": "d", "emptyDir": {}}}]'}]`},
			has:   []string{"does not mount the claim data any more"},
		},
		"OneName": {
			reason: "two objects of one name would be one",
			objects: join(strings.ReplaceAll(dbYAML, "name: data", "name: a-x"), strings.ReplaceAll(bound, "name: data,", "name: a-x-db-0,"),
				strings.ReplaceAll(bound, "name: data,", "name: x-a-db-0,")),
			texts: []string{"namePrefix: a-"}, blockers: []string{"InvalidKustomization PersistentVolumeClaim/a-x-a-db-0"}, has: []string{"one name"},
		},
		"Autoscaled": {
			reason: "what the user sets is part of what is approved, what the autoscaler sets is not", objects: join(webYAML, bound, hpa),
			texts: []string{"replicas: [{name: web, count: 1}]"}, has: []string{"targetReplicas: 1"},
		},
		"Secret": {
			reason: "no value of a Secret gets into a message", objects: join(webYAML, bound, keys),
			texts:    []string{`patches: [{target: {kind: Secret}, patch: '[{"op": "test", "path": "/data/a", "value": "x"}]'}]`},
			blockers: []string{"InvalidKustomization Secret/keys"}, not: []string{"message: Yg=="},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, c.objects, kustomized(t, c.texts...)))
			if diff := cmp.Diff(append([]string{}, c.blockers...), reasons(p.Blockers)); diff != "" {
				t.Errorf("%s: blockers (-want +got):\n%s\n%v", c.reason, diff, p.Blockers)
			}
			text, err := yaml.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range c.has {
				if !strings.Contains(flat(string(text)), flat(part)) {
					t.Errorf("%s: the plan lacks %q:\n%s", c.reason, part, text)
				}
			}
			for _, part := range c.not {
				if strings.Contains(flat(string(text)), flat(part)) {
					t.Errorf("%s: the plan has %q:\n%s", c.reason, part, text)
				}
			}
		})
	}
}

// TestHashOfKustomization: what the user sets changes the hash, though an autoscaler's number
// does not.
func TestHashOfKustomization(t *testing.T) {
	hpa := `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web, namespace: src}, spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}`
	hash := func(replicas, count string) string {
		objects := join(strings.Replace(webYAML, "replicas: 3", "replicas: "+replicas, 1), bound, hpa)
		return Make(whole(t, objects, kustomized(t, "namePrefix: a-\nreplicas: [{name: web, count: "+count+"}]"))).Hash()
	}
	if hash("3", "1") != hash("2", "1") {
		t.Error("the number that the autoscaler has set is part of the hash")
	}
	if hash("3", "1") == hash("3", "0") {
		t.Error("the number that the kustomization sets is not part of the hash")
	}
}

// TestPrefixBeside: what belongs to a Service without a selector, and rights for the whole
// cluster, follow the names; nobody knows what would have to follow that of a custom resource.
func TestPrefixBeside(t *testing.T) {
	const (
		outside = `{apiVersion: v1, kind: Service, metadata: {name: out, namespace: src}, spec: {ports: [{port: 80}]}}`
		slice   = `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: out-1, namespace: src, labels: {kubernetes.io/service-name: out}}, addressType: IPv4, endpoints: [], ports: []}`
		points  = `{apiVersion: v1, kind: Endpoints, metadata: {name: out, namespace: src}, subsets: []}`
		widget  = `{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: src}, spec: {}}`
		rights  = `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: wide}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}, subjects: [{kind: ServiceAccount, name: runner, namespace: src}]}`
	)
	p := Make(whole(t, join(webYAML, bound, outside, slice, points, widget, actor, keys), func(in *Input) {
		kustomized(t, "namePrefix: pre-")(in)
		in.Resources = map[string]string{"Widget.example.com": "widgets"}
		in.Cluster = append(in.Cluster, object(t, rights))
	}))
	if diff := cmp.Diff([]string{"InvalidKustomization Widget.example.com/w"}, reasons(p.Blockers)); diff != "" {
		t.Errorf("blockers (-want +got):\n%s\n%v", diff, p.Blockers)
	}
	text, err := yaml.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"kubernetes.io/service-name: pre-out", "kind: Endpoints metadata: name: pre-out", "kind: ServiceAccount name: pre-runner namespace: dst"} {
		if !strings.Contains(flat(string(text)), part) {
			t.Errorf("the plan lacks %q:\n%s", part, text)
		}
	}
}

// TestExample plans the example as it is.
func TestExample(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile("../../examples/kustomization/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	var engine api.MoveEngine
	if err := yaml.UnmarshalStrict([]byte(read("moveengine.yaml")), &engine); err != nil {
		t.Fatal(err)
	}
	p := Make(whole(t, read("app.yaml"), func(in *Input) {
		in.Application = engine.Spec.Application
		in.Kustomizations = []api.Kustomization{*engine.Spec.Targets[0].Kustomization}
	}))
	if len(p.Blockers) > 0 {
		t.Fatal(p.Blockers)
	}
	text, err := yaml.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for part, times := range map[string]int{
		"image: mirror.example.com/library/busybox:1.36": 2, "host: notes.new.example.com": 1, "value: new": 1, "targetReplicas: 1": 1, "site: new": len(p.Objects),
	} {
		if got := strings.Count(string(text), part); got != times {
			t.Errorf("%q is %d times in the plan, want %d:\n%s", part, got, times, text)
		}
	}
}
