package moveengine

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/observed"
)

// The switch goes first, as it needs the pairs; then the pairs; then the engine.
func TestFinalize(t *testing.T) {
	stalled := func(s *state) { says(&s.sw.Status.Conditions, api.ConditionStalled, "True", "OfSwitch") }
	for name, c := range map[string]struct {
		reason         string
		change         func(s *state)
		children       int
		message, stall string
		gone           bool
	}{
		"Switch": {reason: "the pairs stay until it has ended", children: 2, message: "waits for MoveSwitch shop-a to end", stall: "Progressing"},
		"Pairs": {reason: "nothing is desired any more", change: func(s *state) { s.switches, s.sw = nil, nil },
			message: "the pairs clean up", stall: "Progressing"},
		"Gone": {reason: "nothing is left to wait for", change: func(s *state) { s.switches, s.sw, s.pairs, s.pair = nil, nil, nil, nil },
			message: "the pairs clean up", stall: "Progressing", gone: true},
		"PairsGone": {reason: "the switch is still there", change: func(s *state) { s.pairs, s.pair = nil, nil },
			message: "waits for MoveSwitch shop-a to end", stall: "Progressing"},
		"Stalled": {reason: "what its switch waits for is told", change: stalled, children: 2, message: "waits for MoveSwitch shop-a to end",
			stall: "OfSwitch"},
		"Long": {reason: "it does not give up by itself: its children do", change: func(s *state) {
			s.engine.DeletionTimestamp = &metav1.Time{Time: now.Add(-time.Hour)}
		}, children: 2, message: "waits for MoveSwitch shop-a to end", stall: "Progressing"},
		"Force": {reason: "a person has said that it must go", change: func(s *state) {
			stalled(s)
			s.engine.DeletionTimestamp = &metav1.Time{Time: now.Add(-time.Minute)}
			s.engine.Annotations = map[string]string{api.ForceDeleteAnnotation: "true"}
		}, children: 2, message: "waits for MoveSwitch shop-a to end", stall: api.ReasonCleanupGaveUp, gone: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.change)
			s.view.Finalizing = true
			d := s.finalize()
			st := d.Status.(api.MoveEngineStatus)
			got := []any{len(d.Children), d.Finalized, condition(st, api.ConditionReady).Message, condition(st, api.ConditionStalled).Reason}
			if forced := condition(st, api.ConditionStalled); c.stall == api.ReasonCleanupGaveUp &&
				(forced.Status != "True" || !strings.Contains(forced.Message, "by force")) {
				t.Errorf("%s: it is not told: %+v", c.reason, forced)
			}
			if d := cmp.Diff([]any{c.children, c.gone, c.message, c.stall}, got); d != "" {
				t.Errorf("%s: children, gone, message, stall: -want +got\n%s", c.reason, d)
			}
			for _, o := range d.Children {
				if _, ok := o.(*api.MovePair); !ok {
					t.Errorf("%s: %T is desired", c.reason, o)
				}
			}
		})
	}
}

// What is desired and does not appear is told, but not before what a child itself says.
func TestSyncTellsOfMissing(t *testing.T) {
	s := given(func(s *state) { s.engine.Spec.Suspend = true })
	d := s.sync()
	if c := condition(d.Status.(api.MoveEngineStatus),
		api.ConditionStalled); c.Reason != api.ReasonChildMissing || d.ResyncAfter != time.Minute {
		t.Errorf("got %s, to be looked at again after %s", c.Reason, d.ResyncAfter)
	}
	says(&s.pair.Status.Conditions, api.ConditionStalled, "True", "OfPair")
	if c := condition(s.sync().Status.(api.MoveEngineStatus), api.ConditionStalled); c.Reason != "OfPair" {
		t.Errorf("got %s: %s, want what the pair says", c.Reason, c.Message)
	}
	s.view = hooks.View{Children: observed.Objects(t, d.Children...)}
	s.pair.Status.Conditions = nil
	if c := condition(s.sync().Status.(api.MoveEngineStatus), api.ConditionStalled); c.Status != "False" {
		t.Errorf("got %s: %s, want nothing: all are there", c.Reason, c.Message)
	}
}

func condition(st api.MoveEngineStatus, kind string) metav1.Condition {
	for _, c := range st.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return metav1.Condition{Reason: "there is none"}
}

// TestLastWord: a pair goes with the deletionPolicy that the engine has at its end.
func TestLastWord(t *testing.T) {
	ending := func(s *state) { s.switches, s.sw = nil, nil }
	pairs := func(policies ...api.DeletionPolicy) func(s *state) {
		return func(s *state) {
			for i, p := range policies {
				s.pairs[i].Spec.DeletionPolicy = p
			}
		}
	}
	for name, c := range map[string]struct {
		reason string
		engine api.DeletionPolicy
		given  []func(s *state)
		want   map[string]api.DeletionPolicy
	}{
		"Same":  {"they go at once", api.DeletionDelete, []func(*state){ending, pairs("Delete", "Delete")}, map[string]api.DeletionPolicy{}},
		"Unset": {"no policy is the default", api.DeletionRetain, []func(*state){ending, pairs("", "Retain")}, map[string]api.DeletionPolicy{}},
		"Retain": {"the copies were to be kept at last", api.DeletionRetain, []func(*state){ending, pairs("Delete", "Retain")},
			map[string]api.DeletionPolicy{"shop-a": "Retain"}},
		"Delete": {"the copies were to go at last", api.DeletionDelete, []func(*state){ending, pairs("Retain", "Delete")},
			map[string]api.DeletionPolicy{"shop-a": "Delete"}},
		"Waiting": {"also while a switch ends", api.DeletionRetain, []func(*state){pairs("Delete", "Retain")},
			map[string]api.DeletionPolicy{"shop-a": "Retain", "shop-b": "Retain"}},
		"Going": {"nothing is changed of one that is being deleted", api.DeletionRetain, []func(*state){ending, pairs("Delete", "Retain"),
			func(s *state) { s.pairs[0].DeletionTimestamp = &metav1.Time{Time: now} }}, map[string]api.DeletionPolicy{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(func(s *state) {
				s.engine.Spec.DeletionPolicy = c.engine
				for _, change := range c.given {
					change(s)
				}
			})
			got := map[string]api.DeletionPolicy{}
			for _, o := range s.finalize().Children {
				p := o.(*api.MovePair)
				got[p.Name] = p.Spec.DeletionPolicy
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}
