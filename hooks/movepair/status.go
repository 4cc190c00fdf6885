package movepair

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/internal/downtime"
)

func (s *state) status(dataSyncs []string, children []runtime.Object) (api.MovePairStatus, time.Duration) {
	c := hooks.NewConditions(s.pair.Status.Conditions, s.pair.Generation, s.now)
	check.Accepted(c, cmp.Or(s.problem, s.unlabelled))
	s.connected(c)
	s.planned(c)
	s.readyCondition(c)
	stall := s.stall(children, c)
	stall.Set(c)
	plan, predicted := s.predicted()
	return api.MovePairStatus{
		ObservedGeneration:       s.pair.Generation,
		Conditions:               c.List(),
		Channel:                  s.channel(),
		Plan:                     plan,
		DataSyncs:                dataSyncs,
		LastSuccessTime:          s.lastSuccess(dataSyncs),
		PredictedDowntimeSeconds: downtime.Seconds(predicted),
		PredictedDowntime:        predicted,
		Transport:                s.transport(),
		Stalled:                  c.ReasonIfTrue(api.ConditionStalled),
	}, stall.Recheck
}

// lastSuccess is the oldest end of the last successful runs of the DataSyncs; nil: one has none yet. What was known
// stays, when they are gone.
func (s *state) lastSuccess(names []string) *metav1.Time {
	if len(names) == 0 {
		return s.pair.Status.LastSuccessTime
	}
	var oldest *metav1.Time
	for _, name := range names {
		i := slices.IndexFunc(s.syncs, func(d *api.DataSync) bool { return d.Name == name })
		if i < 0 || s.syncs[i].Status.LastSuccessTime == nil {
			return nil
		}
		if at := s.syncs[i].Status.LastSuccessTime; oldest == nil || at.Before(oldest) {
			oldest = at
		}
	}
	return oldest
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
