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

// naming is the part of a switch that says whose it is.
type naming struct {
	Spec struct {
		PairRef api.LocalReference `json:"pairRef"`
	} `json:"spec"`
}

// Of reads the switches that name a pair.
func Of(objects hooks.Objects, namespace, pair string) (Summary, error) {
	var s Summary
	for _, o := range objects.Of(hooks.KindMoveSwitch) {
		// The namespace may hold many that are none of this pair's: they are not decoded whole.
		named, err := hooks.As[naming](o)
		if err != nil {
			return Summary{}, err
		}
		if o.Namespace != namespace || named.Spec.PairRef.Name != pair {
			continue
		}
		m, err := hooks.As[api.MoveSwitch](o)
		if err != nil {
			return Summary{}, err
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

// Begun says whether a switch has done anything that is not rolled back, or is about to. The steps do
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

// Named finds a switch by its name; nil when it is out of sight.
func Named(objects hooks.Objects, namespace, name string) (*api.MoveSwitch, error) {
	for _, o := range objects.Of(hooks.KindMoveSwitch) {
		if o.Namespace == namespace && o.Name == name {
			return hooks.As[api.MoveSwitch](o)
		}
	}
	return nil, nil
}

// Pair finds the pair that a switch or a DataSync names; nil when it is out of sight.
func Pair(objects hooks.Objects, namespace, name string) (*api.MovePair, error) {
	for _, o := range objects.Of(hooks.KindMovePair) {
		if o.Namespace == namespace && o.Name == name {
			return hooks.As[api.MovePair](o)
		}
	}
	return nil, nil
}
