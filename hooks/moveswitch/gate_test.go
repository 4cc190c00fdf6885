package moveswitch

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
)

func TestGate(t *testing.T) {
	suspended := func(s *state) { s.sw.Spec.Suspend = true }
	noPair := func(s *state) { s.pair = nil }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"Open":      {"the pair is ready, and the plan approved", []func(*state){approved}, "open"},
		"Suspended": {"before all else", []func(*state){suspended, noPair}, "Suspended: spec.suspend is set"},
		"NoPair":    {"before the approval", []func(*state){noPair}, "NotReady: MovePair shop-a is not there"},
		"PairDeleted": {"it goes", []func(*state){approved, func(s *state) { s.pair.DeletionTimestamp = &earlier }},
			"NotReady: MovePair shop-a is being deleted"},
		"PairNew": {"it says nothing yet", []func(*state){approved, func(s *state) { s.pair.Status.Conditions = nil }},
			"NotReady: MovePair shop-a is being planned"},
		"PairChanged": {"what it says is about an older spec", []func(*state){approved, func(s *state) { s.pair.Generation++ }},
			"NotReady: MovePair shop-a is being planned"},
		"PairBlocked": {"what it says", []func(*state){approved, blocked}, "NotReady: MovePair shop-a: blocked"},
		"Channel": {"no data can flow", []func(*state){approved, func(s *state) { s.pair.Status.Channel = api.ChannelComplete }},
			"NotReady: MovePair shop-a: "},
		"Waiting": {"only the approval is missing", nil,
			"WaitingForApproval: read plan plan-1, then approve it: " + approveCommand("plan-1")},
	} {
		t.Run(name, func(t *testing.T) {
			g := given(c.given...).gate()
			got := g.reason + ": " + g.message
			if g.open {
				got = "open"
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

func approveCommand(hash string) string {
	return `kubectl -n home patch moveswitch shop-a --type=merge -p '{"spec":{"approvedPlan":"` + hash + `"}}'`
}

func TestApprove(t *testing.T) {
	newPlan := func(warnings ...string) func(s *state) {
		return func(s *state) {
			s.pair.Status.Plan = &api.PlanStatus{Hash: "plan-2", Warnings: warnings, MadeAt: &metav1.Time{Time: now.Add(time.Hour)}}
		}
	}
	found := cutover(jobs.Declined, otherPlan)
	other := func(s *state) { s.sw.Spec.ApprovedPlan = "plan-0" }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		ok     bool
		want   string
	}{
		"Automatic": {"no approval is needed", []func(*state){automatic}, true, "Approved: approval is Automatic"},
		"NoPlan": {"there is nothing to be read", []func(*state){approved, func(s *state) { s.pair.Status.Plan = nil }}, false,
			"NotReady: there is no plan to approve yet"},
		"Blocked": {"an approval would be in vain", []func(*state){approved, blocked}, false,
			"Blocked: plan plan-1 has blockers, so there is nothing to approve yet; the first: NameConflict: it is there"},
		"Approved": {"the plan that there is", []func(*state){approved}, true, "Approved: plan plan-1 is approved"},
		"Waiting":  {"with the command", nil, false, "WaitingForApproval: read plan plan-1, then approve it: " + approveCommand("plan-1")},
		"Changed": {"another plan was approved", []func(*state){approved, newPlan()}, false,
			"PlanChanged: plan plan-1 was approved, but the plan is now plan-2: read it, then approve it: " + approveCommand("plan-2")},
		"Found": {"a cutover has found the other plan, and says what", []func(*state){approved, found}, false,
			"PlanChanged: it has changed: " + approveCommand("plan-2")},
		"Warned": {"the newer plan says what has changed", []func(*state){approved, newPlan("x", api.ChangedSince+"plan-1: the image")}, false,
			"PlanChanged: the application has changed since plan plan-1 was approved (the image): " +
				"read the new plan and approve plan-2: " + approveCommand("plan-2")},
		"WarnedOfOther": {"not since the one that was approved", []func(*state){other, newPlan(api.ChangedSince + "plan-1: the image")}, false,
			"PlanChanged: plan plan-0 was approved, but the plan is now plan-2: read it, then approve it: " + approveCommand("plan-2")},
		"FoundByOther": {"what it says is of the plan that it was bound to", []func(*state){approved, found, other}, false,
			"PlanChanged: plan plan-0 was approved, but the plan is now plan-2: read it, then approve it: " + approveCommand("plan-2")},
		"FoundPairGone": {"the pair is out of sight",
			[]func(*state){approved, func(s *state) { s.pair, s.sw.Status.PlanHash = nil, "plan-2" }}, false,
			"PlanChanged: plan plan-1 was approved, but the plan is now plan-2: read it, then approve it: " + approveCommand("plan-2")},
	} {
		t.Run(name, func(t *testing.T) {
			g := given(c.given...).gate()
			if d := cmp.Diff(c.want, g.approvedReason+": "+g.approvedMessage); d != "" || g.approved != c.ok {
				t.Errorf("%s: approved %t, -want +got\n%s", c.reason, g.approved, d)
			}
		})
	}
}

func TestPlanHash(t *testing.T) {
	known := func(s *state) { s.sw.Status.PlanHash = "known" }
	noPair := func(s *state) { s.pair = nil }
	since := func(s *state) { s.pair.Status.Plan.MadeAt = &metav1.Time{Time: now.Add(time.Minute)} }
	knownFirst := func(s *state) { s.sw.Status.PlanHash = "plan-1" }
	noPlan := func(s *state) { s.pair.Status.Plan = nil }
	third := func(a *jobs.Attempt) {
		otherPlan(a)
		a.Status.Plan.Hash = "plan-3"
	}
	pinned := func(a *jobs.Attempt) {
		stopped(a)
		a.Status.Switch.PlanHash = "pinned"
	}
	approvedSecond := func(s *state) { s.sw.Spec.ApprovedPlan = "plan-2" }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"Pair":   {"the newest that there is", []func(*state){known}, "plan-1"},
		"NoPair": {"what was known", []func(*state){known, noPair}, "known"},
		"Found": {"a cutover that was bound to it has found another one", []func(*state){approved, cutover(jobs.Declined, otherPlan)},
			"plan-2"},
		"Again": {"and the next one a third",
			[]func(*state){approved, cutover(jobs.Declined, otherPlan), approvedSecond, cutover(jobs.Declined, third)}, "plan-3"},
		"Planned": {"the pair has planned since", []func(*state){approved, cutover(jobs.Declined, otherPlan), since}, "plan-1"},
		"OtherWay": {"it was declined for something else",
			[]func(*state){approved, cutover(jobs.Declined, otherPlan, func(a *jobs.Attempt) { a.Result.Reason = "x" })}, "plan-1"},
		"NoHash": {"it says nothing of a plan",
			[]func(*state){approved, cutover(jobs.Declined, otherPlan, func(a *jobs.Attempt) { a.Status.Plan.Hash = "" })}, "plan-1"},
		"OtherBound": {"it was bound to an older one", []func(*state){approved, cutover(jobs.Declined, otherPlan),
			func(s *state) { s.pair.Status.Plan.Hash = "plan-5" }}, "plan-5"},
		"FoundNoPair": {"the pair is out of sight", []func(*state){approved, cutover(jobs.Declined, otherPlan), noPair, knownFirst}, "plan-2"},
		"FoundNoPlan": {"the pair says nothing of a plan", []func(*state){approved, cutover(jobs.Declined, otherPlan), noPlan, knownFirst},
			"plan-2"},
		"NoPlan": {"it tells of none",
			[]func(*state){approved, cutover(jobs.Declined, otherPlan, func(a *jobs.Attempt) { a.Status.Plan = nil })}, "plan-1"},
		"Failed":     {"it has not found it before its first change", []func(*state){approved, cutover(jobs.Failed, otherPlan)}, "plan-1"},
		"Pinned":     {"what is being carried out", []func(*state){approved, cutover(jobs.Running, pinned)}, "pinned"},
		"RolledBack": {"that was rolled back", []func(*state){approved, cutover(jobs.Failed, pinned), rollback(jobs.Succeeded)}, "plan-1"},
		"Declined": {"it has pinned one, and done nothing",
			[]func(*state){approved, cutover(jobs.Declined, pinned, func(a *jobs.Attempt) { a.Status.Switch.Touched = false })}, "plan-1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(c.given...).planHash(); got != c.want {
				t.Errorf("%s: got %s, want %s", c.reason, got, c.want)
			}
		})
	}
}
