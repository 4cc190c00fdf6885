package moveswitch

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
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// row of a table of conditions.
type row struct {
	reason string
	given  []func(s *state)
	want   string
}

// checked what each row says in a condition.
func checked(t *testing.T, kind string, rows map[string]row) {
	t.Helper()
	for name, c := range rows {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			st, _ := s.status(decided(t, s))
			if d := cmp.Diff(c.want, said(st.Conditions, kind)); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

var (
	failedCutover = cutover(jobs.Failed, stopped)
	nothing       = func(s *state) { s.sw.Spec.ApprovedPlan = "" }
	hold          = func(s *state) { s.sw.Spec.OnFailure = api.FailureHold }
)

// What was approved is about the newest cutover: a later approval is for the next one.
func TestApprovedCondition(t *testing.T) {
	const yes = "True Approved: plan plan-1 is approved"
	before := status(api.ConditionApproved, "True", "Before")
	later := func(s *state) { s.sw.Spec.ApprovedPlan = "plan-9" }
	checked(t, api.ConditionApproved, map[string]row{
		"Waiting": {"it is not approved", nil, "False WaitingForApproval: read plan plan-1, then approve it: " + approveCommand("plan-1")},
		"Begins":  {"it is approved", []func(*state){approved}, yes},
		"Later": {"the cutover is bound to what was approved then",
			[]func(*state){approved, before, cutover(jobs.Running, stopped), later}, yes},
		"LaterAll": {"so it is when nothing had to be approved", []func(*state){automatic, before, cutover(jobs.Running, stopped), later},
			"True Approved: approval is Automatic"},
		"Gone": {"its Job is gone, and it has done something",
			[]func(*state){before, status(api.ConditionSwitched, "False", api.ReasonRunning)}, "True Before: Before!"},
		"Switched": {"its Job is gone, and it is done", []func(*state){before, status(api.ConditionSwitched, "True", "x")},
			"True Before: Before!"},
		"Retry": {"the next cutover is bound to the new approval",
			[]func(*state){approved, before, failedCutover, rollback(jobs.Succeeded), retry,
				func(s *state) { s.pair.Status.Plan.Hash, s.sw.Spec.ApprovedPlan = "plan-2", "plan-2" }}, "True Approved: plan plan-2 is approved"},
		"Declined": {"another approval is needed", []func(*state){approved, before, cutover(jobs.Declined, otherPlan)},
			"False PlanChanged: it has changed: " + approveCommand("plan-2")},
		"Cancelled": {"nothing has begun", []func(*state){before, unwanted},
			"False WaitingForApproval: read plan plan-1, then approve it: " + approveCommand("plan-1")},
		"NeverSaid": {"it was not said at that time", []func(*state){approved, cutover(jobs.Running, stopped), nothing},
			"False WaitingForApproval: read plan plan-1, then approve it: " + approveCommand("plan-1")},
	})
}

func TestCommitted(t *testing.T) {
	checked(t, api.ConditionCommitted, map[string]row{
		"Not": {"nothing is decided", []func(*state){approved, failedCutover}, "False NotCommitted: the source can be brought back"},
		"Committed": {"since when", []func(*state){approved, cutover(jobs.Failed, done)},
			"True Committed: the point of no return was passed at 2026-11-21T07:59:00Z"},
	})
}

func TestSwitched(t *testing.T) {
	warns := func(w ...string) func(a *jobs.Attempt) {
		return says(task.SwitchProgress{CommittedAt: &earlier, FinalRun: &api.SyncRun{Warnings: w}})
	}
	step := func(a *jobs.Attempt) {
		stopped(a)
		a.Status.Step = "FinalSync"
	}
	cancelled := func(s *state) { s.sw.Spec.Desired = api.DesiredCancelled }
	declined := cutover(jobs.Declined, untouched, justNow,
		endsWith(task.Result{Outcome: task.OutcomeDeclined, Retry: task.RetryLater, Message: "not now"}))
	noApproval := "read plan plan-1, then approve it: " + approveCommand("plan-1")
	checked(t, api.ConditionSwitched, map[string]row{
		"Waiting": {"for whom", nil, "False WaitingForApproval: " + noApproval},
		"Begins":  {"it is about to begin", []func(*state){approved}, "False Running: the cutover runs"},
		"Runs":    {"where it is", []func(*state){approved, cutover(jobs.Running, step)}, "False Running: the cutover is at FinalSync"},
		"TriedAgain": {"why, and when", []func(*state){approved, cutover(jobs.Failed, done, justNow)},
			"False Running: attempt 1 has failed and is tried again at 08:00:09: because"},
		"Done": {"it is done", []func(*state){approved, cutover(jobs.Succeeded, done)},
			"True Succeeded: the application runs at the target"},
		"Warned": {"with what was warned of", []func(*state){approved, cutover(jobs.Succeeded, warns("w"))},
			"True Succeeded: the application runs at the target, with 1 warning: w (status.finalRun.warnings)"},
		"WarnedOnce": {"the Job is gone",
			[]func(*state){status(api.ConditionSwitched, "True", "x"),
				func(s *state) { s.sw.Status.FinalRun = &api.SyncRun{Warnings: []string{"w"}} }},
			"True Succeeded: the application runs at the target, with 1 warning: w (status.finalRun.warnings)"},
		"CleaningUp": {"it stays so", []func(*state){approved, cutover(jobs.Succeeded, done), deleted(0)},
			"True Succeeded: the application runs at the target"},
		"Held":        {"why", []func(*state){approved, hold, failedCutover}, "False Held: onFailure is Hold: because"},
		"RollingBack": {"why", []func(*state){approved, failedCutover}, "False RollingBack: the source is brought back: because"},
		"Unwanted": {"nothing has failed", []func(*state){approved, cutover(jobs.Running, stopped), unwanted},
			"False RollingBack: the source is brought back"},
		"RolledBack": {"why", []func(*state){approved, failedCutover, rollback(jobs.Succeeded)},
			"False RolledBack: the source is back: because"},
		"Cancelled": {"it was not wanted", []func(*state){cancelled}, "False Cancelled: desired is Cancelled"},
		"UnwantedNow": {"it was rolled back as it was asked", []func(*state){approved, failedCutover, unwanted, rollback(jobs.Succeeded)},
			"False RolledBack: the source is back: because"},
		"HeldOpen": {"the next try waits, while the source is stopped", []func(*state){approved, hold, failedCutover, retry, nothing},
			"False Held: the next try waits: " + noApproval},
		"Declined": {"why, while there is no new approval",
			[]func(*state){nothing, declined, func(s *state) { s.pair.Status.Plan.Hash = "plan-1" }}, "False Declined: not now"},
		"DeclinedForPlan": {"what to do is more than that it was declined", []func(*state){approved, cutover(jobs.Declined, otherPlan)},
			"False PlanChanged: it has changed: " + approveCommand("plan-2")},
	})
}

func TestRolledBack(t *testing.T) {
	was := func(reason string) func(s *state) { return status(api.ConditionRolledBack, "True", reason) }
	checked(t, api.ConditionRolledBack, map[string]row{
		"Not": {"it is not asked for", []func(*state){approved, cutover(jobs.Running)}, "False Pending: no roll back is asked for"},
		"Committed": {"it cannot be any more", []func(*state){approved, cutover(jobs.Failed, done)},
			"False Committed: the switch is committed"},
		"TooLate": {"it is asked for in vain", []func(*state){approved, cutover(jobs.Failed, done), unwanted},
			"False AlreadyCommitted: the switch is committed: it cannot be rolled back any more"},
		"Done": {"it is asked for in vain", []func(*state){status(api.ConditionSwitched, "True", "x"), unwanted},
			"False AlreadyCommitted: the switch is committed: it cannot be rolled back any more"},
		"Dropping": {"the cutover ends first", []func(*state){approved, cutover(jobs.Running), unwanted},
			"False RollingBack: waits for the cutover to stop"},
		"Runs": {"it goes on", []func(*state){approved, failedCutover, rollback(jobs.Running)},
			"False RollingBack: the roll back runs"},
		"Fails": {"why", []func(*state){approved, failedCutover, rollback(jobs.Failed, justNow)},
			"False RollingBack: attempt 2 has failed and is tried again: because"},
		"Cancelled": {"nothing had begun", []func(*state){unwanted}, "True Cancelled: nothing had begun"},
		"RolledBack": {"it was rolled back", []func(*state){approved, failedCutover, rollback(jobs.Succeeded)},
			"True RolledBack: the source is as it was"},
		"StillCancelled": {"it stays what it was", []func(*state){was(api.ReasonCancelled), unwanted},
			"True Cancelled: the source is as it was"},
		"StillRolledBack": {"though the Jobs are gone", []func(*state){was(api.ReasonRolledBack)}, "True RolledBack: the source is as it was"},
	})
}

// pairSays that a person is needed.
func pairSays(reason string) func(s *state) {
	return func(s *state) {
		s.pair.Status.Conditions = append(s.pair.Status.Conditions, metav1.Condition{Type: api.ConditionStalled, Status: "True",
			Reason: reason, Message: "as the pair says: do it"})
	}
}

func TestFenced(t *testing.T) {
	before := status(api.ConditionSourceFenced, "True", "x")
	runs := says(task.SwitchProgress{CommittedAt: &earlier, SourceRuns: []string{"Deployment.apps/a", "Job/b"}})
	checked(t, api.ConditionSourceFenced, map[string]row{
		"Not": {"it has not begun", nil, "False NotCommitted: the source is not stopped by this switch"},
		"Begun": {"it has not stopped it yet", []func(*state){approved, cutover(jobs.Running, says(task.SwitchProgress{Touched: true}))},
			"False NotCommitted: the source is not stopped by this switch"},
		"Stopped": {"it has", []func(*state){approved, cutover(jobs.Running, stopped)}, "True Running: the source is stopped and held"},
		"Quiet": {"the next process says nothing yet", []func(*state){before, approved, cutover(jobs.Running)},
			"True Running: the source is stopped and held"},
		"Back": {"it runs again", []func(*state){before, approved, failedCutover, rollback(jobs.Succeeded)},
			"False NotCommitted: the source is not stopped by this switch"},
		"Committed": {"for good", []func(*state){approved, cutover(jobs.Failed, done)}, "True Committed: the source is stopped and held"},
		"Switched": {"the Job is gone", []func(*state){status(api.ConditionSwitched, "True", "x")},
			"True Committed: the source is stopped and held"},
		"Started": {"another client has started it", []func(*state){approved, cutover(jobs.Succeeded, runs)},
			"False SourceActive: something of the application was started at the source again by another client: " +
				"Deployment.apps/a, Job/b. What it writes there stays there"},
		"StartedLater": {"the pair has seen it", []func(*state){approved, cutover(jobs.Succeeded, done), pairSays(api.ReasonSourceActive)},
			"False SourceActive: as the pair says: do it"},
		"PairSaysElse": {"that is none of it", []func(*state){approved, cutover(jobs.Succeeded, done), pairSays(api.ReasonJobFailed)},
			"True Committed: the source is stopped and held"},
		"StartedBefore": {"before the commit that is not told here",
			[]func(*state){approved, cutover(jobs.Running, says(task.SwitchProgress{SourceRuns: []string{"a"}, Touched: true}))},
			"False NotCommitted: the source is not stopped by this switch"},
	})
}

func TestStall(t *testing.T) {
	const moving = "False Progressing: nothing waits for a person"
	// there are all Jobs that are desired.
	there := func(s *state) {
		d, err := s.decide()
		if err != nil {
			panic(err)
		}
		var list []hooks.Object
		for _, o := range d.children {
			if name := listed([]runtime.Object{o}); !strings.HasPrefix(name, "new ") {
				list = append(list, hooks.Object{Kind: hooks.KindJob, Name: name})
			}
		}
		s.view.Children, _ = hooks.NewObjects(nil, list)
	}
	running := func(a *jobs.Attempt) {
		stopped(a)
		ready := int32(1)
		a.Job.Status = batchv1.JobStatus{Ready: &ready}
	}
	stuck := func(a *jobs.Attempt) {
		justNow(a)
		a.Result = task.Result{Reason: "x", Message: "because", Retry: task.RetryLater}
	}
	patch := func(spec string) string {
		return `kubectl -n home patch moveswitch shop-a --type=merge -p '{"spec":` + spec + `}'`
	}
	checked(t, api.ConditionStalled, map[string]row{
		"Waiting": {"an approval is no stall", []func(*state){there}, moving},
		"Expires": {"the pair knows of credentials", []func(*state){pairSays(api.ReasonCredentialsExpire), there},
			"True CredentialsExpireBeforeSwitch: as the pair says: do it"},
		"ExpiresLater": {"it runs, and they last for that", []func(*state){approved, cutover(jobs.Running, running),
			pairSays(api.ReasonCredentialsExpire), there}, moving},
		"PairStalled": {"what else keeps the pair is shown there", []func(*state){pairSays(api.ReasonJobFailed), there}, moving},
		"Runs":        {"nothing is wrong", []func(*state){approved, cutover(jobs.Running, running), there}, moving},
		"Missing": {"the Job is still to come", []func(*state){approved},
			"Unknown ChildNotObserved: Job " + newName(approved) + " is being created"},
		"PlanChanged": {"a person has to read it", []func(*state){approved, cutover(jobs.Declined, otherPlan), there},
			"True PlanChanged: it has changed: " + approveCommand("plan-2")},
		"WaitingStuck": {"why the last try has failed", []func(*state){nothing, cutover(jobs.Declined, untouched, stuck), there},
			"True x: because: kubectl -n home describe job cutover-1"},
		"Stuck": {"why", []func(*state){approved, cutover(jobs.Declined, untouched, stuck), there},
			"True x: because: kubectl -n home describe job cutover-1"},
		"RollBackOnce": {"the application is down: that is told at once",
			[]func(*state){approved, failedCutover, rollback(jobs.Failed, justNow), there},
			"True HealthTimeout: it is tried again: because: kubectl -n home describe job rollback-2"},
		"OpenOnce": {"the target is not open: that is told at once", []func(*state){approved, cutover(jobs.Failed, done, justNow), there},
			"True HealthTimeout: it is tried again: because: kubectl -n home describe job cutover-1"},
		"Nameless": {"a failure without a reason has one",
			[]func(*state){approved, cutover(jobs.Failed, done, justNow, endsWith(task.Result{Message: "because"})), there},
			"True JobFailed: it is tried again: because: kubectl -n home describe job cutover-1"},
		"Held": {"with the command that goes back", []func(*state){approved, hold, failedCutover, there},
			"True Held: the cutover has failed and is held: because: " + patch(`{"desired":"RolledBack"}`)},
		"RolledBack": {"with the command that tries again", []func(*state){approved, failedCutover, rollback(jobs.Succeeded), there},
			"True RolledBack: the source is back; to try again: because: " + patch(`{"retry":"1"}`)},
		"Unwanted": {"it is as it was wanted", []func(*state){approved, failedCutover, rollback(jobs.Succeeded), unwanted, there}, moving},
		"Dropping": {"what is dropped is not missed", []func(*state){approved, cutover(jobs.Running, running), unwanted}, moving},

		"Deleting": {"what it waits for", []func(*state){approved, failedCutover, rollback(jobs.Running, running), deleted(0), there},
			"False Progressing: given up at 08:10:00 UTC; then " + given().left()},
		"DeletingFails": {"what a person has to do comes first",
			[]func(*state){approved, failedCutover, rollback(jobs.Failed, justNow), deleted(0), there},
			"True HealthTimeout: it is tried again: because: kubectl -n home describe job rollback-2"},
		"DeletedBack": {"no other try is needed", []func(*state){approved, failedCutover, rollback(jobs.Succeeded), deleted(0), there},
			"False Progressing: cleaned up"},
		"DeletingGivenUp": {"what may be left", []func(*state){approved, failedCutover, rollback(jobs.Running), deleted(time.Hour), there},
			"True CleanupGaveUp: " + given().left()},
	})
	s := given(approved, cutover(jobs.Failed, done, justNow), there)
	if _, again := s.status(decided(t, s)); again != 9*time.Second {
		t.Errorf("the next try is in nine seconds: again after %s", again)
	}
	long := given(approved, hold, cutover(jobs.Failed, stopped, endsWith(task.Result{Message: strings.Repeat("x", 2000)})), there)
	st, _ := long.status(decided(t, long))
	if got := said(st.Conditions, api.ConditionStalled); !strings.HasSuffix(got, patch(`{"desired":"RolledBack"}`)) {
		t.Errorf("a long failure leaves no room for the command: %s", got)
	}
}

// newName is the name of the one Job that is to be created.
func newName(change func(s *state)) string {
	d, err := given(change).decide()
	if err != nil || len(d.children) != 1 {
		panic(err)
	}
	return d.children[0].(*batchv1.Job).Name
}

func TestNextRetry(t *testing.T) {
	for token, want := range map[string]string{"": "1", "1": "2", "9": "10", "x": "1", "-5": "1"} {
		if got := given(func(s *state) { s.sw.Spec.Retry = token }).nextRetry(); got != want {
			t.Errorf("after %q: got %q, want %q", token, got, want)
		}
	}
}
