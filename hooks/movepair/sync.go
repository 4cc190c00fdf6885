package movepair

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// sync desires the accounts, the Jobs and the DataSyncs.
func (s *state) sync() (hooks.Desired, error) {
	children := s.accounts()
	children = append(children, jobs.KeptChildren(s.keptJobs())...)
	if next := s.next(); next != nil {
		job, err := s.job(next, s.account(next.ask.Step))
		if problem := jobs.TooLarge(err); problem != nil {
			s.problem = problem
		} else if err != nil {
			return hooks.Desired{}, err
		} else {
			children = append(children, job)
		}
	}
	var names []string
	s.there = true
	for _, d := range s.dataSyncs() {
		names = append(names, d.Name)
		children = append(children, d)
		s.there = s.there && slices.ContainsFunc(s.syncs, func(o *api.DataSync) bool { return o.Name == d.Name })
	}
	status, recheck := s.status(names, children)
	recheck = hooks.Sooner(recheck, s.renewal())
	if s.switches.Busy != nil {
		recheck = hooks.Sooner(recheck, hooks.RelatedRecheck)
	}
	return hooks.Desired{Children: children, Status: status, ResyncAfter: recheck}, nil
}

// stall of the steps, else of children that do not appear.
func (s *state) stall(children []runtime.Object, c *hooks.Conditions) jobs.Stall {
	namespace := s.pair.Namespace
	previous := c.Previous(api.ConditionStalled)
	stall := jobs.Moving()
	if s.problem == nil && !s.frozen() {
		for _, st := range []step{s.plan, s.open} {
			if !st.done && st.outlook.Progress != jobs.Create {
				stall = jobs.Worse(stall, s.stepStall(st, previous))
				break
			}
			if !st.done {
				if st.outlook.Stuck {
					stall = jobs.Worse(stall, s.stepStall(st, previous))
				}
				break
			}
		}
	}
	return jobs.Worse(stall, jobs.CheckMissing(children, s.view.Children, namespace, previous, s.now))
}

// stepStall is that of a step; a plan with blockers tells them.
func (s *state) stepStall(st step, previous *metav1.Condition) jobs.Stall {
	stall := jobs.Check(st.outlook, s.pair.Namespace, previous, s.now)
	if st.ask.Step == s.plan.ask.Step && st.outlook.Stuck && len(s.blockers()) > 0 && hasPlan(*st.outlook.Last) {
		stall.Reason = api.ReasonBlocked
		stall.Message = hooks.Cut(blockersText(s.blockers()), hooks.MaxMessage-200) +
			": kubectl -n " + s.pair.Namespace + " get movepair " + s.pair.Name + " -o jsonpath='{.status.plan.blockers}'"
	}
	return stall
}

// account that a step runs as. A plan runs as the switch, and changes nothing: the API servers and
// their policies judge a dry run by who asks.
func (s *state) account(step task.Verb) string {
	if step == task.VerbPlan {
		return jobs.SwitchAccount(s.pair.Name)
	}
	return jobs.DataAccount(s.pair.Name)
}
