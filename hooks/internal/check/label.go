package check

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
)

// PairLabel checks the label by which the hooks of a pair, its switch and its DataSyncs find an object; resource is what
// kubectl calls it.
func PairLabel(o metav1.Object, resource, pair string) *config.Problem {
	if o.GetLabels()[api.PairNameLabel] == api.PairNameHash(pair) {
		return nil
	}
	return &config.Problem{Reason: api.ReasonLabelMissing, Message: fmt.Sprintf(
		"the label %s is not %s, by which MovePair %s and its objects find each other, so nothing begins: %s",
		api.PairNameLabel, api.PairNameHash(pair), pair, hooks.LabelCommand(o.GetNamespace(), resource, o.GetName(), pair))}
}

// SwitchName checks that a switch has the name of its pair. The API server refuses others; this is for those that are
// older than that.
func SwitchName(m *api.MoveSwitch) *config.Problem {
	if m.Name == m.Spec.PairRef.Name {
		return nil
	}
	return invalid("this MoveSwitch does not see MovePair %[1]s, as it has another name: make one that is named %[1]s, and delete this one",
		m.Spec.PairRef.Name)
}

// SyncName checks that a DataSync is named after its pair.
func SyncName(d *api.DataSync) *config.Problem {
	if hooks.OfPair(d.Name, d.Spec.PairRef.Name) {
		return nil
	}
	return invalid("this DataSync does not see MovePair %[1]s, as its name does not begin with %[1]s-: make one that is named %[1]s-%[2]s, "+
		"and delete this one", d.Spec.PairRef.Name, d.Spec.Mobilizer)
}
