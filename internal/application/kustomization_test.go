package application

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	dbYAML = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: src}, spec: {replicas: 2, serviceName: db,
		selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {serviceAccountName: runner,
		serviceAccount: runner, containers: [{name: c, image: postgres, volumeMounts: [{name: data, mountPath: /d}]}]}},
		volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]}}`
	db0 = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-db-0, namespace: src},
		spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}, status: {phase: Bound}}`
	db1 = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-db-1, namespace: src},
		spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}, status: {phase: Bound}}`
	dbJob = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: backup, namespace: src}, spec: {schedule: "@daily",
		jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: b, env: [{name: HOST, value: "tcp://db:5432"}],
		volumeMounts: [{name: d, mountPath: /d}]}], volumes: [{name: d, persistentVolumeClaim: {claimName: data-db-0}},
		{name: k, csi: {driver: x, nodePublishSecretRef: {name: keys}}}]}}}}}}`
	dbSvc = `{apiVersion: v1, kind: Service, metadata: {name: db, namespace: src},
		spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}}`
	actor = `{apiVersion: v1, kind: ServiceAccount, metadata: {name: runner, namespace: src}, secrets: [{name: keys}],
		imagePullSecrets: [{name: keys}]}`
	keys = `{apiVersion: v1, kind: Secret, metadata: {name: keys, namespace: src}, data: {a: Yg==}}`
	role = `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: src},
		rules: [{apiGroups: [""], resources: [secrets], resourceNames: [keys], verbs: [get]},
		{apiGroups: [""], resources: [pods, services/proxy], resourceNames: [keys, db], verbs: [get]}]}`
	binds = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: src},
		roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r},
		subjects: [{kind: ServiceAccount, name: runner, namespace: src}, {kind: User, apiGroup: rbac.authorization.k8s.io, name: runner},
		{kind: User, apiGroup: rbac.authorization.k8s.io, name: "system:serviceaccount:src:runner"}]}`
)

// flat is a text without its indentation.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestMarksChangeNothingElse: a kustomization that adds an annotation leaves the rest of every
// object as it would be without.
func TestMarksChangeNothingElse(t *testing.T) {
	check := func(t *testing.T, name string, in Input) {
		want := Make(in)
		in.Kustomizations = []api.Kustomization{{CommonAnnotations: map[string]string{"added": "1"}},
			{Patches: []api.KustomizePatch{{Target: &api.KustomizeTarget{},
				Patch: `{apiVersion: v1, kind: Any, metadata: {name: any, annotations: {added: null}}}`}}}}
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
		return `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: src}, spec: {ingressClassName: ` + name +
			`, defaultBackend: {service: {name: web, port: {number: 80}}}}}`
	}
	service := `{apiVersion: v1, kind: Service, metadata: {name: web, namespace: src},
		spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}}`
	hpa := `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web, namespace: src},
		spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}`
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
			texts: []string{`patches: [{target: {kind: Ingress},
				patch: '[{"op": "replace", "path": "/spec/ingressClassName", "value": "traefik"}]'}]`},
			has: []string{"kind: IngressClass\n  name: traefik"}, not: []string{"name: nginx"},
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
			texts: []string{"namePrefix: a-", "replicas: [{name: web, count: 7}]"}, blockers: []string{"PatchMatchesNothing "},
			has: []string{"kustomizations[1].replicas[web]"},
		},
		"ClaimSize": {
			reason:  "a larger claim is the server's to judge",
			objects: join(webYAML, strings.Replace(bound, "ReadWriteOnce]", "ReadWriteOnce], resources: {requests: {storage: 1Gi}}", 1)),
			texts: []string{"patches: [{patch: \"apiVersion: v1\\nkind: PersistentVolumeClaim\\nmetadata: {name: data}\\nspec: " +
				"{storageClassName: fast, resources: {requests: {storage: 5Gi}}}\"}]"},
			has: []string{"storage: 5Gi", "storageClassName: fast"},
		},
		"BlockDevice": {
			reason: "files cannot be copied into a device", objects: join(webYAML, bound),
			texts: []string{`patches: [{target: {kind: PersistentVolumeClaim},
				patch: '[{"op": "add", "path": "/spec/volumeMode", "value": "Block"}]'}]`},
			blockers: []string{"UnsupportedVolume PersistentVolumeClaim/data"},
		},
		"EmptyClaims": {
			reason: "a set with other templates would start without its data", objects: join(dbYAML, db0),
			texts: []string{`patches: [{target: {kind: StatefulSet},
				patch: '[{"op": "replace", "path": "/spec/volumeClaimTemplates/0/metadata/name", "value": "x"}]'}]`},
			blockers: []string{"InvalidKustomization StatefulSet.apps/db"},
		},
		"Unmounted": {
			reason: "a volume may be replaced on purpose", objects: join(webYAML, bound),
			texts: []string{`patches: [{target: {kind: Deployment},
				patch: '[{"op": "replace", "path": "/spec/template/spec/volumes/0", "value": {"name": "d", "emptyDir": {}}}]'}]`},
			has: []string{"does not mount the claim data any more"},
		},
		"OneName": {
			reason: "two objects of one name would be one",
			objects: join(strings.ReplaceAll(dbYAML, "name: data", "name: a-x"), strings.ReplaceAll(bound, "name: data,", "name: a-x-db-0,"),
				strings.ReplaceAll(bound, "name: data,", "name: x-a-db-0,")),
			texts: []string{"namePrefix: a-"}, blockers: []string{"InvalidKustomization PersistentVolumeClaim/a-x-a-db-0"},
			has: []string{"one name"},
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
	hpa := `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web, namespace: src},
		spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}`
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
		"image: mirror.example.com/library/busybox:1.36": 2, "host: notes.new.example.com": 1, "value: new": 1, "targetReplicas: 1": 1,
		"site: new": len(p.Objects),
	} {
		if got := strings.Count(string(text), part); got != times {
			t.Errorf("%q is %d times in the plan, want %d:\n%s", part, got, times, text)
		}
	}
}
