package cutover

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

const (
	release1 = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: site, namespace: shop},
		spec: {replicas: 1, selector: {matchLabels: {app: site}}, template: {metadata: {labels: {app: site}}, spec: {
		containers: [{name: site, image: "img:1", env: [{name: RELEASE, value: "1"}, {name: OLD_SWITCH, value: "on"}]}]}}}}`
	release2 = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: site, namespace: shop},
		spec: {replicas: 1, selector: {matchLabels: {app: site}}, template: {metadata: {labels: {app: site}}, spec: {
		containers: [{name: site, image: "img:1", env: [{name: RELEASE, value: "2"}]}]}}}}`
)

// fieldServer keeps a Deployment as an API server does, with its field managers.
type fieldServer struct {
	t *testing.T
	managedfieldstest.TestFieldManager
}

func newFieldServer(t *testing.T) *fieldServer {
	return &fieldServer{t, managedfieldstest.NewTestFieldManager(applyconfigurations.NewTypeConverter(scheme.Scheme),
		appsv1.SchemeGroupVersion.WithKind("Deployment"))}
}

func (s *fieldServer) live() *unstructured.Unstructured {
	return s.Live().(*unstructured.Unstructured)
}

func (s *fieldServer) write(u *unstructured.Unstructured, manager string) {
	s.t.Helper()
	if err := s.Update(u, manager); err != nil {
		s.t.Fatal(err)
	}
}

func manifest(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return u
}

// merge writes what has changed from one manifest to the next into the live object, as kubectl apply
// and Helm 3 do.
func (s *fieldServer) merge(before []byte, next *unstructured.Unstructured, manager string) {
	s.t.Helper()
	encode := func(u *unstructured.Unstructured) []byte {
		data, err := u.MarshalJSON()
		if err != nil {
			s.t.Fatal(err)
		}
		return data
	}
	meta, err := strategicpatch.NewPatchMetaFromStruct(appsv1.Deployment{})
	if err != nil {
		s.t.Fatal(err)
	}
	patch, err := strategicpatch.CreateThreeWayMergePatch(before, encode(next), encode(s.live()), meta, true)
	if err != nil {
		s.t.Fatal(err)
	}
	merged, err := strategicpatch.StrategicMergePatch(encode(s.live()), patch, appsv1.Deployment{})
	if err != nil {
		s.t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(merged); err != nil {
		s.t.Fatal(err)
	}
	s.write(u, manager)
}

// The tools that apply manifests, each as it applies the first release and a later one.
type tool func(s *fieldServer, release string) error

func serverSide(manager string) tool {
	return func(s *fieldServer, release string) error { return s.Apply(manifest(s.t, release), manager, false) }
}

func clientSide(manager string) tool {
	return func(s *fieldServer, release string) error {
		next := manifest(s.t, release)
		data, err := next.MarshalJSON()
		if err != nil {
			return err
		}
		next.SetAnnotations(map[string]string{corev1.LastAppliedConfigAnnotation: string(data)})
		s.merge([]byte(s.live().GetAnnotations()[corev1.LastAppliedConfigAnnotation]), next, manager)
		return nil
	}
}

// helm3 knows the former release from a Secret of its own.
func helm3(s *fieldServer, release string) error {
	var before []byte
	if s.live().GetName() != "" {
		data, err := json.Marshal(manifest(s.t, release1).Object)
		if err != nil {
			return err
		}
		before = data
	}
	s.merge(before, manifest(s.t, release), "helm")
	return nil
}

// migrated applies server-side what was applied client-side, as kubectl does.
func migrated(s *fieldServer, release string) error {
	u := s.live()
	if u.GetName() == "" {
		return clientSide("kubectl-client-side-apply")(s, release)
	}
	if err := csaupgrade.UpgradeManagedFields(u, sets.New("kubectl-client-side-apply"), "kubectl"); err != nil {
		return err
	}
	s.write(u, "kubectl")
	return s.Apply(manifest(s.t, release), "kubectl", false)
}

// move carries the object of the source over to a target as a cutover does, and hands it over; between
// changes it meanwhile.
func move(t *testing.T, source *fieldServer, k []api.Kustomization, between func(*fieldServer)) *fieldServer {
	t.Helper()
	p := application.Make(application.Input{Engine: "e", SourceNamespace: "shop", TargetNamespace: "shop", Kustomizations: k,
		Application: api.Application{Selector: &metav1.LabelSelector{}}, Objects: []unstructured.Unstructured{*source.live()}})
	if len(p.Objects) != 1 || len(p.Blockers) > 0 {
		t.Fatalf("the plan has %d objects and the blockers %v", len(p.Objects), p.Blockers)
	}
	created, err := startForm(p.Objects[0], us)
	if err != nil {
		t.Fatal(err)
	}
	target := newFieldServer(t)
	target.write(created, cluster.FieldManager)
	if between != nil {
		between(target)
	}
	for range 4 {
		next, _, err := handedOver(p.Objects[0], target.live())
		if err != nil {
			t.Fatal(err)
		}
		if next == nil {
			return target
		}
		target.write(next, cluster.FieldManager)
	}
	t.Fatal("the object is handed over again and again")
	return nil
}

func (s *fieldServer) managers() []string {
	var out []string
	for _, m := range s.ManagedFields() {
		out = append(out, m.Manager+" "+string(m.Operation))
	}
	slices.Sort(out)
	return out
}

// env of the Deployment.
func (s *fieldServer) env() map[string]string {
	out := map[string]string{}
	containers, _, _ := unstructured.NestedSlice(s.live().Object, "spec", "template", "spec", "containers")
	for _, c := range containers {
		list, _, _ := unstructured.NestedSlice(c.(map[string]any), "env")
		for _, e := range list {
			e := e.(map[string]any)
			out[e["name"].(string)] = e["value"].(string)
		}
	}
	return out
}

func setEnv(u *unstructured.Unstructured, name, value string) *unstructured.Unstructured {
	containers, _, _ := unstructured.NestedSlice(u.Object, "spec", "template", "spec", "containers")
	list, _, _ := unstructured.NestedSlice(containers[0].(map[string]any), "env")
	i := slices.IndexFunc(list, func(e any) bool { return e.(map[string]any)["name"] == name })
	if i < 0 {
		list = append(list, map[string]any{"name": name, "value": value})
	} else {
		list[i] = map[string]any{"name": name, "value": value}
	}
	containers[0].(map[string]any)["env"] = list
	_ = unstructured.SetNestedSlice(u.Object, containers, "spec", "template", "spec", "containers")
	return u
}

// TestNextRelease: whatever has applied a release at the source applies the next one at the target
// without a conflict, and what that drops is gone.
func TestNextRelease(t *testing.T) {
	patched := []api.Kustomization{{Patches: []api.KustomizePatch{{Patch: `{"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": {"name": "site"},
		"spec": {"template": {"spec": {"containers": [{"name": "site",
		"env": [{"name": "RELEASE", "value": "patched"}, {"name": "SITE", "value": "target"}]}]}}}}`}},
		CommonAnnotations: map[string]string{"example.com/moved": "yes"}}}
	cases := map[string]struct {
		reason string
		tool   tool
		// also is done at the source after the first release.
		also     func(*fieldServer)
		k        []api.Kustomization
		between  func(*fieldServer)
		managers []string
		env      map[string]string
		conflict string
	}{
		"ServerSide": {reason: "kubectl apply --server-side", tool: serverSide("pipeline"), managers: []string{"pipeline Apply"}},
		"ClientSide": {reason: "kubectl apply",
			tool: clientSide("kubectl-client-side-apply"), managers: []string{"kubectl-client-side-apply Update"}},
		"Migrated": {reason: "kubectl apply, and server-side from now on", tool: migrated, managers: []string{"kubectl Apply"}},
		"Helm3":    {reason: "Helm 3 compares with its own record", tool: helm3, managers: []string{"helm Update"}},
		"Helm4":    {reason: "Helm 4 applies server-side", tool: serverSide("helm"), managers: []string{"helm Apply"}},
		"ArgoClient": {reason: "Argo CD's default is that of kubectl",
			tool: clientSide("argocd-controller"), managers: []string{"argocd-controller Update"}},
		"ArgoServer": {reason: "Argo CD with ServerSideApply=true",
			tool: serverSide("argocd-controller"), managers: []string{"argocd-controller Apply"}},
		"Kustomized": {reason: "what a kustomization has changed is its manager's, and what it has added has no manager",
			tool: serverSide("pipeline"), k: patched, managers: []string{"pipeline Apply"},
			env: map[string]string{"RELEASE": "2", "SITE": "target"}},
		"KustomizedC": {reason: "so with kubectl apply", tool: clientSide("kubectl-client-side-apply"), k: patched,
			managers: []string{"kubectl-client-side-apply Update"}, env: map[string]string{"RELEASE": "2", "SITE": "target"}},
		"Other": {reason: "another manager at the source keeps its own fields",
			tool: serverSide("pipeline"), managers: []string{"pipeline Apply", "team Apply"}, env: map[string]string{"RELEASE": "2", "TEAM": "b"},
			also: func(s *fieldServer) {
				if err := s.Apply(manifest(s.t, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: site, namespace: shop},
					spec: {template: {spec: {containers: [{name: site, env: [{name: TEAM, value: b}]}]}}}}`), "team", false); err != nil {
					s.t.Fatal(err)
				}
			}},
		"Conflict": {reason: "what conflicts at the source conflicts at the target, with the same one",
			tool: serverSide("pipeline"), conflict: `conflict with "kubectl-edit"`,
			also: func(s *fieldServer) { s.write(setEnv(s.live(), "RELEASE", "by hand"), "kubectl-edit") }},
		"Meanwhile": {reason: "what another client has changed at the target is that one's",
			tool: serverSide("pipeline"), conflict: `conflict with "kubectl-edit"`,
			between: func(s *fieldServer) { s.write(setEnv(s.live(), "RELEASE", "by hand"), "kubectl-edit") }},
		"Released": {reason: "a release that came before the objects were handed over counts",
			tool: serverSide("pipeline"), managers: []string{"pipeline Apply"},
			between: func(s *fieldServer) {
				if err := s.Apply(manifest(s.t, release2), "pipeline", true); err != nil {
					s.t.Fatal(err)
				}
			}},
		"LateNote": {reason: "a claim that a run has created gets the note of kubectl apply afterwards",
			tool: clientSide("kubectl-client-side-apply"), managers: []string{"kubectl-client-side-apply Update"},
			between: func(s *fieldServer) {
				u := s.live()
				u.SetAnnotations(map[string]string{api.CreatedByAnnotation: self})
				s.write(u, cluster.FieldManager)
			}},
		"MovedBefore": {reason: "KubeMove's own part at the source is not carried on",
			tool: serverSide("pipeline"), managers: []string{"pipeline Apply"},
			also: func(s *fieldServer) {
				u := s.live()
				_ = unstructured.SetNestedField(u.Object, int64(5), "spec", "replicas")
				s.write(u, cluster.FieldManager)
			}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			source := newFieldServer(t)
			if err := tc.tool(source, release1); err != nil {
				t.Fatal(err)
			}
			if tc.also != nil {
				tc.also(source)
			}
			target := move(t, source, tc.k, tc.between)
			if before := strings.Join(target.managers(), ","); strings.Contains(before, cluster.FieldManager) {
				t.Errorf("%s: the managers are %s", tc.reason, before)
			}
			err := tc.tool(target, release2)
			if tc.conflict != "" {
				if err == nil || !strings.Contains(err.Error(), tc.conflict) || strings.Contains(err.Error(), cluster.FieldManager) {
					t.Errorf("%s: got the error %v, want %q", tc.reason, err, tc.conflict)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			if tc.env == nil {
				tc.env = map[string]string{"RELEASE": "2"}
			}
			if diff := cmp.Diff(tc.env, target.env()); diff != "" {
				t.Errorf("%s: the environment (-want +got):\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.managers, target.managers()); diff != "" {
				t.Errorf("%s: the managers (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestNoManagers: an object without managers at the source has none at the target.
func TestNoManagers(t *testing.T) {
	source := newFieldServer(t)
	source.write(manifest(t, release1), "x")
	u := source.live()
	u.SetManagedFields([]metav1.ManagedFieldsEntry{{}})
	source.write(u, "x")
	if got := move(t, source, nil, nil).managers(); len(got) > 0 {
		t.Errorf("the managers are %v, want none", got)
	}
}

// TestRestoredManagers: after a roll back the next release is applied at the source as if nothing had
// been.
func TestRestoredManagers(t *testing.T) {
	for name, apply := range map[string]tool{"ServerSide": serverSide("pipeline"),
		"ClientSide": clientSide("kubectl-client-side-apply"), "Helm3": helm3} {
		t.Run(name, func(t *testing.T) {
			source := newFieldServer(t)
			if err := apply(source, release1); err != nil {
				t.Fatal(err)
			}
			before := source.managers()
			p := application.Make(application.Input{Engine: "e", SourceNamespace: "shop", TargetNamespace: "shop",
				Application: api.Application{Selector: &metav1.LabelSelector{}}, Objects: []unstructured.Unstructured{*source.live()}})
			for _, step := range []changeFunc{quiesceStep, restored,
				func(u *unstructured.Unstructured, _ lineage.Actor, _ *lineage.Ledger) (*unstructured.Unstructured, error) {
					return handedBack(p.Objects[0], u)
				}} {
				next, err := step(source.live(), us, nil)
				if err != nil || next == nil {
					t.Fatalf("nothing to write: %v", err)
				}
				source.write(next, cluster.FieldManager)
			}
			if diff := cmp.Diff(before, source.managers()); diff != "" {
				t.Errorf("the managers (-want +got):\n%s", diff)
			}
			if err := apply(source, strings.Replace(release2, "replicas: 1", "replicas: 3", 1)); err != nil {
				t.Error(err)
			}
			if got := workload.Replicas(source.live()); got != 3 {
				t.Errorf("replicas %d, want 3", got)
			}
		})
	}
}
