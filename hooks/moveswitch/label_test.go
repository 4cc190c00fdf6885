package moveswitch

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/observed"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// TestLabel: a switch that its pair does not find begins nothing and says what to do; one that has begun goes on.
func TestLabel(t *testing.T) {
	const label = "kubemove.io/pair-name"
	const missing = "the label " + label +
		" is not 5402d12940530e52, by which MovePair shop-a and its objects find each other, so nothing begins: " +
		"kubectl -n home label moveswitch shop-a --overwrite " + label + "=5402d12940530e52"
	const misnamed = "this MoveSwitch does not see MovePair shop-a, as it has another name: make one that is named shop-a, and delete this one"
	unlabelled := func(s *state) { s.sw.Labels = nil }
	for name, c := range map[string]struct {
		reason                     string
		given                      []func(s *state)
		children, accepted, stalls string
	}{
		"Labelled": {"the usual", []func(*state){approved}, "new cutover 1", "True Accepted: the spec can be worked on",
			"Unknown ChildNotObserved"},
		"None": {"it was made by hand", []func(*state){approved, unlabelled}, "", "False LabelMissing: " + missing, "True LabelMissing"},
		"Other": {"its pair is another one", []func(*state){approved, func(s *state) { s.sw.Labels[label] = "x" }}, "",
			"False LabelMissing: " + missing, "True LabelMissing"},
		"Misnamed": {"it is older than the rule for names", []func(*state){approved, func(s *state) { s.sw.Name = "mine" }}, "",
			"False InvalidSpec: " + misnamed, "True InvalidSpec"},
		"Running": {"it was begun before there was a label", []func(*state){approved, cutover(jobs.Running, stopped), unlabelled}, "cutover-1",
			"False LabelMissing: " + missing, "Unknown PodNotCreated"},
		"RollBack": {"so is a roll back", []func(*state){approved, cutover(jobs.Failed, stopped), unlabelled}, "cutover-1, new rollback 1",
			"False LabelMissing: " + missing, "Unknown ChildNotObserved"},
	} {
		t.Run(name, func(t *testing.T) {
			g := given(c.given...)
			g.sw.TypeMeta, g.pair.TypeMeta = hooks.KindMoveSwitch.TypeMeta(), hooks.KindMovePair.TypeMeta()
			s, err := observe(hooks.View{Parent: observed.Object(t, g.sw), Related: observed.Objects(t, g.pair)}, g.config, now)
			if err != nil {
				t.Fatal(err)
			}
			s.attempts, s.config = g.attempts, g.config
			s.facts = s.gather()
			d, err := s.sync()
			if err != nil {
				t.Fatal(err)
			}
			list := d.Status.(api.MoveSwitchStatus).Conditions
			if got := listed(d.Children); got != c.children {
				t.Errorf("%s: desires %q, want %q", c.reason, got, c.children)
			}
			if got := said(list, api.ConditionAccepted); got != c.accepted {
				t.Errorf("%s: Accepted is %s, want %s", c.reason, got, c.accepted)
			}
			if got := short(list, api.ConditionStalled); got != c.stalls {
				t.Errorf("%s: Stalled is %s, want %s", c.reason, got, c.stalls)
			}
		})
	}
}

// short is what a condition says, and why.
func short(list []metav1.Condition, kind string) string {
	for _, x := range list {
		if x.Type == kind {
			return string(x.Status) + " " + x.Reason
		}
	}
	return "nothing"
}

// TestMisnamedRolledBack: a roll back whose Job cannot be made calls a person.
func TestMisnamedRolledBack(t *testing.T) {
	s := given(approved, cutover(jobs.Failed, stopped), func(s *state) {
		s.pair = nil
		s.problem = &config.Problem{Reason: api.ReasonInvalidSpec, Message: "the name"}
	})
	d, err := s.sync()
	if err != nil {
		t.Fatal(err)
	}
	if got := said(d.Status.(api.MoveSwitchStatus).Conditions, api.ConditionStalled); got != "True InvalidSpec: the name" {
		t.Errorf("Stalled is %s", got)
	}
}
