package movereverse

import (
	"cmp"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/check"
)

// judge says why there is nothing to go back from, or what is wrong with the spec; nil: nothing is. taken is the pair that has
// the name which the own one is to have.
func (s *state) judge(taken *api.MovePair) *config.Problem {
	r := s.reverse
	if p := check.Sync(r.Spec.Sync); p != nil {
		return p
	}
	if r.Spec.Switch != nil {
		if p := check.SwitchTime(r.Spec.Switch.At, r.CreationTimestamp); p != nil {
			return p
		}
	}
	name := r.Spec.SwitchRef.Name
	switch {
	case s.pair != nil:
		return nil // It has begun: all that it needs is in its pair.
	case s.forward == nil:
		return problem(api.ReasonSwitchNotFound, "there is no MoveSwitch %s in this namespace: name the one whose way back this is "+
			"in spec.switchRef (kubectl -n %s get moveswitches)", name, r.Namespace)
	case s.forward.DeletionTimestamp != nil:
		return problem(api.ReasonSwitchNotFound, "MoveSwitch %s is being deleted, and what is needed for the way back goes with it: "+
			"make a MoveEngine from where the application is now", name)
	case !meta.IsStatusConditionTrue(s.forward.Status.Conditions, api.ConditionSwitched):
		return problem(api.ReasonNotReady, "MoveSwitch %s is not complete, so there is nothing to go back from: wait until its "+
			"condition Switched is True, or, before it is committed, set its spec.desired to RolledBack", name)
	case s.way == nil:
		return problem(api.ReasonSwitchNotFound, "MovePair %s of MoveSwitch %s is not there: make a MoveEngine from where the application is now",
			s.forward.Spec.PairRef.Name, name)
	case taken != nil:
		return problem(api.ReasonNameConflict, "there is another MovePair %s: expected none, as that of this MoveReverse gets its name; "+
			"choose another name for the MoveReverse", r.Name)
	case s.way.Spec.Reverses != nil && len(s.way.Spec.Reverses.Earlier) >= maxEarlier:
		return problem(api.ReasonInvalidSpec, "the application has moved %d times there and back: make a MoveEngine from where it is now",
			maxEarlier)
	}
	return check.Move(s.source(), s.target(), s.data(), s.config)
}

// maxEarlier switches of a lineage, as the schema says.
const maxEarlier = 64

func problem(reason, format string, args ...any) *config.Problem {
	return &config.Problem{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// switched says whether the application is back. It stays so, though the switch is gone.
func (s *state) switched() bool {
	if s.sw != nil && meta.IsStatusConditionTrue(s.sw.Status.Conditions, api.ConditionSwitched) {
		return true
	}
	return meta.IsStatusConditionTrue(s.reverse.Status.Conditions, api.ConditionSwitched)
}

// active side of the way back: what the switch says, else what it was, else the source.
func (s *state) active() api.ActiveSide {
	if s.sw != nil {
		return cmp.Or(s.sw.Status.Active, api.ActiveSource)
	}
	return cmp.Or(s.reverse.Status.Active, api.ActiveSource)
}
