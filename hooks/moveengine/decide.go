package moveengine

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/check"
	"github.com/kubemove/kubemove/hooks/internal/switches"
)

// target to switch to.
func target(spec api.MoveEngineSpec) string {
	if spec.Switch != nil && spec.Switch.Target != "" {
		return spec.Switch.Target
	}
	if len(spec.Targets) == 1 {
		return spec.Targets[0].Name
	}
	return ""
}

// problem with what the user wrote, or nil.
func problem(e *api.MoveEngine, c config.Config) *config.Problem {
	if p := check.Workloads(e.Spec.Application); p != nil {
		return p
	}
	for _, t := range e.Spec.Targets {
		if p := check.Move(e.Spec.Source, t, e.Spec.Data, c); p != nil {
			return p
		}
	}
	if p := cmp.Or(check.Targets(e.Spec.Targets), check.Sync(e.Spec.Sync)); p != nil {
		return p
	}
	if e.Spec.Switch != nil {
		if p := check.SwitchTime(e.Spec.Switch.At, e.CreationTimestamp); p != nil {
			return p
		}
	}
	name := target(e.Spec)
	if !slices.ContainsFunc(e.Spec.Targets, func(t api.Target) bool { return t.Name == name }) {
		return &config.Problem{Reason: api.ReasonInvalidSpec,
			Message: "switch.target does not name one of the targets: set it to the target to switch to"}
	}
	return nil
}

// theSwitch that counts: one that has begun, else the one of the present target.
func (s *state) theSwitch() *api.MoveSwitch {
	for _, m := range s.switches {
		if switches.Begun(m) {
			return m
		}
	}
	for _, m := range s.switches {
		if m.Name == s.switchName() {
			return m
		}
	}
	return nil
}

// switched says whether the move is done. It stays so, though the switch is gone.
func (s *state) switched() bool {
	if s.sw != nil && meta.IsStatusConditionTrue(s.sw.Status.Conditions, api.ConditionSwitched) {
		return true
	}
	return meta.IsStatusConditionTrue(s.engine.Status.Conditions, api.ConditionSwitched)
}

// switchPair is the pair of the switch that counts.
func (s *state) switchPair() string {
	if s.sw != nil {
		return s.sw.Spec.PairRef.Name
	}
	return s.switchName()
}

// plan of the pair to switch to.
func (s *state) plan() *api.PlanStatus {
	if s.pair == nil {
		return nil
	}
	return s.pair.Status.Plan
}

func (s *state) isTarget(pair string) bool {
	return slices.ContainsFunc(s.engine.Spec.Targets, func(t api.Target) bool { return s.childName(t.Name) == pair })
}
