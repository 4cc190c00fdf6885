package render

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/installation"
)

var now = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

func object(t *testing.T, text string) unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var o unstructured.Unstructured
	if err := o.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return o
}

func input(t *testing.T, parent string, observed ...string) Input {
	t.Helper()
	wanted, err := installation.Build(nil)
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Parent: object(t, parent), Now: now, Definitions: installation.Of(wanted, installation.Definition),
		Config: config.Config{TaskImage: "task:v1",
			Mobilizers: map[string]config.Mobilizer{"restic": {Metadata: config.Metadata{Name: "restic"}}}}}
	for _, o := range observed {
		in.Observed = append(in.Observed, object(t, o))
	}
	return in
}

const engine = `
apiVersion: kubemove.io/v1alpha1
kind: MoveEngine
metadata: {name: shop, namespace: shop}
spec:
  mode: Offline
  targets: [{name: dst, namespace: shop, cluster: {kubeconfigSecretRef: {name: dst}}}]
`

// accepted is the condition of that name.
func accepted(a Answer) (status, reason string) {
	conditions, _, _ := unstructured.NestedSlice(a.Parent, "status", "conditions")
	for _, c := range conditions {
		if c := c.(map[string]any); c["type"] == "Accepted" {
			return c["status"].(string), c["reason"].(string)
		}
	}
	return "", ""
}

// TestEngine: one that was not applied yet gets the children that it would get in a cluster.
func TestEngine(t *testing.T) {
	t.Parallel()
	a, err := Render(t.Context(), input(t, engine))
	if err != nil {
		t.Fatal(err)
	}
	if status, reason := accepted(a); status != "True" || reason != "Accepted" {
		t.Errorf("it is accepted: %s %s", status, reason)
	}
	var names []string
	for _, c := range a.Children {
		o := unstructured.Unstructured{Object: c}
		names = append(names, o.GetKind()+"/"+o.GetName())
	}
	if diff := cmp.Diff([]string{"MovePair/shop-dst", "MoveSwitch/shop-dst"}, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// A default of the kind.
	if policy, _, _ := unstructured.NestedString(a.Parent, "spec", "deletionPolicy"); policy != "Retain" {
		t.Errorf("the deletion policy is %q, expected the default", policy)
	}
}

// TestObserved: what is observed of the parent counts, and its spec is that of the file.
func TestObserved(t *testing.T) {
	t.Parallel()
	const observed = `
apiVersion: kubemove.io/v1alpha1
kind: MoveEngine
metadata: {name: shop, namespace: shop, uid: uid-1, generation: 3, creationTimestamp: "2026-11-20T08:00:00Z"}
spec: {mode: Offline}
`
	in := input(t, engine, observed)
	a, err := Render(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	p := unstructured.Unstructured{Object: a.Parent}
	if p.GetUID() != "uid-1" || p.GetGeneration() != 4 {
		t.Errorf("the parent has the UID %s and the generation %d", p.GetUID(), p.GetGeneration())
	}
	if generation, _, _ := unstructured.NestedInt64(a.Parent, "status", "observedGeneration"); generation != 4 {
		t.Errorf("the status is of generation %d", generation)
	}
	if diff := cmp.Diff(int64(3), in.Observed[0].GetGeneration()); diff != "" {
		t.Errorf("what is observed was changed: -want +got:\n%s", diff)
	}
}

// TestPair: a pair of a user waits for its plan, and gets its accounts.
func TestPair(t *testing.T) {
	t.Parallel()
	a, err := Render(t.Context(), input(t, engine))
	if err != nil {
		t.Fatal(err)
	}
	in := input(t, engine)
	in.Parent = unstructured.Unstructured{Object: a.Children[0]}
	pair, err := Render(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, c := range pair.Children {
		kinds[c["kind"].(string)]++
	}
	if kinds["ServiceAccount"] != 2 || kinds["RoleBinding"] != 2 || kinds["Job"] == 0 {
		t.Errorf("the children are %v", kinds)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	in := input(t, engine)
	in.Config.Mobilizers = nil
	a, err := Render(t.Context(), in)
	if status, reason := accepted(a); err != nil || status != "False" || reason != "UnknownMobilizer" {
		t.Errorf("without a mobilizer: %s %s %v", status, reason, err)
	}
	for name, text := range map[string]string{
		"Kind":    "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
		"Version": "{apiVersion: kubemove.io/v9, kind: MoveEngine, metadata: {name: a}}",
		"NoName":  "{apiVersion: kubemove.io/v1alpha1, kind: MoveEngine}",
	} {
		if _, err := Render(t.Context(), input(t, text)); fault.Code(err) != fault.Usage {
			t.Errorf("%s: got %v, expected an error of the input", name, err)
		}
	}
}
