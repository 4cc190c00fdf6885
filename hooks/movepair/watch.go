package movepair

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

const (
	// watchInterval between two looks at the endpoints.
	watchInterval = 10 * time.Minute
	// watchOverdue without a look it is not known whether they answer.
	watchOverdue = 3 * watchInterval
)

// decideWatch works out where the looks at the endpoints stand. A plan, and the opening of the channel, look at them, too, and
// so does a switch.
func (s *state) decideWatch() {
	spec, uid := s.pair.Spec, string(s.pair.UID)
	s.watch.want = jobs.Want{Step: task.VerbWatch, Every: watchInterval, UID: uid}
	switched := ""
	if m := s.switches.Committed; m != nil {
		switched = string(m.UID)
		if m.Status.CommittedAt != nil {
			s.watch.want.DoneAt = m.Status.CommittedAt.Time
		}
	} else {
		for _, last := range []*jobs.Attempt{s.plan.stepState.Last, s.open.stepState.Last} {
			if last != nil && last.State == jobs.Succeeded && last.Finished.After(s.watch.want.DoneAt) {
				s.watch.want.DoneAt = last.Finished
			}
		}
	}
	s.watch.want.Intent = jobs.Intent(uid, "watch", spec.Source, spec.Target.Endpoint, switched)
	s.watch.stepState = jobs.Next(s.attempts, s.watch.want, s.now)
}

// watching says whether the endpoints are looked at: nothing else of the pair does so by now, or it was switched and the switch is
// still there.
func (s *state) watching() bool {
	switch {
	case s.problem != nil || s.unlabelled != nil || s.pair.Spec.Suspend || s.switches.Busy != nil:
		return false
	case s.complete():
		return s.switches.Committed != nil && s.switches.Committed.DeletionTimestamp == nil
	}
	return s.ready() && s.plan.stepState.Current == nil && s.open.stepState.Current == nil
}

// dueWatch is the watch if its Job is to be created now, or nil.
func (s *state) dueWatch() *step {
	st := s.watch.stepState
	if s.watching() && st.Current == nil && (st.Progress == jobs.Create || st.Renew) {
		return &s.watch
	}
	return nil
}

// lastWatch is the last look that says something of the endpoints; nil: something else has looked at them since.
func (s *state) lastWatch() *jobs.Attempt {
	last := s.watch.stepState.Last
	if last == nil || last.Finished.Before(s.watch.want.DoneAt) {
		return nil
	}
	return last
}

// lastLook is when the endpoints have last answered; zero: that is not known.
func (s *state) lastLook() time.Time {
	at := s.watch.want.DoneAt
	if a := jobs.Newest(s.attempts, task.VerbWatch, succeeded); a != nil && a.Finished.After(at) {
		at = a.Finished
	}
	return at
}

// overdueText says since when there was no look.
func (s *state) overdueText() string {
	return fmt.Sprintf("the endpoints were reached at %s, and not looked at since: %s comes once in %s, unless its Jobs are refused "+
		"(kubectl -n %s describe resourcequota) or KubeMove was not running", s.lastLook().UTC().Format(time.RFC3339), task.VerbWatch,
		watchInterval, s.pair.Namespace)
}

func succeeded(a jobs.Attempt) bool { return a.State == jobs.Succeeded }

// isOverdue says whether a look should have ended long ago.
func (s *state) isOverdue() bool {
	at := s.lastLook()
	return s.watching() && !at.IsZero() && s.now.Sub(at) > watchOverdue
}

// nextLook is how long it takes until the endpoints are looked at; 0: that is not waited for.
func (s *state) nextLook() time.Duration {
	st := s.watch.stepState
	switch {
	case !s.watching():
		return 0
	case st.Current != nil && !s.isOverdue() && !s.lastLook().IsZero():
		return hooks.Until(s.lastLook().Add(watchOverdue+time.Second), s.now)
	case st.Current != nil:
		return 0
	case st.Progress == jobs.Wait:
		return hooks.Until(st.RetryAt, s.now)
	case st.RenewAt.IsZero():
		return 0
	}
	return hooks.Until(st.RenewAt, s.now)
}

// keptWatches are the newest of them: a success alone, a failure with the success before it, from which it is counted.
func keptWatches(list []jobs.Attempt) []jobs.Attempt {
	var out []jobs.Attempt
	for i := len(list) - 1; i >= 0; i-- {
		a := list[i]
		switch {
		case a.Step != task.VerbWatch:
		case a.State == jobs.Running:
			out = append(out, a)
		case a.State == jobs.Succeeded:
			return append(out, a)
		case !slices.ContainsFunc(out, func(b jobs.Attempt) bool { return b.State != jobs.Running }):
			out = append(out, a)
		}
	}
	return out
}

// awaited are the children that are said to be missing while they are. A look that is about to begin is no news, so that it
// changes no status.
func awaited(children []runtime.Object) []runtime.Object {
	return slices.DeleteFunc(slices.Clone(children), func(o runtime.Object) bool {
		j, ok := o.(metav1.Object)
		return ok && j.GetLabels()[api.StepLabel] == string(task.VerbWatch)
	})
}

// watchStall is what the looks at the endpoints have to say to a person.
func (s *state) watchStall(previous *metav1.Condition) jobs.Stall {
	if !s.watching() {
		return jobs.Moving()
	}
	st, last := s.watch.stepState, s.lastWatch()
	failed := last != nil && last.State != jobs.Succeeded
	unreached := failed && unreachableReason(last.Result.Reason)
	switch {
	case s.complete() && failed && st.Stuck && !unreached:
		return jobs.Worse(s.sourceActive(), s.lookFailed(last.Result))
	case s.complete():
		return s.sourceActive() // That an endpoint does not answer Connected says.
	case failed && (st.Stuck || unreached):
		return s.lookFailed(last.Result)
	case st.Current != nil && s.isOverdue():
		st.Progress, st.Stuck = jobs.Run, false
		return jobs.Worse(jobs.Check(st, s.pair.Namespace, previous, s.now), s.credentialsExpire())
	}
	return s.credentialsExpire()
}

// lookFailed ends with a command that is the same for all attempts.
func (s *state) lookFailed(r task.Result) jobs.Stall {
	command := fmt.Sprintf("kubectl -n %s logs --tail=20 --selector %s=%s,%s=%s", s.pair.Namespace, api.StepLabel, task.VerbWatch,
		api.PairLabel, s.pair.UID)
	return needsUser(reason(r.Reason), r.Message, command)
}

// sourceActive says that the application runs at the source although a switch has led it away.
func (s *state) sourceActive() jobs.Stall {
	a := jobs.Newest(s.attempts, task.VerbWatch, func(a jobs.Attempt) bool {
		return a.State == jobs.Succeeded && a.Intent == s.watch.want.Intent && a.Status != nil && a.Status.Watch != nil
	})
	if a == nil || len(a.Status.Watch.SourceRuns) == 0 {
		return jobs.Moving()
	}
	return needsUser(api.ReasonSourceActive, "the switch is committed, and something of the application was started at the source again "+
		"by another client: "+strings.Join(a.Status.Watch.SourceRuns, ", ")+". What it writes there stays there. Pause that client, and "+
		"stop it in the cluster of the source", a.Status.Watch.StopCommand)
}

// credentialsExpire says that the credentials of an endpoint end before the switch has used them. It stops nothing.
func (s *state) credentialsExpire() jobs.Stall {
	var a *jobs.Attempt
	for i := range s.attempts {
		x := &s.attempts[i]
		ours := x.Step == task.VerbWatch && x.Intent == s.watch.want.Intent || x.Step == task.VerbPlan && x.Intent == s.plan.want.Intent
		if ours && x.State == jobs.Succeeded && x.Status != nil && x.Status.Watch != nil && (a == nil || a.Finished.Before(x.Finished)) {
			a = x
		}
	}
	if a == nil {
		return jobs.Moving()
	}
	needed, why := task.Needed(a.Finished, s.switchAt())
	early := a.Status.Watch.Early(needed)
	if len(early) == 0 {
		return jobs.Moving()
	}
	e := early[0]
	endpoint := s.pair.Spec.Source
	if e.Role == task.RoleTarget {
		endpoint = &s.pair.Spec.Target.Endpoint
	}
	ref := jobs.Kubeconfig(endpoint)
	if ref == nil {
		return jobs.Moving() // The endpoint was another one when it was looked at.
	}
	return needsUser(api.ReasonCredentialsExpire, e.Warning(ref.Name, why)+". Nothing is stopped by this; put a kubeconfig that lasts there",
		fmt.Sprintf("kubectl -n %s create secret generic %s --from-file=%s=FILE --dry-run=client -o yaml | kubectl apply -f -",
			s.pair.Namespace, ref.Name, path.Base(ref.Key)))
}

// switchAt is the time of the switch that is still to come; empty: it has none.
func (s *state) switchAt() string {
	for _, m := range s.switches.All {
		if m.Spec.At != "" {
			return m.Spec.At
		}
	}
	return ""
}

func needsUser(reason, message, command string) jobs.Stall {
	return jobs.Stall{Status: metav1.ConditionTrue, Reason: reason,
		Message: task.Cut(message, task.MaxMessage-len(command)-2) + ": " + command}
}
