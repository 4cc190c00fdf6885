package movepair

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// finalize removes what the channel has left in the clusters: worker Pods, their Secrets and
// repositories, and with the deletionPolicy Delete the copies. Nothing is dropped while a switch needs the pair.
func (s *state) finalize() (hooks.Desired, error) {
	cleanup := step{want: jobs.Want{Step: task.VerbCleanup, Intent: s.cleanupIntent()}}
	cleanup.stepState = jobs.Next(s.attempts, cleanup.want, s.now)
	deadline := jobs.GiveUpDeadline(s.pair, cleanup.stepState.Current, s.now)
	switch {
	case s.switches.Holding != nil:
		return s.leaving(s.everything(),
			fmt.Sprintf("waits for MoveSwitch %s, which needs the pair", s.switches.Holding.Name), jobs.Moving()), nil
	case deadline.Over:
		d := s.leaving(s.accounts(), s.givenUp(), jobs.Moving())
		d.Finalized = true
		return d, nil
	case !s.opened() || cleanup.stepState.Progress == jobs.Done:
		d := s.leaving(s.everything(), s.cleanedUp(cleanup.stepState.Last), jobs.Moving())
		d.Finalized = true
		return d, nil
	}
	children := s.accounts()
	if busy := s.busyChild(); busy != "" {
		return s.leaving(children, "waits for "+busy+" to end", jobs.Moving()), nil
	}
	children = append(children, jobs.KeptChildren(jobs.Keep(only(s.attempts, task.VerbCleanup), nil))...)
	if cleanup.stepState.Progress == jobs.Create {
		job, err := s.cleanupJob(&cleanup)
		if err != nil {
			return hooks.Desired{}, err
		}
		children = append(children, job)
	}
	stall := jobs.Check(cleanup.stepState, s.pair.Namespace,
		meta.FindStatusCondition(s.pair.Status.Conditions, api.ConditionStalled), s.now)
	stall.Recheck = hooks.Sooner(stall.Recheck, hooks.Until(deadline.Until, s.now))
	return s.leaving(children, "cleans up source and target; given up at "+deadline.Until.UTC().Format("15:04:05")+" UTC", stall), nil
}

// deletesCopies: the clean-up is asked to delete the copies at the target. What lies at the target of a way back was there
// before the move.
func (s *state) deletesCopies() bool {
	return s.pair.Spec.DeletionPolicy.Deletes() && s.pair.Spec.Reverses == nil
}

func (s *state) cleanupIntent() string {
	if s.deletesCopies() {
		return jobs.Intent(string(s.pair.UID), "cleanup", api.DeletionDelete)
	}
	return jobs.Intent(string(s.pair.UID), "cleanup")
}

func (s *state) cleanupJob(st *step) (runtime.Object, error) {
	t := jobs.Task(s.pair, st.want.Step, s.config)
	t.Move.DeleteCopies = s.deletesCopies()
	return s.build(st, t, jobs.SwitchAccount(s.pair.Name))
}

// cleanedUp says what the clean-up has done with the copies, where it was asked to delete them.
func (s *state) cleanedUp(last *jobs.Attempt) string {
	if !s.deletesCopies() || last == nil || last.Result.Message == "" {
		return "cleaned up"
	}
	return "cleaned up: " + last.Result.Message
}

func (s *state) givenUp() string {
	message := "the clean-up was given up: worker Pods, Secrets and repository claims with the label " +
		api.PairLabel + "=" + string(s.pair.UID) + " may be left in source and target"
	if s.deletesCopies() {
		message += ", and copies, which are claims with the annotation " + api.CreatedByAnnotation + "=" + string(s.pair.UID) +
			", at the target"
	}
	return message
}

// everything that is there stays as it is.
func (s *state) everything() []runtime.Object {
	children := append(s.accounts(), jobs.KeptChildren(s.keptJobs())...)
	for _, d := range s.keptSyncs() {
		children = append(children, d)
	}
	return children
}

// opened says whether the channel may have left anything in the clusters.
func (s *state) opened() bool {
	st := s.pair.Status
	return jobs.Newest(s.attempts, task.VerbOpen, nil) != nil || len(s.syncs) > 0 || len(st.DataSyncs) > 0 ||
		st.Channel == api.ChannelActive || st.Channel == api.ChannelComplete || s.was(api.ConditionReady) ||
		st.Channel == api.ChannelUnknown && s.was(api.ConditionPlanned)
}

// busyChild names a child that has to end before the clean-up.
func (s *state) busyChild() string {
	if len(s.syncs) > 0 {
		return "DataSync " + s.syncs[0].Name
	}
	for _, a := range s.attempts {
		if a.Step != task.VerbCleanup && (a.State == jobs.Running || a.Deleting()) {
			return "Job " + a.Job.Name
		}
	}
	return ""
}

// leaving is the status of a pair that is being deleted.
func (s *state) leaving(children []runtime.Object, message string, stall jobs.Stall) hooks.Desired {
	c := hooks.NewConditions(s.pair.Status.Conditions, s.pair.Generation, s.now)
	check.Accepted(c, cmp.Or(s.problem, s.unlabelled))
	// The Jobs that say these go one after the other.
	c.Keep(api.ConditionConnected, api.ConditionPlanned)
	c.False(api.ConditionReady, api.ReasonDeleting, message)
	stall.Set(c)
	status := s.pair.Status
	status.ObservedGeneration = s.pair.Generation
	status.Conditions = c.List()
	if s.complete() {
		// The clean-up reads it when the switch is gone.
		status.Channel = api.ChannelComplete
	}
	return hooks.Desired{Children: children, Status: status, ResyncAfter: stall.Recheck}
}

func only(list []jobs.Attempt, step task.Verb) []jobs.Attempt {
	var out []jobs.Attempt
	for _, a := range list {
		if a.Step == step {
			out = append(out, a)
		}
	}
	return out
}
