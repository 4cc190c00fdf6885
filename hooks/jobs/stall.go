package jobs

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/task"
)

// Times after which a person is told.
const (
	missingAfter = 60 * time.Second
	startAfter   = 120 * time.Second
)

// Stall is a reason why nothing moves, for the condition Stalled.
type Stall struct {
	Status          metav1.ConditionStatus
	Reason, Message string
	// Recheck is when this has to be looked at again; 0: when something changes.
	Recheck time.Duration
}

// Moving says that nothing is stalled.
func Moving() Stall {
	return Stall{Status: metav1.ConditionFalse, Reason: api.ReasonNotStalled, Message: "nothing waits for a person"}
}

// Set writes the condition.
func (s Stall) Set(c *hooks.Conditions) {
	c.Set(api.ConditionStalled, s.Status, s.Reason, s.Message)
}

// Worse returns the more serious of two stalls.
func Worse(a, b Stall) Stall {
	rank := func(s Stall) int {
		switch s.Status {
		case metav1.ConditionTrue:
			return 2
		case metav1.ConditionUnknown:
			return 1
		}
		return 0
	}
	recheck := hooks.Sooner(a.Recheck, b.Recheck)
	if rank(b) > rank(a) {
		a = b
	}
	a.Recheck = recheck
	return a
}

// Check says whether a step is stalled: it keeps failing, or its Job does not get a running
// Pod, or has lost it. previous is the condition as it is.
func Check(o StepState, namespace string, previous *metav1.Condition, now time.Time) Stall {
	switch {
	case o.Progress == Done:
		return Moving()
	case o.Stuck:
		s := failed(*o.Last, namespace)
		if o.Progress == Wait {
			s.Recheck = hooks.Until(o.RetryAt, now)
		}
		return s
	case o.Progress == Wait && o.Last.Result.Reason == api.ReasonEndpointUnreachable:
		s := failed(*o.Last, namespace)
		s.Recheck = hooks.Until(o.RetryAt, now)
		return s
	case o.Progress == Wait:
		s := Moving()
		s.Message = fmt.Sprintf("attempt %d of %s has failed and is tried again: %s", o.Last.Number, o.Last.Step, o.Last.Result.Message)
		s.Recheck = hooks.Until(o.RetryAt, now)
		return s
	case o.Progress == Run && o.Current.Status != nil && o.Current.Status.Stalled != nil:
		t := o.Current.Status.Stalled
		return Stall{Status: metav1.ConditionTrue, Reason: t.Reason,
			Message: fmt.Sprintf("%s, since %s UTC; it is tried again: kubectl -n %s logs job/%s",
				task.Cut(t.Message, task.MaxMessage-200), t.Since.UTC().Format("15:04:05"), namespace, o.Current.Job.Name)}
	case o.Progress == Run:
		return unheard(starting(*o.Current, namespace, previous, now), *o.Current, previous)
	}
	return stillUnreachable(Moving(), previous) // The next Job is still to come.
}

// unheard keeps what was said of an API server that does not answer until the next Pod has looked: that
// one process has ended and another one begins is no news of the server.
func unheard(s Stall, a Attempt, previous *metav1.Condition) Stall {
	ready, st := a.Job.Status.Ready, a.Status
	looked := ready != nil && *ready > 0 && !a.Deleting() && st != nil && st.Result == nil && st.Step != task.StepConnect
	if looked || a.Job.Status.Succeeded > 0 {
		return s
	}
	return stillUnreachable(s, previous)
}

// stillUnreachable is what was said before, if that was that an API server does not answer.
func stillUnreachable(s Stall, previous *metav1.Condition) Stall {
	if s.Status == metav1.ConditionTrue || previous == nil ||
		previous.Status != metav1.ConditionTrue || previous.Reason != api.ReasonEndpointUnreachable {
		return s
	}
	return Stall{Status: previous.Status, Reason: previous.Reason, Message: previous.Message, Recheck: s.Recheck}
}

// Missing says that a child is desired and not observed. It starts as Unknown, which is also
// where the time is counted from, and becomes True after a minute.
func Missing(child, command string, previous *metav1.Condition, now time.Time) Stall {
	s, late := noted(api.ReasonChildMissing, child+" is being created", missingAfter, previous, now)
	if late {
		s.Message = fmt.Sprintf("%s does not appear. Likely: a quota or an admission policy refuses it, or another object has its name: %s",
			child, command)
	}
	return s
}

// noted is Unknown at first, which is also where the time is counted from, and True when it is so
// for too long.
func noted(reason, message string, limit time.Duration, previous *metav1.Condition, now time.Time) (s Stall, late bool) {
	s = Stall{Status: metav1.ConditionUnknown, Reason: reason, Message: message, Recheck: limit}
	if previous == nil || previous.Reason != reason || previous.Status == metav1.ConditionFalse {
		return s, false
	}
	if waited := now.Sub(previous.LastTransitionTime.Time); previous.Status == metav1.ConditionUnknown && waited < limit {
		s.Recheck = max(limit-waited, time.Second)
		return s, false
	}
	s.Status, s.Recheck = metav1.ConditionTrue, 0
	return s, true
}

func failed(a Attempt, namespace string) Stall {
	reason := a.Result.Reason
	if reason == "" {
		reason = api.ReasonJobFailed
	}
	message := a.Result.Message
	if message == "" {
		message = fmt.Sprintf("attempt %d of %s has failed", a.Number, a.Step)
	}
	return Stall{
		Status:  metav1.ConditionTrue,
		Reason:  reason,
		Message: task.Cut(message, task.MaxMessage-200) + ": kubectl -n " + namespace + " describe job " + a.Job.Name,
	}
}

// starting looks at a Job that runs: it should have a Pod after a minute, and the Pod should
// be running after two.
func starting(a Attempt, namespace string, previous *metav1.Condition, now time.Time) Stall {
	s := a.Job.Status
	switch {
	case a.Deleting() || s.Succeeded > 0 || s.Ready != nil && *s.Ready > 0:
		return Moving()
	case a.Status != nil && a.Status.Result != nil:
		return Moving() // Its Pod is at its end, and the Job not yet.
	case a.Status != nil || s.Failed > 0:
		return lost(a, namespace, previous, now)
	}
	age := now.Sub(a.Job.CreationTimestamp.Time)
	if s.Active == 0 {
		if age < missingAfter {
			m := Moving()
			m.Recheck = max(missingAfter-age, time.Second)
			return m
		}
		return Stall{Status: metav1.ConditionTrue, Reason: api.ReasonPodMissing, Message: fmt.Sprintf(
			"Job %s has no Pod. Likely: a quota or an admission policy refuses it, or its ServiceAccount is missing: kubectl -n %s describe job %s",
			a.Job.Name, namespace, a.Job.Name)}
	}
	if age < startAfter {
		m := Moving()
		m.Recheck = max(startAfter-age, time.Second)
		return m
	}
	return Stall{Status: metav1.ConditionTrue, Reason: api.ReasonPodNotStarted, Message: fmt.Sprintf(
		"the Pod of Job %s does not start. Likely: its image cannot be pulled, a kubeconfig Secret is missing, or no node has room: "+
			"kubectl -n %s describe pods -l job-name=%s",
		a.Job.Name, namespace, a.Job.Name)}
}

// lost looks at a Job whose Pod has run, and does not now. A Job gets the next Pod only when the
// former one is gone for sure, which that on a dead node is not.
func lost(a Attempt, namespace string, previous *metav1.Condition, now time.Time) Stall {
	s, late := noted(api.ReasonPodMissing, fmt.Sprintf("Job %s has no running Pod; the next one is waited for", a.Job.Name),
		startAfter, previous, now)
	if !late {
		return s
	}
	why := "a quota or an admission policy refuses the next one, its image cannot be pulled, or no node has room"
	if n := a.Job.Status.Terminating; n != nil && *n > 0 {
		why = "the node of the last one is down: bring it back, or remove it from the cluster when it is off for good"
	}
	s.Message = fmt.Sprintf("Job %s has had no running Pod for %s. Likely: %s: kubectl -n %s get pods -o wide -l job-name=%s",
		a.Job.Name, startAfter, why, namespace, a.Job.Name)
	return s
}
