// Package switches reads what the MoveSwitches of a pair mean for the pair and its DataSyncs.
package switches

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
)

// Summary of the switches that name one pair.
type Summary struct {
	// All of them, by name.
	All []*api.MoveSwitch
	// Committed switch: the application belongs to the target; nil when there is none.
	Committed *api.MoveSwitch
	// Busy switch: it has begun and neither ended nor been rolled back; nil when there is
	// none.
	Busy *api.MoveSwitch
	// Holding switch needs the pair and its accounts: it is busy or being deleted.
	Holding *api.MoveSwitch
}

// Of reads the switches that name a pair.
func Of(objects hooks.Objects, namespace, pair string) (Summary, error) {
	list, err := hooks.List[api.MoveSwitch](objects, hooks.KindMoveSwitch)
	if err != nil {
		return Summary{}, err
	}
	var s Summary
	for _, m := range list {
		if m.Namespace != namespace || m.Spec.PairRef.Name != pair {
			continue
		}
		s.All = append(s.All, m)
		if m.Status.CommittedAt != nil && s.Committed == nil {
			s.Committed = m
		}
		if Busy(m) && s.Busy == nil {
			s.Busy = m
		}
		if (Busy(m) || m.DeletionTimestamp != nil) && s.Holding == nil {
			s.Holding = m
		}
	}
	return s, nil
}

// Begun says whether a switch has done anything that is not undone, or is about to. The steps do
// not tell: those of a cutover that was declined, or was rolled back, are shown until the next.
func Begun(m *api.MoveSwitch) bool {
	if m.Status.CommittedAt != nil {
		return true
	}
	switched := meta.FindStatusCondition(m.Status.Conditions, api.ConditionSwitched)
	return switched != nil && (switched.Status == metav1.ConditionTrue || slices.Contains(begun, switched.Reason))
}

// begun are the reasons of Switched while there is something to undo, or a cutover is wanted.
var begun = []string{api.ReasonRunning, api.ReasonHeld, api.ReasonRollingBack}

// Busy says whether a switch has begun and not ended.
func Busy(m *api.MoveSwitch) bool {
	return Begun(m) && !meta.IsStatusConditionTrue(m.Status.Conditions, api.ConditionSwitched)
}

// Pair finds the pair that a switch or a DataSync names; nil when it is out of sight.
func Pair(objects hooks.Objects, namespace, name string) (*api.MovePair, error) {
	list, err := hooks.List[api.MovePair](objects, hooks.KindMovePair)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.Namespace == namespace && p.Name == name {
			return p, nil
		}
	}
	return nil, nil
}
