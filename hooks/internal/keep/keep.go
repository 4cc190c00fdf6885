// Package keep desires MovePairs and MoveSwitches to stay as they are, for the kinds that have them as children.
package keep

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
)

// Labels let the hooks of a pair, its switch and its DataSyncs find each other. An object that was made without
// them gets them in place.
func Labels(pair string) map[string]string {
	return map[string]string{api.PairNameLabel: api.PairNameHash(pair)}
}

// Pair without the fields that belong to the operator.
func Pair(p *api.MovePair) *api.MovePair {
	spec := *p.Spec.DeepCopy()
	spec.PlanRequest = ""
	kept := &api.MovePair{
		TypeMeta:   hooks.KindMovePair.TypeMeta(),
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: Labels(p.Name)},
		Spec:       spec,
	}
	if generation, ok := p.Annotations[api.EngineGenerationAnnotation]; ok {
		kept.Annotations = map[string]string{api.EngineGenerationAnnotation: generation}
	}
	return kept
}

// Switch without the fields that belong to the operator.
func Switch(m *api.MoveSwitch) *api.MoveSwitch {
	spec := *m.Spec.DeepCopy()
	spec.Desired, spec.ApprovedPlan, spec.Retry = "", "", ""
	return &api.MoveSwitch{
		TypeMeta:   hooks.KindMoveSwitch.TypeMeta(),
		ObjectMeta: metav1.ObjectMeta{Name: m.Name, Namespace: m.Namespace, Labels: Labels(m.Spec.PairRef.Name)},
		Spec:       spec,
	}
}
