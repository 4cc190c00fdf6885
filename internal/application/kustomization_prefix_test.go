package application

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
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
		"PersistentVolumeClaim/data-pre-db-0 of data-db-0",
		"ServiceAccount/pre-runner of runner", "Secret/pre-keys of keys", "Role.rbac.authorization.k8s.io/pre-r of r",
		"RoleBinding.rbac.authorization.k8s.io/pre-b of b", "Service/pre-db of db", "StatefulSet.apps/pre-db of db",
		"CronJob.batch/pre-backup of backup",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	text, err := yaml.Marshal(p.Objects)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"claimName: data-pre-db-0", "serviceName: pre-db", "serviceAccountName: pre-runner", "serviceAccount: pre-runner",
		"nodePublishSecretRef:\n                name: pre-keys",
		"name: system:serviceaccount:dst:pre-runner", "kind: ServiceAccount\n      name: pre-runner\n      namespace: dst", "name: pre-r\n",
		"resourceNames:\n      - pre-keys\n      resources:\n      - secrets",
		"resourceNames:\n      - keys\n      - pre-db\n      resources:\n      - pods\n      - services/proxy",
		"secrets:\n    - name: pre-keys", "imagePullSecrets:\n    - name: pre-keys", "kind: User\n      name: runner\n",
		"volumeClaimTemplates:\n      - metadata:\n          name: data\n",
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

// TestDefaultAccountKeepsItsName: it is not ours to rename, and what it needs is.
func TestDefaultAccountKeepsItsName(t *testing.T) {
	p := Make(whole(t, join(webYAML, bound, keys, `{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: src},
		imagePullSecrets: [{name: keys}]}`), kustomized(t, "namePrefix: pre-")))
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
			again.Application.Workloads = append(again.Application.Workloads,
				api.WorkloadReference{Group: m.Group, Kind: m.Kind, Name: "pre-" + m.Name})
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

// TestPrefixBeside: what belongs to a Service without a selector, and rights for the whole
// cluster, follow the names; it is not known what would have to follow that of a custom resource.
func TestPrefixBeside(t *testing.T) {
	const (
		outside = `{apiVersion: v1, kind: Service, metadata: {name: out, namespace: src}, spec: {ports: [{port: 80}]}}`
		slice   = `{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice,
			metadata: {name: out-1, namespace: src, labels: {kubernetes.io/service-name: out}}, addressType: IPv4, endpoints: [], ports: []}`
		points = `{apiVersion: v1, kind: Endpoints, metadata: {name: out, namespace: src}, subsets: []}`
		widget = `{apiVersion: example.com/v1, kind: Widget, metadata: {name: w, namespace: src}, spec: {}}`
		rights = `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: wide},
			roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view},
			subjects: [{kind: ServiceAccount, name: runner, namespace: src}]}`
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
	for _, part := range []string{"kubernetes.io/service-name: pre-out", "kind: Endpoints metadata: name: pre-out",
		"kind: ServiceAccount name: pre-runner namespace: dst"} {
		if !strings.Contains(flat(string(text)), part) {
			t.Errorf("the plan lacks %q:\n%s", part, text)
		}
	}
}
