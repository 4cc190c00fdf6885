package movereverse

import (
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/keep"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// finalize drops the switch first: it rolls back or ends what it has begun, and needs the pair for that. Then the pair.
func (s *state) finalize() hooks.Desired {
	var children []runtime.Object
	message := "the pair cleans up"
	if s.sw != nil {
		message = "waits for MoveSwitch " + s.sw.Name + " to end"
		if s.pair != nil {
			children = append(children, keep.Pair(s.pair))
		}
	}
	c := s.conditions()
	c.False(api.ConditionReady, api.ReasonDeleting, message)
	stall := s.stall()
	if s.problem != nil {
		stall = jobs.Moving()
	}
	gone := s.sw == nil && s.pair == nil
	deadline := jobs.GiveUpDeadline(s.reverse, nil, s.now)
	forced := deadline.Over && deadline.Until.Equal(s.now)
	if forced {
		stall = jobs.Stall{Status: "True", Reason: api.ReasonCleanupGaveUp,
			Message: "deleted by force: its pair and its switch are deleted on their own and say what they leave"}
	}
	stall.Set(c)
	return hooks.Desired{Children: children, Status: s.status(c), Finalized: gone || forced}
}
