package application

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/workload"
)

// The ways in which an object becomes a member; shown as Object.Why.
const (
	byName       = "named in application.workloads"
	byClaimName  = "named in application.claims"
	byAnnotation = "annotated with the name of the engine"
	bySelector   = "matches application.selector"
)

// selectMembers finds the members: named, annotated and matched by labels.
func (m *maker) selectMembers() {
	named := m.named()
	selector := m.selector()
	for _, n := range m.x.nodes {
		switch {
		case n.own:
		case named[n.ref] != "":
			m.admit(n, named[n.ref])
		case m.annotated(n):
			m.admit(n, byAnnotation)
		case selector.Matches(labels.Set(n.obj.GetLabels())):
			m.admit(n, bySelector)
		}
	}
	if len(m.members) == 0 && !m.hasBlocker() {
		m.AddBlocker(api.ReasonNothingSelected, Ref{},
			"nothing of the namespace %s is selected: expected application.workloads, application.claims, a selector that matches, "+
				"or workloads annotated with %s: \"true\" and %s: %s; to move the whole namespace set application.selector to {}",
			m.in.SourceNamespace, api.ApplyAnnotation, api.EngineAnnotation, m.in.Engine)
	}
}

// named are the members that the engine names, each with why it is one. What is not there is a
// blocker.
func (m *maker) named() map[Ref]string {
	named := map[Ref]string{}
	name := func(ref Ref, why, reason, field string) {
		named[ref] = why
		if n := m.x.byRef[ref]; n == nil || n.own {
			m.AddBlocker(reason, ref, "%s names %s, which is not in the namespace %s: correct the name, or remove the entry",
				field, ref, m.in.SourceNamespace)
		}
	}
	for _, w := range m.in.Application.Workloads {
		name(workloadRef(w), byName, api.ReasonWorkloadNotFound, "application.workloads")
	}
	for _, c := range m.in.Application.Claims {
		name(refTo(kindClaim, c.Name), byClaimName, api.ReasonClaimMissing, "application.claims")
	}
	return named
}

// workloadRef finds the group of a named workload by its kind: the API's default for the group, apps, is
// not that of all kinds.
func workloadRef(w api.WorkloadReference) Ref {
	if k := workload.Named(w.Kind); k != nil && (w.Group == "" || w.Group == "apps") {
		return Ref{Group: k.GVK().Group, Kind: w.Kind, Name: w.Name}
	}
	return Ref{Group: w.Group, Kind: w.Kind, Name: w.Name}
}

func (m *maker) selector() labels.Selector {
	selector, err := metav1.LabelSelectorAsSelector(m.in.Application.Selector)
	if err != nil {
		m.AddBlocker(api.ReasonInvalidSpec, Ref{}, "application.selector is not a label selector: %v; correct it", err)
		return labels.Nothing()
	}
	return selector
}

func (m *maker) annotated(n *node) bool {
	if !runsPods(n.ref.kind()) {
		return false
	}
	a := n.obj.GetAnnotations()
	if a[api.ApplyAnnotation] != "true" && a[api.EnableAnnotation] != "true" {
		return false
	}
	if a[api.EngineAnnotation] == "" {
		m.AddWarning(n.ref, "%s is annotated to be moved, but %s names no engine: it is not a member by its annotations",
			n.ref, api.EngineAnnotation)
	}
	return a[api.EngineAnnotation] == m.in.Engine
}

// admit makes a selected object a member, or says why it can't be one.
func (m *maker) admit(n *node, why string) {
	switch {
	case m.excludedByUser[n.ref]:
		m.refuseExcluded(n, why)
	case m.excluded[n.ref]:
		m.leave(n.ref, "KubeMove uses it itself")
	case isGenerated(n.ref.kind()) && m.hasController(n):
		m.warnOfOwner(n, why)
	case m.isSystem(n):
		m.leave(n.ref, "every namespace has its own")
	case isTokenSecret(n):
		m.leave(n.ref, byNoPod)
	case m.dataOnly() && rank(n.ref.kind()) < 0:
		m.leave(n.ref, byContents)
	case n.ref.kind() == kindClaim:
		m.admitClaim(n, why)
	case neverMoved[n.ref.kind()] != "":
		m.leave(n.ref, neverMoved[n.ref.kind()])
	case isElection(n):
		m.leave(n.ref, byProgram)
	case m.isMade(n):
	case m.customOwner(n) != nil:
		m.takeOwner(n, m.customOwner(n), n.ref.String())
	case foreignOwner(n.obj) != nil:
		m.refuseForeign(n, why)
	case n.obj.GetDeletionTimestamp() != nil:
		m.refuseDeleted(n)
	case isFinished(n):
		m.leave(n.ref, "it has finished")
	case rank(n.ref.kind()) < 0:
		m.refuseKind(n)
	case isWorkload(n.ref.kind()) && !m.readable(n):
	default:
		m.join(n, why)
	}
}

func (m *maker) join(n *node, why string) {
	m.members[n.ref] = why
	m.included[n.ref] = why
}

// admitClaim takes every claim but those that end with their Pod. A claim that an operator
// made moves too: it holds data. checkClaims refuses the ones that are being deleted.
func (m *maker) admitClaim(n *node, why string) {
	switch {
	case !isEphemeralClaim(n):
		m.join(n, why)
	case why == byClaimName:
		m.blocked[n.ref] = true
		m.AddBlocker(api.ReasonUnsupportedVolume, n.ref,
			"application.claims names %s, which belongs to Pod/%s and ends with it: expected a claim that stays; "+
				"remove the entry, or copy its data to a claim of its own first",
			n.ref, metav1.GetControllerOfNoCopy(n.obj).Name)
	default:
		m.leave(n.ref, "it belongs to one Pod and ends with it")
	}
}

func (v *view) hasController(n *node) bool { return metav1.GetControllerOfNoCopy(n.obj) != nil }

// warnOfOwner warns when a selector matches the Pods of a workload but not itself.
func (m *maker) warnOfOwner(n *node, why string) {
	root, foreign := m.x.root(n)
	if why != bySelector || isFinished(n) {
		return
	}
	if foreign != nil {
		m.AddWarning(root.ref, "%s is run by %s/%s, a kind that KubeMove does not move: it goes on running at the source",
			root.ref, foreign.Kind, foreign.Name)
		return
	}
	selector, err := metav1.LabelSelectorAsSelector(m.in.Application.Selector)
	if err == nil && !selector.Matches(labels.Set(root.obj.GetLabels())) {
		m.AddWarning(root.ref,
			"application.selector matches Pods of %s but not %s itself: to move it, give it the labels or name it in application.workloads",
			root.ref, root.ref)
	}
}

// refuseForeign: what a custom resource or an operator makes, it would make again.
func (m *maker) refuseForeign(n *node, why string) {
	owner := foreignOwner(n.obj)
	if isWorkload(n.ref.kind()) && why != bySelector {
		m.blocked[n.ref] = true
		m.AddBlocker(api.ReasonUnsupportedWorkload, n.ref,
			"%s is controlled by %s, which would start it again when KubeMove stops it: expected a workload without a controller; "+
				"move what %s manages by its own means, or remove the owner reference first",
			n.ref, owner, owner)
		return
	}
	if runsPods(n.ref.kind()) {
		m.AddWarning(n.ref, "%s is controlled by %s, a kind that KubeMove does not move: it goes on running at the source", n.ref, owner)
	}
	m.leave(n.ref, "it is controlled by "+owner.String()+", which does not move")
}

func (m *maker) refuseDeleted(n *node) {
	if !isWorkload(n.ref.kind()) {
		m.leave(n.ref, "it is being deleted")
		return
	}
	m.blocked[n.ref] = true
	m.AddBlocker(api.ReasonUnsupportedWorkload, n.ref,
		"%s is being deleted: wait until it is gone, or take it out of the selection", n.ref)
}

func (m *maker) refuseKind(n *node) {
	m.blocked[n.ref] = true
	fix := "take it out of the selection"
	switch n.ref.kind() {
	case kindPod:
		fix = "run it by a Deployment or StatefulSet, or take it out of the selection"
	case kindRC:
		fix = "run its Pods by a Deployment, or take it out of the selection"
	case kindJob:
		fix = "wait until it has finished, or take it out of the selection"
	}
	m.AddBlocker(api.ReasonUnsupportedWorkload, n.ref,
		"%s is selected, and a %s cannot be stopped and started again as it was: expected %s; %s",
		n.ref, n.ref.Kind, workload.Names(), fix)
}

func (m *maker) readable(n *node) bool {
	if n.unread == nil {
		return true
	}
	m.blocked[n.ref] = true
	m.AddBlocker(api.ReasonUnsupportedWorkload, n.ref, "%s cannot be read: %v", n.ref, n.unread)
	return false
}
