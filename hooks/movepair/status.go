package movepair

import (
	"cmp"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/jobs"
)

func (s *state) status(dataSyncs []string, children []runtime.Object) (api.MovePairStatus, time.Duration) {
	c := hooks.NewConditions(s.pair.Status.Conditions, s.pair.Generation, s.now)
	s.accepted(c)
	s.connected(c)
	s.planned(c)
	s.readyCondition(c)
	stall := s.stall(children, c)
	stall.Set(c)
	return api.MovePairStatus{
		ObservedGeneration: s.pair.Generation,
		Conditions:         c.List(),
		Channel:            s.channel(),
		Plan:               s.newest,
		DataSyncs:          dataSyncs,
		Transport:          s.transport(),
		Stalled:            c.ReasonIfTrue(api.ConditionStalled),
	}, stall.Recheck
}

// transport of the newest runs, as the DataSyncs have seen it; what was known stays, when they
// are gone.
func (s *state) transport() string {
	var volumes []api.VolumeStatus
	for _, d := range s.syncs {
		volumes = append(volumes, d.Status.Volumes...)
	}
	return cmp.Or(hooks.Transports(volumes), s.pair.Status.Transport)
}

// channel in the words of the API.
func (s *state) channel() api.Channel {
	switch {
	case s.complete():
		return api.ChannelComplete
	case s.unreachable() != nil:
		return api.ChannelUnknown
	case s.ready() && s.there:
		return api.ChannelActive
	case len(s.attempts) > 0 || s.newest != nil || s.next() != nil:
		return api.ChannelInProgress
	}
	return api.ChannelInit
}

func (s *state) accepted(c *hooks.Conditions) {
	if s.problem != nil {
		c.False(api.ConditionAccepted, s.problem.Reason, s.problem.Message)
		return
	}
	c.True(api.ConditionAccepted, api.ReasonAccepted, "the spec can be worked on")
}

func (s *state) connected(c *hooks.Conditions) {
	if r := s.unreachable(); r != nil {
		c.False(api.ConditionConnected, r.Reason, r.Message)
		return
	}
	if s.plan.done || s.plan.outlook.Last != nil && hasPlan(*s.plan.outlook.Last) {
		c.True(api.ConditionConnected, api.ReasonSucceeded, "both endpoints were reached")
		return
	}
	c.Unknown(api.ConditionConnected, api.ReasonPending, "no plan has reached both endpoints yet")
}

func (s *state) planned(c *hooks.Conditions) {
	const kind = api.ConditionPlanned
	last := s.plan.outlook.Last
	switch {
	case s.plan.done && len(s.blockers()) == 0:
		c.True(kind, api.ReasonPlanned, s.planText())
	case last != nil && hasPlan(*last) && len(s.blockers()) > 0:
		c.False(kind, api.ReasonBlocked, blockersText(s.blockers()))
	case last != nil && last.State != jobs.Succeeded:
		c.False(kind, reason(last.Result.Reason), last.Result.Message)
	case s.problem != nil:
		c.False(kind, s.problem.Reason, s.problem.Message)
	case s.pair.Spec.Suspend && s.plan.outlook.Progress == jobs.Create:
		c.Unknown(kind, api.ReasonSuspended, "spec.suspend is set")
	default:
		c.Unknown(kind, api.ReasonPlanning, "the plan is being made")
	}
}

func (s *state) planText() string {
	if s.newest == nil {
		return "planned"
	}
	return fmt.Sprintf("plan %s: %d objects, %d volumes", s.newest.Hash, s.newest.Objects, len(s.newest.Volumes))
}

func (s *state) readyCondition(c *hooks.Conditions) {
	const kind = api.ConditionReady
	last := s.open.outlook.Last
	switch {
	case s.channel() == api.ChannelComplete:
		c.True(kind, api.ReasonRetired, "a switch has used the channel; no data flows any more")
	case s.channel() == api.ChannelActive:
		c.True(kind, api.ReasonActive, "planned without blockers and open")
	case s.problem != nil:
		c.False(kind, s.problem.Reason, s.problem.Message)
	case len(s.blockers()) > 0 && (s.plan.done || s.plan.outlook.Last != nil):
		c.False(kind, api.ReasonBlocked, blockersText(s.blockers()))
	case !s.plan.done:
		c.False(kind, api.ReasonPlanning, "there is no plan for this spec yet")
	case last != nil && last.State != jobs.Succeeded:
		c.False(kind, reason(last.Result.Reason), last.Result.Message)
	case s.pair.Spec.Suspend && s.open.outlook.Progress == jobs.Create:
		c.False(kind, api.ReasonSuspended, "spec.suspend is set")
	default:
		c.False(kind, api.ReasonOpening, "the mobilizers open the channel")
	}
}

func blockersText(list []api.Blocker) string {
	if len(list) == 0 {
		return ""
	}
	b := list[0]
	text := b.Reason + ": " + b.Message
	if b.Object != "" {
		text = b.Object + ": " + text
	}
	if len(list) > 1 {
		return fmt.Sprintf("%s (and %d more)", text, len(list)-1)
	}
	return text
}

func reason(r string) string {
	if r == "" {
		return api.ReasonFailed
	}
	return r
}
