package application

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
)

const worlds = 200

// everyWorld runs a property over generated namespaces.
func everyWorld(t *testing.T, property func(t *testing.T, w *world)) {
	t.Helper()
	for seed := range uint64(worlds) {
		property(t, generate(seed))
		if t.Failed() {
			t.Fatalf("fails for the seed %d", seed)
		}
	}
}

func encode(t testing.TB, p *Plan) string {
	t.Helper()
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTakesExactlyTheClosure(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		p := Make(w.in)
		if len(p.Blockers) > 0 {
			t.Errorf("blockers: %v", p.Blockers)
		}
		want := w.reached()
		got := map[Ref]bool{}
		for _, o := range p.Objects {
			got[o.Ref] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what moves is not what the members lead to (-want +got):\n%s", diff)
		}
		if len(p.Objects)+len(p.Left) != len(w.in.Objects) {
			t.Errorf("%d objects move and %d do not, of %d", len(p.Objects), len(p.Left), len(w.in.Objects))
		}
	})
}

func TestOrderRespectsReferences(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		place := map[Ref]int{}
		p := Make(w.in)
		for i, o := range p.Objects {
			place[o.Ref] = i
		}
		for _, l := range w.links {
			from, moves := place[l.from]
			if moves && l.first && place[l.to] > from {
				t.Errorf("%s comes before %s, which it needs", l.from, l.to)
			}
		}
	})
}

func TestOrderOfInputDoesNotMatter(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		want := encode(t, Make(w.in))
		w.r.Shuffle(len(w.in.Objects), func(i, j int) { w.in.Objects[i], w.in.Objects[j] = w.in.Objects[j], w.in.Objects[i] })
		slices.Reverse(w.in.Application.Workloads)
		slices.Reverse(w.in.Application.Claims)
		slices.Reverse(w.in.Application.Exclude)
		if diff := cmp.Diff(want, encode(t, Make(w.in))); diff != "" {
			t.Errorf("another order of the input gives another plan:\n%s", diff)
		}
	})
}

func TestOrderOfGoldenInputDoesNotMatter(t *testing.T) {
	for name, in := range inputs(t) {
		want := encode(t, Make(in))
		slices.Reverse(in.Objects)
		slices.Reverse(in.StorageClasses)
		slices.Reverse(in.Application.Workloads)
		slices.Reverse(in.Data.Claims)
		if diff := cmp.Diff(want, encode(t, Make(in))); diff != "" {
			t.Errorf("%s: another order of the input gives another plan:\n%s", name, diff)
		}
	}
}

func TestInputIsNotChanged(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		before := make([]unstructured.Unstructured, len(w.in.Objects))
		for i := range w.in.Objects {
			before[i] = *w.in.Objects[i].DeepCopy()
		}
		Make(w.in)
		if diff := cmp.Diff(before, w.in.Objects); diff != "" {
			t.Errorf("Make has changed its input:\n%s", diff)
		}
	})
}

func TestCleaningIsIdempotent(t *testing.T) {
	check := func(t *testing.T, o *unstructured.Unstructured) {
		once := clean(o)
		if diff := cmp.Diff(once, clean(once)); diff != "" {
			t.Errorf("cleaning %s twice differs from once:\n%s", RefOf(o), diff)
		}
	}
	everyWorld(t, func(t *testing.T, w *world) {
		for i := range w.in.Objects {
			check(t, &w.in.Objects[i])
		}
	})
	for _, in := range inputs(t) {
		for i := range in.Objects {
			check(t, &in.Objects[i])
		}
	}
}

// TestMovedObjectsMoveOn: a plan made of what a plan has created is the same plan.
func TestMovedObjectsMoveOn(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		first := Make(w.in)
		again := w.in
		again.SourceNamespace, again.Objects = "dst", nil
		again.Application = api.Application{}
		for _, m := range w.members {
			again.Application = selecting(again.Application, m)
		}
		for _, o := range first.Objects {
			again.Objects = append(again.Objects, o.Object)
		}
		for made := range w.made {
			o := w.find(made).DeepCopy()
			o.SetNamespace("dst")
			again.Objects = append(again.Objects, *o)
		}
		second := Make(again)
		if diff := cmp.Diff(objectsOf(first), objectsOf(second)); diff != "" {
			t.Errorf("the second move differs from the first:\n%s", diff)
		}
	})
}

func objectsOf(p *Plan) map[string]unstructured.Unstructured {
	out := map[string]unstructured.Unstructured{}
	for _, o := range p.Objects {
		out[string(o.Phase)+" "+o.Ref.String()] = o.Object
	}
	return out
}

// TestHashIgnoresTheStateOfTheCluster: what servers write, and what this switch's quiesce has
// changed, do not make another plan.
func TestHashIgnoresTheStateOfTheCluster(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		want := Make(w.in).Hash()
		for i := range w.in.Objects {
			o := &w.in.Objects[i]
			o.SetResourceVersion("999" + o.GetResourceVersion())
			o.SetGeneration(o.GetGeneration() + 7)
			if RefOf(o).kind() != kindClaim {
				o.Object["status"] = map[string]any{"observedGeneration": int64(3)}
			}
			quiesce(o)
		}
		p := Make(w.in)
		if len(p.Blockers) > 0 {
			t.Errorf("blockers: %v", p.Blockers)
		}
		if got := p.Hash(); got != want {
			t.Errorf("the hash is %s after the quiesce and was %s before", got, want)
		}
	})
}

// quiesce stops a workload as a switch does.
func quiesce(o *unstructured.Unstructured) {
	spec, _ := o.Object["spec"].(map[string]any)
	ledger := lineage.Ledger{Switch: "switch"}
	switch RefOf(o).kind() {
	case kindDeployment, kindStatefulSet:
		replicas := int32(spec["replicas"].(int64))
		ledger.Replicas = &replicas
		spec["replicas"] = int64(0)
	case kindCronJob:
		suspend := spec["suspend"].(bool)
		ledger.Suspend = &suspend
		spec["suspend"] = true
	default:
		return
	}
	annotations := o.GetAnnotations()
	annotations[api.LedgerAnnotation] = ledger.Encode()
	annotations[api.HeldByAnnotation] = "switch"
	o.SetAnnotations(annotations)
}

func TestPlanSurvivesEncoding(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		p := Make(w.in)
		var back Plan
		if err := json.Unmarshal([]byte(encode(t, p)), &back); err != nil {
			t.Fatal(err)
		}
		if p.Hash() != back.Hash() {
			t.Errorf("the hash is %s, and %s after encoding and decoding", p.Hash(), back.Hash())
		}
	})
}
