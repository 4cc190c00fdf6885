package movepair

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

const theBlockers = "ConfigMap/x: NameConflict: it is there (and 1 more)"

// acceptedOf sets Accepted as the status does.
func acceptedOf(s *state) func(*hooks.Conditions) {
	return func(c *hooks.Conditions) { check.Accepted(c, s.problem) }
}

func TestAccepted(t *testing.T) {
	if got := saidBy(given(mistaken), acceptedOf(given(mistaken)), api.ConditionAccepted); got != "False R: m" {
		t.Errorf("with a mistake: %s", got)
	}
	if got := saidBy(given(), acceptedOf(given()), api.ConditionAccepted); got != "True Accepted: the spec can be worked on" {
		t.Errorf("without one: %s", got)
	}
}

func TestConnected(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"First":   {"it is not known yet", nil, "Unknown Pending: no plan has reached both endpoints yet"},
		"Planned": {"the plan has been there", []func(*state){planned}, "True Succeeded: both endpoints were reached"},
		"Blocked": {"so it has with blockers", []func(*state){attempt(task.VerbPlan, jobs.Succeeded, with(&api.PlanStatus{
			Blockers: []api.Blocker{{Reason: api.ReasonNameConflict}}}))}, "True Succeeded: both endpoints were reached"},
		"Gone": {"it has been there, and its Job is gone", []func(*state){was(api.ConditionPlanned)},
			"True Succeeded: both endpoints were reached"},
		"Failed": {"how far it came is not known", []func(*state){failed(task.VerbPlan, "x", time.Second)},
			"Unknown Pending: no plan has reached both endpoints yet"},
		"Unreachable": {"it has come to one of them at most",
			[]func(*state){failed(task.VerbPlan, api.ReasonEndpointUnreachable, time.Second)}, "False EndpointUnreachable: because"},
		"LookLost":       {"a look has not", []func(*state){planned, opened, lost(time.Second)}, "False EndpointUnreachable: no answer"},
		"LostAfterwards": {"so it is after a switch", []func(*state){committed, lost(time.Second)}, "False EndpointUnreachable: no answer"},
		"NoLook": {"there was none for long", []func(*state){attempt(task.VerbPlan, jobs.Succeeded, with(aPlan), ago(2*time.Hour)),
			attempt(task.VerbOpen, jobs.Succeeded, ago(time.Hour))},
			"Unknown Pending: the endpoints were reached at 2026-11-21T07:00:00Z, and not looked at since: watch comes once in 10m0s, " +
				"unless its Jobs are refused (kubectl -n home describe resourcequota) or KubeMove was not running"},
		"LostSince": {"the channel has not", []func(*state){planned, failed(task.VerbOpen, api.ReasonEndpointUnreachable, time.Second)},
			"False EndpointUnreachable: because"},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			if d := cmp.Diff(c.want, saidBy(s, s.connected, api.ConditionConnected)); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

func TestPlanned(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"First":   {"it is about to be made", nil, "Unknown Planning: the plan is being made"},
		"Planned": {"what it is about", []func(*state){planned}, "True Planned: plan plan-1: 3 objects, 3 volumes"},
		"Blocked": {"the first one, and how many", []func(*state){blockedBy}, "False Blocked: " + theBlockers},
		"Failed":  {"why", []func(*state){failed(task.VerbPlan, "x", time.Second)}, "False x: because"},
		"FailedAnew": {"the blockers are of the plan before", []func(*state){blockedBy, failed(task.VerbPlan, "x", time.Second)},
			"False x: because"},
		"Nameless":  {"a failure without a reason has one", []func(*state){failed(task.VerbPlan, "", time.Second)}, "False Failed: because"},
		"Mistake":   {"no plan is made", []func(*state){mistaken}, "False R: m"},
		"Suspended": {"no plan is made", []func(*state){suspended}, "Unknown Suspended: spec.suspend is set"},
		"Running": {"it goes on though suspended", []func(*state){attempt(task.VerbPlan, jobs.Running), suspended},
			"Unknown Planning: the plan is being made"},
		"Gone": {"it was made, and its Job is gone", []func(*state){was(api.ConditionPlanned)}, "True Planned: planned"},
		"Blocker": {"it was made, and has a blocker since",
			[]func(*state){was(api.ConditionPlanned), func(s *state) { s.pair.Status.Plan = blockedPlan }},
			"Unknown Planning: the plan is being made"},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			if d := cmp.Diff(c.want, saidBy(s, s.planned, api.ConditionPlanned)); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

func TestReadyCondition(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"First":   {"the plan comes first", nil, "False Planning: there is no plan for this spec yet"},
		"Planned": {"then the channel", []func(*state){planned}, "False Opening: the mobilizers open the channel"},
		"Active":  {"data can flow", []func(*state){planned, opened}, "True Active: planned without blockers and open"},
		"Complete": {"no data flows any more", []func(*state){planned, opened, committed},
			"True Retired: a switch has used the channel; no data flows any more"},
		"Mistake": {"before what is missing", []func(*state){mistaken}, "False R: m"},
		"Blocked": {"before what is missing", []func(*state){blockedBy}, "False Blocked: " + theBlockers},
		"BlockedKnown": {"the plan was for this spec, and its Job is gone",
			[]func(*state){was(api.ConditionPlanned), func(s *state) { s.pair.Status.Plan = blockedPlan }}, "False Blocked: " + theBlockers},
		"NoDataSync": {"only a DataSync is still to come", []func(*state){planned, opened, func(s *state) { s.there = false }},
			"False Opening: the mobilizers open the channel"},
		"OldPlan": {"blockers of a plan for another spec say nothing of this one",
			[]func(*state){func(s *state) { s.pair.Status.Plan = blockedPlan }}, "False Planning: there is no plan for this spec yet"},
		"Failed":    {"why it does not open", []func(*state){planned, failed(task.VerbOpen, "x", time.Second)}, "False x: because"},
		"Suspended": {"it is not opened", []func(*state){planned, suspended}, "False Suspended: spec.suspend is set"},
		"Lost": {"a look has not reached an endpoint", []func(*state){planned, opened, lost(time.Second)},
			"False EndpointUnreachable: no answer"},
		"LostAfterwards": {"no data is to flow any more", []func(*state){committed, lost(time.Second)},
			"True Retired: a switch has used the channel; no data flows any more"},
		"Opening": {"that goes on though suspended", []func(*state){planned, attempt(task.VerbOpen, jobs.Running), suspended},
			"False Opening: the mobilizers open the channel"},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			if d := cmp.Diff(c.want, saidBy(s, s.readyCondition, api.ConditionReady)); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

func TestBlockersText(t *testing.T) {
	for _, c := range []struct {
		list []api.Blocker
		want string
	}{
		{nil, ""},
		{blockedPlan.Blockers, theBlockers},
		{blockedPlan.Blockers[1:], "EndpointUnreachable: no answer"},
	} {
		if got := blockersText(c.list); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestStall(t *testing.T) {
	stuck := func(step task.Verb) func(s *state) {
		return attempt(step, jobs.Failed, func(a *jobs.Attempt) {
			a.Finished, a.Result = now.Add(-time.Second), task.Result{Reason: "x", Message: "because", Retry: task.RetryLater}
		})
	}
	blockedNow := attempt(task.VerbPlan, jobs.Succeeded, with(blockedPlan), justNow)
	missing := []runtime.Object{&batchv1.Job{TypeMeta: hooks.KindJob.TypeMeta(), ObjectMeta: metav1.ObjectMeta{Name: "j"}}}
	const moving = "False Progressing: nothing waits for a person"
	for name, c := range map[string]struct {
		reason   string
		given    []func(s *state)
		children []runtime.Object
		want     string
	}{
		"First": {reason: "nothing has failed", want: moving},
		"Failed": {reason: "why", given: []func(*state){stuck(task.VerbPlan)},
			want: "True x: because: kubectl -n home describe job plan-job"},
		"FailedOpen": {reason: "why", given: []func(*state){planned, stuck(task.VerbOpen)},
			want: "True x: because: kubectl -n home describe job open-job"},
		"AboutToTry": {reason: "it has not helped so far",
			given: []func(*state){failed(task.VerbPlan, "x", time.Hour), failed(task.VerbPlan, "x", time.Hour),
				failed(task.VerbPlan, "x", time.Hour)},
			want: "True x: because: kubectl -n home describe job plan-job"},
		"Blocked": {reason: "with the command that lists them", given: []func(*state){blockedNow},
			want: "True Blocked: " + theBlockers + ": kubectl -n home get movepair shop-a -o jsonpath='{.status.plan.blockers}'"},
		"FailedAnew": {reason: "the blockers are of the plan before", given: []func(*state){blockedBy, stuck(task.VerbPlan)},
			want: "True x: because: kubectl -n home describe job plan-job"},
		"NoPod": {reason: "its Job does not get one",
			given: []func(*state){attempt(task.VerbPlan, jobs.Running, func(a *jobs.Attempt) { a.Status = nil })},
			want: "True PodNotCreated: Job plan-job has no Pod. Likely: a quota or an admission policy refuses it, or its " +
				"ServiceAccount is missing: kubectl -n home describe job plan-job"},
		"Mistake": {reason: "what was tried before is past", given: []func(*state){stuck(task.VerbPlan), mistaken}, want: moving},
		"Busy":    {reason: "the switch tells", given: []func(*state){stuck(task.VerbPlan), busy}, want: moving},
		"Missing": {reason: "a child does not appear", children: missing, want: "Unknown ChildNotObserved: Job j is being created"},
		"Worse": {reason: "what a person has to do comes first", given: []func(*state){stuck(task.VerbPlan)}, children: missing,
			want: "True x: because: kubectl -n home describe job plan-job"},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			got := s.stall(c.children, hooks.NewConditions(nil, 2, now))
			if d := cmp.Diff(c.want, string(got.Status)+" "+got.Reason+": "+got.Message); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
	long := given(attempt(task.VerbPlan, jobs.Succeeded, justNow,
		with(&api.PlanStatus{Blockers: []api.Blocker{{Message: strings.Repeat("x", 2000)}}})))
	if got := long.stall(nil, hooks.NewConditions(nil, 2, now)).Message; len(got) > task.MaxMessage || !strings.HasSuffix(got, "blockers}'") {
		t.Errorf("a long blocker leaves no room for the command: %d bytes, %s", len(got), got)
	}
}
