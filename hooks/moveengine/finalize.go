package moveengine

import (
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/switches"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// finalize drops the switch first: it rolls back or ends what it has begun, and needs the pair
// for that. Then the pairs.
func (s *state) finalize() hooks.Desired {
	var children []runtime.Object
	message := "the pairs clean up"
	if len(s.switches) > 0 {
		message = "waits for MoveSwitch " + s.switches[0].Name + " to end"
	}
	for _, p := range s.pairs {
		if len(s.switches) > 0 || s.isOutdated(p) {
			children = append(children, s.lastWord(p))
		}
	}
	c := s.conditions()
	c.False(api.ConditionReady, api.ReasonDeleting, message)
	stall := switches.Stall(s.sw, s.pair, s.switched())
	gone := len(s.switches) == 0 && len(s.pairs) == 0
	deadline := jobs.GiveUpDeadline(s.engine, nil, s.now)
	forced := deadline.Over && deadline.Until.Equal(s.now)
	if forced {
		stall = jobs.Stall{Status: "True", Reason: api.ReasonCleanupGaveUp,
			Message: "deleted by force: its pairs and its switch are deleted on their own and say what they leave"}
	}
	stall.Set(c)
	return hooks.Desired{Children: children, Status: s.status(c), Finalized: gone || forced}
}
