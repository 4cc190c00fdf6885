package movepair

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

var now = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// aPlan that can be carried out.
var aPlan = &api.PlanStatus{Hash: "plan-1", Objects: 3, MadeAt: &metav1.Time{Time: now.Add(-2 * time.Minute)},
	Volumes: []api.PlannedVolume{{Name: "wal", Target: "w", Mobilizer: "restic"}, {Name: "data", Target: "d", Mobilizer: "restic"},
		{Name: "empty"}}}

// blockedPlan is one that cannot.
var blockedPlan = &api.PlanStatus{Hash: "plan-1", Blockers: []api.Blocker{
	{Reason: api.ReasonNameConflict, Message: "it is there", Object: "ConfigMap/x"},
	{Reason: api.ReasonEndpointUnreachable, Message: "no answer"}}}

// given is a pair of which nothing has been done yet. Change it before anything is asked of it.
func given(changes ...func(s *state)) *state {
	s := &state{now: now, there: true, pair: &api.MovePair{
		ObjectMeta: metav1.ObjectMeta{Name: "shop-a", Namespace: "home", UID: "uid", Generation: 2}}}
	s.config = config.Config{TaskImage: "task:1",
		Mobilizers: map[string]config.Mobilizer{"restic": {Spec: config.MobilizerSpec{Type: config.Worker, Image: "ddm:1"}}}}
	s.pair.Spec = api.MovePairSpec{Engine: "shop", Target: api.Target{Name: "a", Endpoint: api.Endpoint{
		Namespace: "there", Cluster: &api.ClusterAccess{KubeconfigSecretRef: api.SecretKeyReference{Name: "cloud"}}}}}
	for _, change := range changes {
		s.decide()
		change(s)
	}
	s.decide()
	return s
}

// attempt at a step with its present intent; each is a minute younger than the one before.
func attempt(step task.Verb, is jobs.State, more ...func(a *jobs.Attempt)) func(s *state) {
	return func(s *state) {
		intent := s.plan.want.Intent
		switch step {
		case task.VerbOpen:
			intent = s.open.want.Intent
		case task.VerbWatch:
			intent = s.watch.want.Intent
		}
		n, number := len(s.attempts)+1, len(s.attempts)+1
		if step == task.VerbWatch {
			number = len(only(s.attempts, step)) + 1
		}
		a := jobs.Attempt{Step: step, Intent: intent, Number: number, State: is, Trusted: is != jobs.Running, Status: &task.Status{},
			Job: &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: string(step) + "-job", Namespace: "home"}}}
		if is != jobs.Running {
			a.Finished = now.Add(time.Duration(n-10) * time.Minute)
		}
		for _, f := range more {
			f(&a)
		}
		s.attempts = append(s.attempts, a)
	}
}

func planned(s *state) {
	attempt(task.VerbPlan, jobs.Succeeded, with(aPlan))(s)
}

func opened(s *state) { attempt(task.VerbOpen, jobs.Succeeded)(s) }

func blockedBy(s *state) { attempt(task.VerbPlan, jobs.Succeeded, with(blockedPlan))(s) }

// failed for a reason, a while ago.
func failed(step task.Verb, reason string, ago time.Duration) func(s *state) {
	return attempt(step, jobs.Failed, func(a *jobs.Attempt) {
		a.Finished, a.Result = now.Add(-ago), task.Result{Reason: reason, Message: "because"}
	})
}

// with a plan as the report.
func with(plan *api.PlanStatus) func(a *jobs.Attempt) {
	return func(a *jobs.Attempt) { a.Status.Plan = plan }
}

// was says that a condition was True for this generation.
func was(kind string) func(s *state) {
	return func(s *state) {
		s.pair.Status.ObservedGeneration = s.pair.Generation
		s.pair.Status.Conditions = append(s.pair.Status.Conditions, metav1.Condition{Type: kind, Status: "True"})
	}
}

func suspended(s *state) { s.pair.Spec.Suspend = true }

func mistaken(s *state) { s.problem = &config.Problem{Reason: "R", Message: "m"} }

func busy(s *state) { s.switches.Busy = &api.MoveSwitch{} }

func committed(s *state) { s.switches.Committed = &api.MoveSwitch{} }

// ago is how long ago an attempt has ended.
func ago(d time.Duration) func(a *jobs.Attempt) {
	return func(a *jobs.Attempt) { a.Finished = now.Add(-d) }
}

// seen is what an attempt has found.
func seen(w task.Watch) func(a *jobs.Attempt) {
	return func(a *jobs.Attempt) { a.Status.Watch = &w }
}

// lost is a look that did not reach an endpoint.
func lost(d time.Duration) func(s *state) {
	return attempt(task.VerbWatch, jobs.Failed, ago(d), func(a *jobs.Attempt) {
		a.Result = task.Result{Reason: api.ReasonEndpointUnreachable, Message: "no answer", Retry: task.RetryLater}
	})
}

// said is a condition in short: what it says, and why.
func said(list []metav1.Condition, kind string) string {
	for _, x := range list {
		if x.Type == kind {
			return string(x.Status) + " " + x.Reason + ": " + x.Message
		}
	}
	return "nothing"
}

// saidBy one of the functions that set conditions.
func saidBy(s *state, f func(*hooks.Conditions), kind string) string {
	c := hooks.NewConditions(s.pair.Status.Conditions, s.pair.Generation, s.now)
	f(c)
	return said(c.List(), kind)
}
