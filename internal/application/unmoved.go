package application

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// AddUnmoved notes which objects lie in the namespace, belong to the application by its
// selector, and stay, because KubeMove does not move objects of their kinds. Of the objects
// nothing but the metadata counts. It does not change what the plan does.
func (p *Plan) AddUnmoved(app api.Application, objects []unstructured.Unstructured) {
	selector, err := metav1.LabelSelectorAsSelector(app.Selector)
	if err != nil {
		return // A blocker says it.
	}
	var names []string
	for i := range objects {
		o := &objects[i]
		if !selector.Matches(labels.Set(o.GetLabels())) || madeByKubeMove(o) || p.isMade(o) {
			continue
		}
		ref := RefOf(o)
		p.Left = append(p.Left, Left{Ref: ref, Why: "KubeMove does not move objects of this kind"})
		if !isRuntime(o) {
			names = append(names, ref.String())
		}
	}
	slices.SortFunc(p.Left, func(a, b Left) int { return compareRefs(a.Ref, b.Ref) })
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	p.addWarning("these are not moved, as KubeMove does not move objects of their kinds: " + few(names) +
		"; where the application needs them, create them at the target")
}

// AddUnseen notes the kinds that nobody could look for.
func (p *Plan) AddUnseen(resources []string) {
	if len(resources) == 0 {
		return
	}
	resources = slices.Clone(resources)
	slices.Sort(resources)
	p.addWarning("nobody has looked for objects of these kinds, which KubeMove does not move, as the account at the source may not list them: " +
		few(resources) + "; if the application has some, create them at the target")
}

func (p *Plan) addWarning(text string) {
	p.Warnings = append(p.Warnings, clip(text))
	slices.Sort(p.Warnings)
	p.Warnings = slices.Compact(p.Warnings)
}

// isMade says whether a controller makes the object out of another one, there as here.
func (p *Plan) isMade(o *unstructured.Unstructured) bool {
	return metav1.GetControllerOfNoCopy(o) != nil || p.isMadeEndpoints(o)
}

// isMadeEndpoints: a controller writes the Endpoints of Services with a selector; they have no
// owner.
func (p *Plan) isMadeEndpoints(o *unstructured.Unstructured) bool {
	if RefOf(o).kind() != kindEndpoints || isElection(o) {
		return false
	}
	service := refTo(kindService, o.GetName())
	for i := range p.Objects {
		if p.Objects[i].Ref == service {
			s, err := decode[corev1.Service](p.Objects[i].Object.Object)
			return err == nil && len(s.Spec.Selector) > 0
		}
	}
	_, written := o.GetAnnotations()[corev1.EndpointsLastChangeTriggerTime]
	return written
}

const kindEndpoints = "Endpoints"

// isRuntime says whether a running program makes the object, and makes it anew.
func isRuntime(o *unstructured.Unstructured) bool {
	kind := RefOf(o).kind()
	return kind == "Lease.coordination.k8s.io" || kind == "ControllerRevision.apps" || kind == kindEndpoints && isElection(o)
}

// isElection: older programs elect their leader with an annotation on Endpoints.
func isElection(o *unstructured.Unstructured) bool {
	_, elects := o.GetAnnotations()["control-plane.alpha.kubernetes.io/leader"]
	return elects
}
