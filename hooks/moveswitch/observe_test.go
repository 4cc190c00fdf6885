package moveswitch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/observed"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// told are facts in words.
func told(f facts) string {
	var words []string
	for _, x := range []struct {
		is   bool
		word string
	}{
		{f.committedAt != nil, "committed"}, {f.switched, "switched"}, {f.touched, "touched"}, {f.rollingBack, "rollingBack"},
		{f.roundOver, "roundOver"},
		{f.reset, "reset"}, {f.progress != nil, "progress"}, {f.rolledBack != nil, "rolledBack"},
	} {
		if x.is {
			words = append(words, x.word)
		}
	}
	for _, x := range []struct {
		a    *jobs.Attempt
		word string
	}{{f.cutover, "newest"}, {f.rollback, "newest"}, {f.cutoverRuns, "runs"}, {f.rollbackRuns, "runs"}} {
		if x.a != nil {
			words = append(words, x.word+" "+x.a.Job.Name)
		}
	}
	return strings.Join(words, ", ")
}

func TestFacts(t *testing.T) {
	deleting := func(a *jobs.Attempt) { a.Job.DeletionTimestamp = &earlier }
	active := func(side api.ActiveSide) func(s *state) { return func(s *state) { s.sw.Status.Active = side } }
	committedBefore := func(s *state) { s.sw.Status.CommittedAt = &earlier }
	back := func(is, reason string) func(s *state) { return status(api.ConditionRolledBack, is, reason) }
	rolledBack := says(task.SwitchProgress{})
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"Nothing":   {"nothing has happened", nil, ""},
		"Runs":      {"it may have done something at once", []func(*state){cutover(jobs.Running)}, "touched, newest cutover-1, runs cutover-1"},
		"Reports":   {"", []func(*state){cutover(jobs.Running, stopped)}, "touched, progress, newest cutover-1, runs cutover-1"},
		"Deleting":  {"its Pod may be there still", []func(*state){cutover(jobs.Failed, deleting)}, "touched, newest cutover-1, runs cutover-1"},
		"Failed":    {"a failure must be rolled back", []func(*state){cutover(jobs.Failed, stopped)}, "touched, progress, newest cutover-1"},
		"Declined":  {"it has changed nothing", []func(*state){cutover(jobs.Declined, untouched)}, "progress, newest cutover-1"},
		"Succeeded": {"", []func(*state){cutover(jobs.Succeeded, done)}, "committed, switched, touched, progress, newest cutover-1"},
		"Committed": {"the commit counts, whatever comes of the Job", []func(*state){cutover(jobs.Failed, done)},
			"committed, touched, progress, newest cutover-1"},
		"LaterReport": {"what was committed stays so", []func(*state){cutover(jobs.Failed, done), cutover(jobs.Running, stopped)},
			"committed, touched, progress, newest cutover-2, runs cutover-2"},
		"NoReport": {"the report of the older one is the newest that there is",
			[]func(*state){cutover(jobs.Failed, stopped), cutover(jobs.Running)}, "touched, progress, newest cutover-2, runs cutover-2"},
		"RollingBack": {"", []func(*state){cutover(jobs.Failed, stopped), rollback(jobs.Running, rolledBack)},
			"touched, rollingBack, progress, rolledBack, newest cutover-1, newest rollback-2, runs rollback-2"},
		"RollBackFail": {"it is tried again", []func(*state){cutover(jobs.Failed, stopped), rollback(jobs.Failed)},
			"touched, rollingBack, progress, newest cutover-1, newest rollback-2"},
		"RolledBack": {"the round is over", []func(*state){cutover(jobs.Failed, stopped), rollback(jobs.Succeeded, rolledBack)},
			"roundOver, reset, progress, rolledBack, newest cutover-1, newest rollback-2"},
		"Retried": {"another round has begun, from nothing",
			[]func(*state){cutover(jobs.Failed, stopped), rollback(jobs.Succeeded, rolledBack), retry, cutover(jobs.Running)},
			"touched, newest cutover-3, newest rollback-2, runs cutover-3"},
		"WantsRetry": {"the round of the roll back is over, the next is not",
			[]func(*state){cutover(jobs.Failed, stopped), rollback(jobs.Succeeded), retry}, "reset, progress, newest cutover-1, newest rollback-2"},
		"RollBackTooLate": {"nothing goes back after the commit", []func(*state){cutover(jobs.Failed, done), rollback(jobs.Declined)},
			"committed, touched, progress, newest cutover-1, newest rollback-2"},
		"RollBackFoundIt": {"the roll back has found the commit", []func(*state){rollback(jobs.Declined, done)},
			"committed, rolledBack, newest rollback-1"},

		"KnewCommit":   {"the Job is gone", []func(*state){committedBefore}, "committed, touched"},
		"KnewSwitched": {"the Job is gone", []func(*state){status(api.ConditionSwitched, "True", api.ReasonSucceeded)}, "switched, touched"},
		"KnewRunning": {"the Job is gone, and may have done something",
			[]func(*state){status(api.ConditionSwitched, "False", api.ReasonRunning)}, "touched"},
		"KnewStopped": {"the source was stopped", []func(*state){active(api.ActiveNone), cutover(jobs.Declined, untouched)},
			"touched, progress, newest cutover-1"},
		"KnewRunningOther": {"the newest Job says that it has done nothing",
			[]func(*state){status(api.ConditionSwitched, "False", api.ReasonRunning), cutover(jobs.Declined, untouched)},
			"progress, newest cutover-1"},
		"KnewRollBack": {"the roll back is gone before its end",
			[]func(*state){back("False", api.ReasonRollingBack), status(api.ConditionSwitched, "False", api.ReasonRollingBack)},
			"touched, rollingBack"},
		"KnewRollBackDone": {"that is over, and the commit counts", []func(*state){back("False", api.ReasonRollingBack), committedBefore},
			"committed, touched"},
		"KnewRolledBack": {"it is over, and stays so", []func(*state){back("True", api.ReasonRolledBack), active(api.ActiveNone)}, "roundOver"},
		"KnewPending":    {"nothing was asked for", []func(*state){back("False", api.ReasonPending)}, ""},
		"KnewSwitchedLater": {"a Job that is there has failed before",
			[]func(*state){status(api.ConditionSwitched, "True", "x"), cutover(jobs.Failed, done)},
			"committed, switched, touched, progress, newest cutover-1"},
		"KnewRollBackCutover": {"the roll back is still to come",
			[]func(*state){back("False", api.ReasonRollingBack), cutover(jobs.Failed, stopped)},
			"touched, progress, newest cutover-1"},
		"KnewRollBackEnded": {"it has ended since",
			[]func(*state){back("False", api.ReasonRollingBack), active(api.ActiveNone), rollback(jobs.Succeeded)},
			"roundOver, reset, newest rollback-1"},
		"DeclinedAfterFailure": {"the one before is not rolled back by that",
			[]func(*state){cutover(jobs.Failed, stopped), retry, cutover(jobs.Declined, untouched)}, "touched, progress, newest cutover-2"},
		"KnewOtherRound": {"another try is wanted", []func(*state){back("True", api.ReasonRolledBack), retry}, ""},
		"RollBackOfBefore": {"a roll back that is older than the cutover does not undo it",
			[]func(*state){rollback(jobs.Failed), cutover(jobs.Running)}, "touched, newest cutover-2, newest rollback-1, runs cutover-2"},
		"RolledBackRuns": {"the next one runs",
			[]func(*state){back("True", api.ReasonRolledBack),
				cutover(jobs.Running, untouched,
					func(a *jobs.Attempt) { a.State, a.Trusted = jobs.Declined, true; a.Job.DeletionTimestamp = &earlier })},
			"progress, newest cutover-1, runs cutover-1"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, told(given(c.given...).facts)); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

// The commit was when it was reported first.
func TestCommitTime(t *testing.T) {
	s := given(cutover(jobs.Failed, done), cutover(jobs.Running, says(task.SwitchProgress{CommittedAt: &metav1.Time{Time: now}})))
	if got := s.facts.committedAt; !got.Equal(&earlier) {
		t.Errorf("got %v, want %v", got, earlier)
	}
}

// Only what ended before its first change, and says so itself, has touched nothing.
func TestTouched(t *testing.T) {
	none, some := &task.SwitchProgress{}, &task.SwitchProgress{Touched: true}
	for name, c := range map[string]struct {
		reason  string
		is      jobs.State
		trusted bool
		why     string
		report  *task.SwitchProgress
		want    bool
	}{
		"Running":      {"it may do something now", jobs.Running, false, "", none, true},
		"Failed":       {"what it has seen may be from before its change", jobs.Failed, true, api.ReasonFailed, none, true},
		"Untrusted":    {"it is not known how it has ended", jobs.Failed, false, api.ReasonPlanUnsure, none, true},
		"Declined":     {"it says that it has not", jobs.Declined, true, "x", none, false},
		"DeclinedLate": {"it says that it has", jobs.Declined, true, "x", some, true},
		"DeclinedMute": {"it ended before it could say", jobs.Declined, true, "x", nil, false},
		"Unsure":       {"it has not got beyond the plan", jobs.Failed, true, api.ReasonPlanUnsure, none, false},
		"UnsureLate":   {"it says that it has", jobs.Failed, true, api.ReasonPlanUnsure, some, true},
		"UnsureMute":   {"a failure that says nothing is no proof", jobs.Failed, true, api.ReasonPlanUnsure, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := &jobs.Attempt{State: c.is, Trusted: c.trusted, Result: task.Result{Reason: c.why}, Status: &task.Status{Switch: c.report}}
			if got := touched(a); got != c.want {
				t.Errorf("%s: got %t", c.reason, got)
			}
		})
	}
}

func TestObserve(t *testing.T) {
	g := given(status(api.ConditionSwitched, "True", "x"))
	g.sw.TypeMeta, g.pair.TypeMeta = hooks.KindMoveSwitch.TypeMeta(), hooks.KindMovePair.TypeMeta()
	other := g.pair.DeepCopy()
	other.Name = "other"
	view := hooks.View{Parent: observed.Object(t, g.sw), Related: observed.Objects(t, g.pair, other), Finalizing: true}
	s, err := observe(view, config.Config{TaskImage: "task:2"}, now)
	if err != nil {
		t.Fatal(err)
	}
	if s.sw.Name != "shop-a" || s.pair == nil || s.pair.Name != "shop-a" ||
		!s.facts.switched || !s.now.Equal(now) || !s.view.Finalizing || s.config.TaskImage != "task:2" {
		t.Errorf("got %+v", s)
	}
}

// What cannot be read is an error: left out, it would look absent.
func TestObserveUnreadable(t *testing.T) {
	hook := New(config.Config{})
	good := func() hooks.View {
		m := given().sw
		m.TypeMeta = hooks.KindMoveSwitch.TypeMeta()
		return hooks.View{Parent: observed.Object(t, m)}
	}
	if _, err := hook.Sync(good(), now); err != nil {
		t.Fatal(err)
	}
	bad := func(k hooks.Kind, name, field string) hooks.Object {
		return hooks.Object{Kind: k, Namespace: "home", Name: name, Fields: []hooks.Field{{Name: field, Value: []byte("1")}}}
	}
	for _, o := range []hooks.Object{bad(hooks.KindMoveSwitch, "shop-a", "spec"), bad(hooks.KindMovePair, "shop-a", "spec"),
		bad(hooks.KindJob, "j", "metadata")} {
		view := good()
		switch o.Kind {
		case hooks.KindMoveSwitch:
			view.Parent = o
		case hooks.KindMovePair:
			view.Related, _ = hooks.NewObjects(nil, []hooks.Object{o})
		default:
			view.Children, _ = hooks.NewObjects(nil, []hooks.Object{o})
		}
		if _, err := hook.Sync(view, now); err == nil {
			t.Errorf("a %s that cannot be read is no error", o.Kind.Kind)
		}
	}
}
