package moveengine

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
)

// names of the children, in their order, with a sign of those that are suspended.
func names(s *state) string {
	var list []string
	for _, c := range s.children() {
		if ns := c.(metav1.Object).GetNamespace(); ns != "home" {
			list = append(list, "in "+ns)
		}
		switch x := c.(type) {
		case *api.MovePair:
			list = append(list, short(x)+" "+x.Name+suspended(x.Spec.Suspend))
		case *api.MoveSwitch:
			list = append(list, short(x)+" "+x.Name+" of "+x.Spec.PairRef.Name+suspended(x.Spec.Suspend))
		}
	}
	return strings.Join(list, ", ")
}

// short is a kind as the tables call it.
func short(o runtime.Object) string {
	gvk := o.GetObjectKind().GroupVersionKind()
	return map[string]string{
		"kubemove.io/v1alpha1 MovePair": "pair", "kubemove.io/v1alpha1 MoveSwitch": "switch"}[gvk.GroupVersion().String()+" "+gvk.Kind]
}

func suspended(is bool) string {
	if is {
		return " (suspended)"
	}
	return ""
}

func TestChildren(t *testing.T) {
	begun := func(s *state) { says(&s.sw.Status.Conditions, api.ConditionSwitched, "False", api.ReasonRunning) }
	done := func(s *state) { says(&s.engine.Status.Conditions, api.ConditionSwitched, "True", api.ReasonSucceeded) }
	removed := func(s *state) {
		s.engine.Spec.Targets = s.engine.Spec.Targets[1:]
		s.target = "b"
	}
	for name, c := range map[string]struct {
		reason string
		change func(s *state)
		want   string
	}{
		"Targets": {"a pair each, and one switch", nil, "pair shop-a, pair shop-b, switch shop-a of shop-a"},
		"First": {"nothing is there yet", func(s *state) { s.pairs, s.switches, s.pair, s.sw = nil, nil, nil, nil },
			"pair shop-a, pair shop-b, switch shop-a of shop-a"},
		"Suspended": {"it goes to all", func(s *state) { s.engine.Spec.Suspend = true },
			"pair shop-a (suspended), pair shop-b (suspended), switch shop-a of shop-a (suspended)"},
		"Mistake": {"with a mistake in the spec all stays as it is", func(s *state) {
			s.problem = &config.Problem{}
			s.engine.Spec.Targets = nil
		}, "pair shop-a, pair shop-b, switch shop-a of shop-a"},
		"Removed": {"a target that is gone has no pair", func(s *state) {
			removed(s)
			s.sw = nil
		}, "pair shop-b, switch shop-b of shop-b"},
		"RemovedWithPolicy": {"it gets the policy of the same edit before it goes", func(s *state) {
			removed(s)
			s.sw = nil
			s.engine.Spec.DeletionPolicy = api.DeletionDelete
		}, "pair shop-b, pair shop-a, switch shop-b of shop-b"},
		"RemovedGoing": {"it has that policy", func(s *state) {
			removed(s)
			s.sw = nil
			s.engine.Spec.DeletionPolicy, s.pair.Spec.DeletionPolicy = api.DeletionDelete, api.DeletionDelete
		}, "pair shop-b, switch shop-b of shop-b"},
		"RemovedWhileBegun": {"its switch needs the pair", func(s *state) {
			removed(s)
			begun(s)
			s.pairs = append(s.pairs, pair("shop-older", "older"))
		}, "pair shop-b, pair shop-a, switch shop-a of shop-a"},
		"BegunOfTarget": {"the pair of a target is not there twice", begun, "pair shop-a, pair shop-b, switch shop-a of shop-a"},
		"Switched": {"nothing is planned for the other target any more", done,
			"pair shop-a, pair shop-b (suspended), switch shop-a of shop-a"},
		"SwitchDeleted": {"there is no second one after the switch", func(s *state) {
			done(s)
			s.sw = nil
		}, "pair shop-a, pair shop-b (suspended)"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, names(given(c.change))); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

// The children get what the engine says, and nothing that belongs to the operator.
func TestChildSpecs(t *testing.T) {
	s := given(func(s *state) {
		s.engine.Spec.Source = &api.Endpoint{Namespace: "source"}
		s.engine.Spec.PlanInterval, s.engine.Spec.DeletionPolicy = "2h", api.DeletionDelete
		s.engine.Spec.Application.Contents = api.ContentsData
		s.engine.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "restic"}}
		s.pair.Spec.PlanRequest, s.sw.Spec.ApprovedPlan = "again", "plan-1"
	})
	want := api.MovePairSpec{Engine: "shop", Source: s.engine.Spec.Source, Target: api.Target{Name: "a"}, PlanInterval: "2h",
		DeletionPolicy: api.DeletionDelete, Application: s.engine.Spec.Application, Data: s.engine.Spec.Data}
	got := s.children()
	if d := cmp.Diff(want, got[0].(*api.MovePair).Spec); d != "" {
		t.Errorf("pair: -want +got\n%s", d)
	}
	if d := cmp.Diff(map[string]string{api.EngineGenerationAnnotation: "3"}, got[0].(*api.MovePair).Annotations); d != "" {
		t.Errorf("the pair tells of which generation it is: -want +got\n%s", d)
	}
	sw := api.MoveSwitchSpec{PairRef: api.LocalReference{Name: "shop-a"}, SwitchPolicy: api.SwitchPolicy{Approval: api.ApprovalAutomatic}}
	if d := cmp.Diff(sw, got[2].(*api.MoveSwitch).Spec); d != "" {
		t.Errorf("switch: -want +got\n%s", d)
	}
}

// What is kept stays as it is, but for what belongs to the operator: that is not the hook's to write.
func TestKept(t *testing.T) {
	s := given(func(s *state) {
		s.problem = &config.Problem{}
		s.pair.Spec.Engine, s.pair.Spec.PlanRequest = "shop", "again"
		s.pair.Annotations = map[string]string{api.EngineGenerationAnnotation: "2", "else": "x"}
		s.sw.Spec.Suspend, s.sw.Spec.Desired, s.sw.Spec.ApprovedPlan, s.sw.Spec.Retry = true, api.DesiredCancelled, "plan-1", "1"
	})
	got := s.children()
	p, m := got[0].(*api.MovePair), got[2].(*api.MoveSwitch)
	if d := cmp.Diff(api.MovePairSpec{Engine: "shop", Target: api.Target{Name: "a"}}, p.Spec); d != "" {
		t.Errorf("pair: -want +got\n%s", d)
	}
	if d := cmp.Diff(map[string]string{api.EngineGenerationAnnotation: "2"}, p.Annotations); d != "" {
		t.Errorf("annotations of the pair: -want +got\n%s", d)
	}
	if d := cmp.Diff(api.MoveSwitchSpec{PairRef: api.LocalReference{Name: "shop-a"}, Suspend: true}, m.Spec); d != "" {
		t.Errorf("switch: -want +got\n%s", d)
	}
	if other := got[1].(*api.MovePair); other.Annotations != nil {
		t.Errorf("a pair without a generation gets none: %v", other.Annotations)
	}
	if s.pair.Spec.PlanRequest != "again" || s.sw.Spec.Retry != "1" {
		t.Error("what was observed was changed")
	}
}

func TestUnmerged(t *testing.T) {
	secret, settings := api.ExcludedObject{Kind: "Secret", Name: "web"}, api.ExcludedObject{Kind: "ConfigMap", Name: "web"}
	other, all := api.ExcludedObject{Kind: "Secret", Name: "else"}, api.ExcludedObject{Kind: "ConfigMap"}
	own := api.ExcludedObject{Group: api.GroupVersion.Group, Kind: "MovePair"}
	for name, c := range map[string]struct {
		reason     string
		list, want []api.ExcludedObject
	}{
		"One": {"there is nothing to be merged", []api.ExcludedObject{secret}, []api.ExcludedObject{secret}},
		"Twice": {"two of one name are kept apart by an entry without a name", []api.ExcludedObject{secret, settings, other},
			[]api.ExcludedObject{secret, settings, other, own}},
		"Already": {"there is such an entry", []api.ExcludedObject{secret, settings, all}, []api.ExcludedObject{secret, settings, all}},
	} {
		t.Run(name, func(t *testing.T) {
			before := append([]api.ExcludedObject{}, c.list...)
			got := unmerged(api.Application{Exclude: c.list})
			if d := cmp.Diff(c.want, got.Exclude); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
			if d := cmp.Diff(before, c.list); d != "" {
				t.Errorf("the list of the engine was changed:\n%s", d)
			}
		})
	}
}

// A merge by name keeps the old mobilizers in their order: another order takes two steps.
func TestReordered(t *testing.T) {
	list := func(text string) (out []api.Mobilizer) {
		for _, n := range strings.Fields(text) {
			out = append(out, api.Mobilizer{Name: n})
		}
		return out
	}
	for name, c := range map[string]struct{ reason, old, desired, want string }{
		"Same":    {"nothing changes", "a b", "a b", "a b"},
		"Added":   {"a new one is appended anyway", "a", "a b", "a b"},
		"Removed": {"the others keep their order", "a b c", "a c", "a c"},
		"Swapped": {"the merge would leave the old order", "a b", "b a", "b (suspended)"},
		"Before":  {"the merge would append the new one", "a", "b a", "b (suspended)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(func(s *state) {
				s.pair.Spec.Data.Mobilizers = list(c.old)
				s.pairs[1].Spec.Data.Mobilizers = list("b a") // It is the matter of the other pair.
				s.engine.Spec.Data.Mobilizers = list(c.desired)
				s.engine.Spec.Data.Claims = []api.ClaimData{{Name: "data", Mobilizer: "a"}}
			})
			p := s.movePair(s.engine.Spec.Targets[0])
			var got []string
			for _, m := range p.Spec.Data.Mobilizers {
				got = append(got, m.Name)
			}
			if d := cmp.Diff(c.want, strings.Join(got, " ")+suspended(p.Spec.Suspend)); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
			// A step on the way is no generation of the engine, and its claims may name a mobilizer that it has not.
			if _, told := p.Annotations[api.EngineGenerationAnnotation]; told == p.Spec.Suspend || (p.Spec.Data.Claims == nil) != p.Spec.Suspend {
				t.Errorf("%s: annotations %v, claims %v", c.reason, p.Annotations, p.Spec.Data.Claims)
			}
			if len(s.engine.Spec.Data.Mobilizers) != len(list(c.desired)) {
				t.Error("the engine was changed")
			}
		})
	}
}

func TestChildName(t *testing.T) {
	s := &state{engine: &api.MoveEngine{ObjectMeta: metav1.ObjectMeta{Name: strings.Repeat("n", 250)}}}
	if got := s.childName("target"); len(got) != 253 || !strings.HasSuffix(got, "-ta") {
		t.Errorf("a name of %d bytes, want the first 253: %s", len(got), got)
	}
}
