package movepair

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// decide works out where plan and open stand.
func (s *state) decide() {
	spec := s.pair.Spec
	uid := string(s.pair.UID)
	s.plan.want = jobs.Want{
		Step:   task.VerbPlan,
		Intent: jobs.Intent(uid, "plan", spec.Application, spec.Source, spec.Target, dataOfPlan(spec.Data), spec.PlanRequest),
		Again:  blocked,
		Every:  interval(spec.PlanInterval),
		UID:    uid,
	}
	if spec.Objects != "" {
		s.plan.want.Intent = jobs.Intent(s.plan.want.Intent, spec.Objects) // Beside, as those of plans without it stay as they are.
	}
	s.open.want = jobs.Want{
		Step:   task.VerbOpen,
		Intent: jobs.Intent(uid, "open", spec.Source, spec.Target.Endpoint, config.InUse(spec.Data)),
	}
	if spec.PlanRequest != "" {
		// Opening is idempotent, and makes what was deleted.
		s.open.want.Intent = jobs.Intent(s.open.want.Intent, spec.PlanRequest)
	}
	s.plan.stepState = jobs.Next(s.attempts, s.plan.want, s.now)
	s.open.stepState = jobs.Next(s.attempts, s.open.want, s.now)
	s.newest = s.pair.Status.Plan
	if a := jobs.Newest(s.attempts, task.VerbPlan, hasPlan); a != nil {
		s.newest = a.Status.Plan
	}
	// A step that was done for this very spec stays done, though its Job is gone.
	s.plan.done = s.done(s.plan.stepState, s.was(api.ConditionPlanned))
	s.open.done = s.done(s.open.stepState, s.was(api.ConditionReady))
	s.decideWatch()
}

// dataOfPlan is the part of the data that a plan is made of.
func dataOfPlan(d api.Data) api.Data {
	d.Limits = api.Limits{}
	return d
}

func (s *state) done(o jobs.StepState, before bool) bool {
	return o.Progress == jobs.Done || before && o.Last == nil && o.Current == nil
}

// was says whether a condition was True for this generation of the spec.
func (s *state) was(condition string) bool {
	for _, c := range s.pair.Status.Conditions {
		if c.Type == condition && c.Status == "True" {
			return s.pair.Status.ObservedGeneration == s.pair.Generation
		}
	}
	return false
}

// hasPlan says whether an attempt has ended with a plan, be it one with blockers.
func hasPlan(a jobs.Attempt) bool {
	return a.Trusted && a.Status.Plan != nil && a.State != jobs.Failed
}

// blocked says whether the plan of a successful attempt cannot be carried out.
func blocked(a jobs.Attempt) bool {
	return a.Status != nil && a.Status.Plan != nil && len(a.Status.Plan.Blockers) > 0
}

// blockers of the newest plan.
func (s *state) blockers() []api.Blocker {
	if s.newest == nil {
		return nil
	}
	return s.newest.Blockers
}

// frozen says whether a switch uses the channel or has used it: nothing new is started then.
func (s *state) frozen() bool {
	return s.switches.Busy != nil || s.complete()
}

// complete says whether a switch has used the channel. It stays so, though the switch is gone.
func (s *state) complete() bool {
	return s.switches.Committed != nil || s.pair.Status.Channel == api.ChannelComplete && len(s.switches.All) == 0
}

// next is the step to create a Job for now, or nil.
func (s *state) next() *step {
	switch {
	case s.problem != nil || s.unlabelled != nil || s.pair.Spec.Suspend:
		return nil
	case s.frozen():
		return s.dueWatch()
	case !s.plan.done:
		return creatable(&s.plan)
	case s.open.stepState.Current == nil && (s.plan.stepState.Renew || s.outdated()):
		return &s.plan
	case !s.open.done && len(s.blockers()) == 0 && s.plan.stepState.Current == nil:
		return creatable(&s.open)
	}
	return s.dueWatch()
}

// outdated says whether a cutover has found the application changed since the newest plan: what
// there is to approve now must be there to be read.
func (s *state) outdated() bool {
	if s.newest == nil || s.plan.stepState.Current != nil {
		return false
	}
	return slices.ContainsFunc(s.switches.All, func(m *api.MoveSwitch) bool {
		c := meta.FindStatusCondition(m.Status.Conditions, api.ConditionApproved)
		return c != nil && c.Reason == api.ReasonPlanChanged && m.Status.PlanHash != s.newest.Hash &&
			s.newest.MadeAt.Before(&c.LastTransitionTime)
	})
}

// interval between two plans. What is no duration the API server has refused.
func interval(text string) time.Duration {
	const usual = time.Hour
	if d, err := time.ParseDuration(text); err == nil {
		return d
	}
	return usual
}

// renewal is how long it takes until the plan is made anew; 0: that is not waited for.
func (s *state) renewal() time.Duration {
	at := s.plan.stepState.RenewAt
	if at.IsZero() || s.problem != nil || s.unlabelled != nil || s.pair.Spec.Suspend || s.frozen() || s.open.stepState.Current != nil {
		return 0
	}
	return hooks.Until(at, s.now)
}

func creatable(s *step) *step {
	if s.stepState.Progress == jobs.Create {
		return s
	}
	return nil
}

// ready says whether data can flow.
func (s *state) ready() bool {
	return s.problem == nil && s.plan.done && s.open.done && len(s.blockers()) == 0
}

// unreachable returns the result that says that an endpoint cannot be reached, or nil.
func (s *state) unreachable() *task.Result {
	for _, st := range []step{s.plan, s.open} {
		if !st.done && st.stepState.Last != nil && unreachableReason(st.stepState.Last.Result.Reason) {
			return &st.stepState.Last.Result
		}
	}
	if last := s.lastWatch(); last != nil && last.State != jobs.Succeeded && unreachableReason(last.Result.Reason) {
		return &last.Result
	}
	i := slices.IndexFunc(s.blockers(), func(b api.Blocker) bool { return unreachableReason(b.Reason) })
	if i < 0 {
		return nil
	}
	return &task.Result{Reason: s.blockers()[i].Reason, Message: s.blockers()[i].Message}
}

func unreachableReason(reason string) bool {
	return reason == api.ReasonEndpointUnreachable || reason == api.ReasonInvalidKubeconfig
}
