package moveswitch

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// The pair is looked at again while the switch waits for it; rarely for what a person has to fix.
func TestAwaitsPair(t *testing.T) {
	noPair := func(s *state) { s.pair = nil }
	aged := func(d time.Duration) func(s *state) {
		return func(s *state) { s.sw.CreationTimestamp = metav1.NewTime(now.Add(-d)) }
	}
	noPlan := func(s *state) { s.pair.Status = api.MovePairStatus{} }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   time.Duration
	}{
		"NoPair":   {"it comes soon", []func(*state){noPair}, hooks.RelatedRecheck},
		"Planning": {"it is planned soon", []func(*state){noPlan}, hooks.RelatedRecheck},
		"Blocked":  {"a person has to fix that", []func(*state){blocked}, hooks.RelatedRecheckLong},
		"Patient":  {"as it has waited for a while", []func(*state){noPair, aged(2 * time.Minute)}, 30 * time.Second},
		"Long":     {"a thousand of them must not be in the way", []func(*state){noPlan, aged(24 * time.Hour)}, 5 * time.Minute},
		"Changed": {"something has changed at the pair", []func(*state){noPlan, aged(24 * time.Hour), func(s *state) {
			s.pair.Status.Conditions = []metav1.Condition{{Type: api.ConditionReady, LastTransitionTime: earlier}}
		}}, 15 * time.Second},
		"Approval": {"the switch itself is changed by that", nil, 0},
		"Runs":     {"it does not wait", []func(*state){approved, cutover(jobs.Running), noPair}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			if got := s.awaits(decided(t, s)); got != c.want {
				t.Errorf("%s: got %s, want %s", c.reason, got, c.want)
			}
		})
	}
}

func TestSync(t *testing.T) {
	d, err := given(approved).sync()
	if err != nil || listed(d.Children) != "new cutover 1" || d.ResyncAfter != time.Minute || d.Finalized {
		t.Errorf("it begins: %s, again after %s, %t, %v", listed(d.Children), d.ResyncAfter, d.Finalized, err)
	}
	d, err = given(func(s *state) { s.pair = nil }).sync()
	if err != nil || d.ResyncAfter != hooks.RelatedRecheck {
		t.Errorf("it waits for the pair: again after %s, %v", d.ResyncAfter, err)
	}
	d, err = given(deleted(0)).sync()
	if err != nil || !d.Finalized {
		t.Errorf("nothing has begun: %t, %v", d.Finalized, err)
	}
	d, err = given(approved, cutover(jobs.Failed, stopped), rollback(jobs.Running), deleted(9*time.Minute+50*time.Second)).sync()
	if err != nil || d.Finalized || d.ResyncAfter != 10*time.Second {
		t.Errorf("it is given up soon: %t, again after %s, %v", d.Finalized, d.ResyncAfter, err)
	}
}
