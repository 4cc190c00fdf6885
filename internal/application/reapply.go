package application

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Change is what has become of an object of the forward plan where the application is now.
type Change struct {
	// Forward is the object as the switch has made it.
	Forward *Object
	// Made is that with what the server there would fill in, and There what is there now. Nil: it is gone, or could not be compared.
	Made, There *unstructured.Unstructured
	// Fields that differ, and Text that warns of the change where it stays behind.
	Fields, Text string
}

// changes brings those changes to the objects that the application has left, or warns of them.
func (r *reverser) changes() {
	for _, c := range r.in.Changes {
		if r.in.Objects != api.ObjectsReapply || !r.reapply(c) {
			r.AddWarning(c.Forward.Ref, "%s", c.Text)
		}
	}
	for _, o := range slices.Clone(r.plan.Objects) {
		if o.Former != nil {
			r.additions(o)
		}
	}
}

// reapply changes the object that the application has left as the one was that the switch has made of it. It says whether nothing
// of the change stays behind unsaid.
func (r *reverser) reapply(c Change) bool {
	f := c.Forward
	switch {
	case c.There == nil || c.Made == nil || f.Written:
		return false
	case f.SourceRef() != f.Ref:
		r.AddBlocker(api.ReasonInvalidSpec, f.Ref, "objects is Reapply, and %s is called %s where it came from: expected the same names on "+
			"both sides, as a changed field may hold one. Leave objects at Restore, and make the change there yourself", f.Ref, f.Source)
		return true
	}
	left := r.target[f.Ref]
	if left == nil {
		r.AddBlocker(api.ReasonObjectMissing, f.Ref, "objects is Reapply, and %s, which was changed in the namespace %s (%s), is not in the "+
			"namespace %s any more: create it there, or leave objects at Restore", f.Ref, r.in.SourceNamespace, c.Fields, r.in.TargetNamespace)
		return true
	}
	i := slices.IndexFunc(r.plan.Objects, func(o Object) bool { return o.Ref == f.Ref })
	if i < 0 && f.Ref.Workload() != nil {
		return true // It has a blocker.
	}
	k := r.kept(left, f.Ref, PhaseStart, nil)
	if i >= 0 {
		k = r.plan.Objects[i]
	}
	made, there := r.turned(c.Made), r.turned(c.There)
	if isAutoscaled(r.in.Forward, f) {
		for _, o := range []*unstructured.Unstructured{made, there} {
			unstructured.RemoveNestedField(o.Object, "spec", "replicas")
		}
	}
	changed, err := Changed(&k.Object, made, there)
	if err != nil {
		r.AddBlocker(api.ReasonInvalidSpec, f.Ref, "what was changed in %s in the namespace %s (%s) cannot be brought to the one that the "+
			"application has left: it lies in a part that only the forward move has made. Make the change there yourself, and leave objects at "+
			"Restore", f.Ref, r.in.SourceNamespace, c.Fields)
		return true
	}
	if SameContent(changed, &k.Object) {
		return true // It was changed there, too.
	}
	k.Why = "changed since the switch: " + c.Fields
	k.Former, k.Object = &Former{UID: left.GetUID(), Object: *contentOf(left)}, *changed
	r.namesNamespace(k)
	if i >= 0 {
		r.plan.Objects[i] = k
		return true
	}
	r.plan.Objects = append(r.plan.Objects, k)
	return true
}

// FieldsOf an object of the forward plan that differ from what is there now, but for how many Pods an autoscaler wants. found is nil
// when nothing is there.
func FieldsOf(forward *Plan, o *Object, found *Present) []string {
	if found == nil {
		return nil
	}
	var out []string
	for _, d := range found.Differs {
		if d.Path != "spec.replicas" || !isAutoscaled(forward, o) {
			out = append(out, d.Path)
		}
	}
	return out
}

// turned is an object with the name of the namespace that the application goes to, where KubeMove knows that it means its own.
func (r *reverser) turned(o *unstructured.Unstructured) *unstructured.Unstructured {
	out := o.DeepCopy()
	from, to := r.in.SourceNamespace, r.in.TargetNamespace
	if a := out.GetAnnotations(); a[helmNamespace] == from {
		a[helmNamespace] = to
		out.SetAnnotations(a)
	}
	switch RefOf(out).kind() {
	case kindNetworkPolicy:
		renameSelectors(out.Object["spec"], from, to)
	case kindRoleBinding:
		for _, subject := range mapsIn(out.Object, "subjects") {
			if subject["namespace"] == from {
				subject["namespace"] = to
			}
		}
	}
	return out
}

// beside are the objects of the application that stay as they are where it goes back to.
func (r *reverser) beside() {
	for _, f := range r.in.Forward.Changeable() {
		ref := f.SourceRef()
		left := r.target[ref]
		planned := slices.ContainsFunc(r.plan.Objects, func(o Object) bool { return o.Ref == ref })
		if left == nil || planned || ref.Workload() != nil || f.Runs {
			continue
		}
		o := r.kept(left, f.Ref, PhaseStart, nil)
		o.Written = f.Written
		r.plan.Beside = append(r.plan.Beside, o)
	}
	slices.SortFunc(r.plan.Beside, compareObjects)
}

// isAutoscaled: how many Pods the workload has is not for a user to say.
func isAutoscaled(forward *Plan, o *Object) bool {
	return slices.ContainsFunc(forward.Workloads, func(w Workload) bool { return w.Ref == o.SourceRef() && w.Autoscaled })
}

// namesNamespace warns of a change that holds the name of the namespace that the application leaves.
func (r *reverser) namesNamespace(o Object) {
	from := r.in.SourceNamespace
	if from != r.in.TargetNamespace && strings.Contains(asJSON(o.Object.Object), from) &&
		!strings.Contains(asJSON(o.Former.Object.Object), from) {
		r.AddWarning(o.Ref, "what was changed in %s holds the name of the namespace %s, and goes back as it is: expected that it is "+
			"right in the namespace %s, too", o.Ref, from, r.in.TargetNamespace)
	}
}

// additions are what a changed workload names and the application has not left behind: it is created, where it holds
// configuration.
func (r *reverser) additions(o Object) {
	if o.Ref.Workload() == nil {
		return
	}
	t, err := podTemplate(&o.Object, o.Ref.kind())
	if err != nil || t == nil {
		return // The server says in what it is malformed.
	}
	for _, e := range templateEdges(t) {
		kind := e.to.kind()
		planned := slices.ContainsFunc(r.plan.Objects, func(p Object) bool { return p.Ref == e.to })
		if r.target[e.to] != nil || planned || e.to == refTo(kindServiceAccount, defaultAccount) {
			continue
		}
		switch here := r.source[e.to]; {
		case here != nil && (kind == kindConfigMap || kind == kindSecret):
			added := Object{Ref: e.to, Phase: PhaseStart, Object: *clean(here),
				Why: fmt.Sprintf("added since the switch, and %s names it", o.Ref)}
			added.Object.SetNamespace(r.in.TargetNamespace)
			r.plan.Objects = append(r.plan.Objects, added)
		case !e.optional && slices.Contains([]string{kindConfigMap, kindSecret, kindServiceAccount, kindClaim}, kind):
			r.AddBlocker(api.ReasonObjectMissing, e.to, "objects is Reapply, and %s names %s since it was changed in the namespace %s, which the "+
				"namespace %s does not have: create it there, or leave objects at Restore", o.Ref, e.to, r.in.SourceNamespace, r.in.TargetNamespace)
		}
	}
}
