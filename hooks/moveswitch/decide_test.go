package moveswitch

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// listed are Jobs by name; one that is to be created by its step and attempt.
func listed(children []runtime.Object) string {
	var list []string
	for _, o := range children {
		m := o.(metav1.Object)
		name := m.GetName()
		if step, ok := m.GetLabels()[api.StepLabel]; ok {
			name = "new " + step + " " + m.GetLabels()[api.AttemptLabel]
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}

func TestDecide(t *testing.T) {
	hold := func(s *state) { s.sw.Spec.OnFailure = api.FailureHold }
	suspended := func(s *state) { s.sw.Spec.Suspend = true }
	failed, back := cutover(jobs.Failed, stopped), rollback(jobs.Succeeded)
	running := cutover(jobs.Running, stopped)
	switched := cutover(jobs.Succeeded, done)
	committedOnly := cutover(jobs.Failed, done)
	toBeDeleted := deleted(0)
	noPair := func(s *state) { s.pair = nil }
	knewRunning := status(api.ConditionSwitched, "False", api.ReasonRunning)
	for name, c := range map[string]struct {
		reason   string
		given    []func(s *state)
		phase    phase
		children string
	}{
		"Waits":     {"it is not approved", nil, phaseWaiting, ""},
		"Begins":    {"it is approved", []func(*state){approved}, phaseCutover, "new cutover 1"},
		"Automatic": {"no approval is needed", []func(*state){automatic}, phaseCutover, "new cutover 1"},
		"Suspended": {"it does not begin", []func(*state){approved, suspended}, phaseWaiting, ""},
		"Runs":      {"one at a time", []func(*state){approved, running}, phaseCutover, "cutover-1"},
		"RunsOn": {"what has begun goes on, whatever becomes of the approval",
			[]func(*state){approved, running, func(s *state) { s.sw.Spec.ApprovedPlan = "" }}, phaseCutover, "cutover-1"},
		"Failed": {"it is rolled back", []func(*state){approved, failed}, phaseRollingBack, "cutover-1, new rollback 1"},
		"Held":   {"a person decides", []func(*state){approved, hold, failed}, phaseHeld, "cutover-1"},
		"HeldRetried": {"the person has decided to try again", []func(*state){approved, hold, failed, retry}, phaseCutover,
			"cutover-1, new cutover 1"},
		"Declined": {"it waits before the next try", []func(*state){approved, cutover(jobs.Declined, untouched, justNow)},
			phaseCutover, "cutover-1"},
		"PlanChanged": {"another approval is needed", []func(*state){approved, cutover(jobs.Declined, otherPlan)}, phaseWaiting, "cutover-1"},
		"RollsBack":   {"one at a time", []func(*state){approved, failed, rollback(jobs.Running)}, phaseRollingBack, "cutover-1, rollback-2"},
		"RollBackFailed": {"it waits, and is tried again", []func(*state){approved, failed, rollback(jobs.Failed, justNow)},
			phaseRollingBack, "cutover-1, rollback-2"},
		"RollBackAgain": {"it has waited", []func(*state){approved, failed, rollback(jobs.Failed)}, phaseRollingBack,
			"cutover-1, rollback-2, new rollback 3"},
		"RolledBack": {"it is over, and approved still", []func(*state){approved, failed, back}, phaseRolledBack, "cutover-1, rollback-2"},
		"Retried": {"a token tries again", []func(*state){approved, failed, back, retry}, phaseCutover,
			"cutover-1, rollback-2, new cutover 1"},
		"Unwanted":        {"nothing has begun", []func(*state){approved, unwanted}, phaseRolledBack, ""},
		"UnwantedRunning": {"the cutover is dropped first", []func(*state){approved, running, unwanted}, phaseRollingBack, ""},
		"UnwantedAfter":   {"then back", []func(*state){approved, failed, hold, unwanted}, phaseRollingBack, "cutover-1, new rollback 1"},
		"UnwantedGone": {"the Job is gone, and may have done something", []func(*state){knewRunning, unwanted}, phaseRollingBack,
			"new rollback 1"},
		"UnwantedTooLate": {"nothing goes back after the commit", []func(*state){approved, committedOnly, unwanted}, phaseCutover,
			"cutover-1, new cutover 2"},
		"Committed": {"it is tried until it is done", []func(*state){approved, committedOnly}, phaseCutover, "cutover-1, new cutover 2"},
		"CommittedRetry": {"it is the same cutover, whatever was approved since",
			[]func(*state){approved, committedOnly, retry, func(s *state) { s.sw.Spec.ApprovedPlan = "plan-9" }}, phaseCutover,
			"cutover-1, new cutover 2"},
		"CommittedBack": {"a roll back that has found the commit ends there",
			[]func(*state){approved, failed, rollback(jobs.Declined, done)}, phaseCutover, "cutover-1, rollback-2, new cutover 2"},
		"RollBackGone": {"its Job is gone before its end", []func(*state){status(api.ConditionRolledBack, "False", api.ReasonRollingBack),
			status(api.ConditionSwitched, "False", api.ReasonRollingBack)}, phaseRollingBack, "new rollback 1"},
		"RollBackGoing": {"the next try begins when it is out of sight", []func(*state){approved, failed,
			rollback(jobs.Succeeded, func(a *jobs.Attempt) { a.Job.DeletionTimestamp = &earlier }), retry}, phaseRollingBack,
			"cutover-1, rollback-2"},
		"HeldDeclined": {"the next try has done nothing more: it is tried again",
			[]func(*state){approved, hold, failed, retry, cutover(jobs.Declined, untouched, justNow)}, phaseCutover, "cutover-1, cutover-2"},
		"HeldUnapproved": {"another try needs an approval, though something is to be gone on with",
			[]func(*state){approved, hold, failed, retry, nothing,
				func(s *state) { s.sw.Status.ObservedRetry = "1" }}, phaseWaiting, "cutover-1"},
		"UnwantedSecond": {"only what runs is dropped", []func(*state){approved, hold, failed, retry, running, unwanted}, phaseRollingBack,
			"cutover-1"},
		"CommittedGone": {"its Job is gone", []func(*state){func(s *state) { s.sw.Status.CommittedAt = &earlier }}, phaseCutover,
			"new cutover 1"},
		"Switched":        {"nothing is left to do", []func(*state){approved, switched}, phaseSwitched, "cutover-1"},
		"SwitchedForGood": {"the Job is gone", []func(*state){status(api.ConditionSwitched, "True", "x"), retry, approved}, phaseSwitched, ""},
		"Resumed":         {"a cutover whose Job is gone goes on, approved or not", []func(*state){knewRunning}, phaseCutover, "new cutover 1"},
		"ResumedRetry":    {"but not as another try", []func(*state){knewRunning, retry}, phaseWaiting, ""},
		"NoPair":          {"the clusters are not known", []func(*state){approved, noPair, failed}, phaseRollingBack, "cutover-1"},

		"Deleted":        {"nothing has begun", []func(*state){approved, toBeDeleted}, phaseRolledBack, ""},
		"DeletedRunning": {"the cutover is dropped first", []func(*state){approved, running, toBeDeleted}, phaseRollingBack, ""},
		"DeletedFailed": {"it is rolled back, though held", []func(*state){approved, hold, failed, toBeDeleted}, phaseRollingBack,
			"cutover-1, new rollback 1"},
		"DeletedCommitted": {"it is brought to its end", []func(*state){approved, committedOnly, toBeDeleted}, phaseCutover,
			"cutover-1, new cutover 2"},
		"DeletedSwitched": {"it is cleaned up", []func(*state){approved, switched, toBeDeleted}, phaseCleanup, "cutover-1, new cleanup 1"},
		"DeletedRolling": {"the roll back goes on", []func(*state){approved, failed, rollback(jobs.Running), toBeDeleted}, phaseRollingBack,
			"cutover-1, rollback-2"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := given(c.given...).decide()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{string(c.phase), c.children}, []string{string(d.phase), listed(d.children)}); diff != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, diff)
			}
			// A deletion says what goes on, and nothing else does.
			if deleting := strings.HasPrefix(name, "Deleted"); (d.leaving != "") != deleting {
				t.Errorf("%s: leaving %q", c.reason, d.leaving)
			}
		})
	}
}

// A decision is about the state of its step, and the cutover that is being dropped runs still.
func TestDecideStepState(t *testing.T) {
	d, err := given(approved, cutover(jobs.Declined, otherPlan)).decide()
	if err != nil || d.stepState.Last == nil || d.stepState.Last.Job.Name != "cutover-1" || !d.stepState.Stuck {
		t.Errorf("waiting: %+v, %v", d.stepState, err)
	}
	d, err = given(approved, cutover(jobs.Running), unwanted).decide()
	if err != nil || d.stepState.Progress != jobs.Run || d.stepState.Current == nil || d.stepState.Current.Job.Name != "cutover-1" {
		t.Errorf("dropping: %+v, %v", d.stepState, err)
	}
	d, err = given(approved, cutover(jobs.Declined, untouched, justNow)).decide()
	if err != nil || !d.stepState.RetryAt.After(now) || d.stepState.RetryAt.After(now.Add(time.Minute)) || !d.gate.open {
		t.Errorf("trying again: %+v, %v", d.stepState, err)
	}
}
