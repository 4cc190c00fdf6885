package moveswitch

import (
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

var (
	now = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	// earlier was the commit of the tests.
	earlier = metav1.NewTime(now.Add(-time.Minute))
)

// given is a switch that has not begun and waits for an approval; its pair is ready, with plan-1.
// Change it before anything is asked of it.
func given(changes ...func(s *state)) *state {
	s := &state{now: now}
	s.config = config.Config{TaskImage: "task:1",
		Mobilizers: map[string]config.Mobilizer{"restic": {Spec: config.MobilizerSpec{Type: config.Worker, Image: "ddm:1"}}}}
	s.sw = &api.MoveSwitch{ObjectMeta: metav1.ObjectMeta{Name: "shop-a", Namespace: "home", UID: "sw", Generation: 2,
		Labels: map[string]string{api.PairNameLabel: api.PairNameHash("shop-a")}, CreationTimestamp: metav1.NewTime(now)}}
	s.sw.Spec.PairRef.Name = "shop-a"
	s.pair = &api.MovePair{ObjectMeta: metav1.ObjectMeta{Name: "shop-a", Namespace: "home", UID: "pair", Generation: 4,
		Annotations: map[string]string{api.EngineGenerationAnnotation: "7"}}}
	s.pair.Status = api.MovePairStatus{ObservedGeneration: 4, Channel: api.ChannelActive,
		Plan:       &api.PlanStatus{Hash: "plan-1", MadeAt: &metav1.Time{Time: now.Add(-time.Hour)}},
		Conditions: []metav1.Condition{{Type: api.ConditionReady, Status: "True"}}}
	for _, change := range changes {
		s.facts = s.gather()
		change(s)
	}
	s.facts = s.gather()
	return s
}

// attempt at a step, for what is wanted now; each is a minute younger than the one before.
func attempt(step task.Verb, is jobs.State, more ...func(a *jobs.Attempt)) func(s *state) {
	return func(s *state) {
		n := len(s.attempts) + 1
		a := jobs.Attempt{Step: step, Intent: s.want(step).Intent, Round: s.roundOf(step), Number: n, State: is,
			Trusted: is != jobs.Running, Status: &task.Status{}, Job: &batchv1.Job{ObjectMeta: metav1.ObjectMeta{
				Name: fmt.Sprintf("%s-%d", step, n), Namespace: "home", CreationTimestamp: metav1.NewTime(now.Add(time.Duration(n-20) * time.Minute)),
				Annotations: map[string]string{approvedAnnotation: s.approved()}}}}
		if is != jobs.Running {
			a.Finished = now.Add(time.Duration(n-20)*time.Minute + time.Second)
		}
		if is == jobs.Failed {
			a.Result = task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonHealthTimeout, Message: "because"}
		}
		for _, f := range more {
			f(&a)
		}
		s.attempts = append(s.attempts, a)
	}
}

func cutover(is jobs.State, more ...func(a *jobs.Attempt)) func(s *state) {
	return attempt(task.VerbCutover, is, more...)
}

func rollback(is jobs.State, more ...func(a *jobs.Attempt)) func(s *state) {
	return attempt(task.VerbRollback, is, more...)
}

// says what the report of an attempt says of the switch.
func says(p task.SwitchProgress) func(a *jobs.Attempt) {
	return func(a *jobs.Attempt) { a.Status.Switch = &p }
}

// stopped is what a cutover says that has stopped the source.
var stopped = says(task.SwitchProgress{Touched: true, Active: api.ActiveNone, PlanHash: "plan-1",
	Steps: []api.SwitchStep{{Name: "Quiesce", State: "Done", FinishedAt: &earlier}, {Name: "FinalSync", State: "Running"}}})

// done is what a cutover says that is past its commit.
var done = says(task.SwitchProgress{Touched: true, Active: api.ActiveTarget, CommittedAt: &earlier, PlanHash: "plan-1"})

// endsWith is how an attempt has ended.
func endsWith(r task.Result) func(a *jobs.Attempt) { return func(a *jobs.Attempt) { a.Result = r } }

// untouched is how a cutover ends that has changed nothing.
func untouched(a *jobs.Attempt) { a.Result.Reason, a.Status.Switch = "Refused", &task.SwitchProgress{} }

// otherPlan is how a cutover ends that has found plan-2.
func otherPlan(a *jobs.Attempt) {
	untouched(a)
	a.Result = task.Result{Outcome: task.OutcomeDeclined, Reason: api.ReasonPlanChanged, Message: "it has changed"}
	a.Status.Plan = &api.PlanStatus{Hash: "plan-2", MadeAt: &metav1.Time{Time: now}}
}

// justNow the attempt has ended.
func justNow(a *jobs.Attempt) { a.Finished = now.Add(-time.Second) }

func approved(s *state) { s.sw.Spec.ApprovedPlan = "plan-1" }

func automatic(s *state) { s.sw.Spec.Approval = api.ApprovalAutomatic }

func retry(s *state) { s.sw.Spec.Retry = "1" }

func unwanted(s *state) { s.sw.Spec.Desired = api.DesiredRolledBack }

func deleted(ago time.Duration) func(s *state) {
	return func(s *state) {
		s.view.Finalizing = true
		s.sw.DeletionTimestamp = &metav1.Time{Time: now.Add(-ago)}
	}
}

// status says what the switch itself has said before, for the retry token that it has now.
func status(kind, is, reason string) func(s *state) {
	return func(s *state) {
		s.sw.Status.ObservedRetry = s.sw.Spec.Retry
		s.sw.Status.Conditions = append(s.sw.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionStatus(is), Reason: reason,
			Message: reason + "!", LastTransitionTime: earlier})
	}
}

// blocked is a pair whose plan has a blocker.
func blocked(s *state) {
	s.pair.Status.Plan.Blockers = []api.Blocker{{Reason: api.ReasonNameConflict, Message: "it is there"}}
	s.pair.Status.Conditions = []metav1.Condition{{Type: api.ConditionReady, Status: "False", Message: "blocked"}}
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
