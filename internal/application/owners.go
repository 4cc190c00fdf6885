package application

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/workload"
)

// What controls an object makes it, at the target as at the source. So of a chain of owners the
// first one moves, and the rest is left to it.

// customOwner is the custom resource at the beginning of the chain of an object's controllers;
// nil: there is none that can move.
func (v *view) customOwner(n *node) *node {
	root, _ := v.x.root(n)
	if root == n || !isCustom(root.ref.kind()) || root.own || v.excluded[root.ref] || v.excludedByUser[root.ref] ||
		neverMoved[root.ref.kind()] != "" || root.obj.GetDeletionTimestamp() != nil {
		return nil
	}
	return root
}

// isOwnedWorkload says whether a custom resource makes a workload: nothing but its own controller
// stands between them.
func isOwnedWorkload(n *node) bool {
	owner := metav1.GetControllerOfNoCopy(n.obj)
	return owner != nil && isWorkload(n.ref.kind()) && isCustom(ownerRef(owner).kind())
}

// ownedWorkloads are the workloads that a custom resource makes.
func (v *view) ownedWorkloads(owner *node) []*node {
	var out []*node
	for _, n := range v.x.owned[owner.ref] {
		if isOwnedWorkload(n) {
			out = append(out, n)
		}
	}
	return out
}

// takeOwner takes the custom resource that an object comes from, in the object's place; nil: it
// moves already. path says how the object was reached.
func (m *maker) takeOwner(n, owner *node, path string) *node {
	m.leave(n.ref, m.whyMade(owner))
	m.warnOfMade(n, owner)
	if m.moves(owner) {
		return nil
	}
	m.included[owner.ref] = path + " > " + owner.ref.String()
	return owner
}

// warnOfMade warns of a Secret that another controller has to make at the target before Pods can
// start there: it may have other keys, or no such store.
func (m *maker) warnOfMade(n, owner *node) {
	if n.ref.kind() == kindSecret && !m.remains(n.ref) {
		m.AddWarning(n.ref, "%s is left to the target's controller, which has to make it of %s before Pods can use it: "+
			"see to it that it can, with the same keys and stores; "+
			"or name %s in application.exclude, and %s moves as a plain copy", n.ref, owner.ref, owner.ref, n.ref)
	}
}

// whyMade is why what a custom resource makes does not move.
func (v *view) whyMade(owner *node) string {
	if v.remains(owner.ref) {
		return byContents
	}
	return owner.ref.String() + " makes it, and moves"
}

// leaveMade notes what the custom resources that move make at the target themselves.
func (m *maker) leaveMade() {
	for _, owner := range m.includedNodes() {
		if !isCustom(owner.ref.kind()) {
			continue
		}
		for _, n := range m.x.owned[owner.ref] {
			if _, moves := m.included[n.ref]; moves || isGenerated(n.ref.kind()) && !isCustomControlled(n) {
				continue
			}
			m.leave(n.ref, m.whyMade(owner))
		}
		m.refuseUnstoppable(owner)
	}
}

func isCustomControlled(n *node) bool {
	owner := metav1.GetControllerOfNoCopy(n.obj)
	return owner != nil && isCustom(ownerRef(owner).kind())
}

// refuseUnstoppable refuses a custom resource whose Pods could not be stopped: the ones that it runs
// without a workload, and those that a controller starts again that does not move.
func (m *maker) refuseUnstoppable(owner *node) {
	for _, n := range m.x.owned[owner.ref] {
		switch {
		case !isCustomControlled(n) || !runsPods(n.ref.kind()) || !m.runs(n):
		case !isWorkload(n.ref.kind()):
			m.AddBlocker(api.ReasonUnsupportedWorkload, owner.ref,
				"%s runs %s itself, not by %s, which KubeMove could stop: "+
					"move %s by its own means and take it out of the selection", owner.ref, n.ref, workload.Names(), owner.ref)
			return
		case !m.controllerMoves(owner):
			m.AddBlocker(api.ReasonUnsupportedWorkload, owner.ref,
				"%s makes %s, and no workload that moves looks like its controller (one whose account may list %s): "+
					"the controller would start %s again when KubeMove stops it. "+
					"Expected that the controller moves, too; select it, or move %s by its own means and take it out of the selection",
				owner.ref, n.ref, m.resourceOf(owner.ref), n.ref, owner.ref)
			return
		}
	}
}

// resourceOf a custom kind, as RBAC writes it.
func (v *view) resourceOf(r Ref) string {
	return schema.GroupResource{Group: r.Group, Resource: v.in.Resources[r.kind()]}.String()
}

// controllerMoves says whether a workload that moves, and is stopped, is the controller of a
// custom resource, as far as one can tell: its account may list such resources. It is the same for
// all of a kind.
func (v *view) controllerMoves(custom *node) bool {
	kind := custom.ref.kind()
	if _, known := v.controlled[kind]; !known {
		v.controlled[kind] = slices.ContainsFunc(v.includedNodes(), func(n *node) bool {
			return n.template != nil && isWorkload(n.ref.kind()) && v.mayList(accountOf(n.template), custom.ref)
		})
	}
	return v.controlled[kind]
}

func (v *view) mayList(account string, custom Ref) bool {
	return slices.ContainsFunc(v.rulesOf(account, bindsAccount), func(r rbacv1.PolicyRule) bool {
		return grants(r, v.resource(custom.kind()), "list", "watch")
	})
}

// isMade says whether Kubernetes itself makes an object of one of the further kinds out of
// another one, there as here.
func (v *view) isMade(n *node) bool {
	if !otherBuiltins[n.ref.kind()] {
		return false
	}
	return metav1.GetControllerOfNoCopy(n.obj) != nil || v.isMadeEndpoints(n) || isMadeSlice(n)
}

// isMadeEndpoints: a controller writes the Endpoints of Services with a selector; they have no
// owner.
func (v *view) isMadeEndpoints(n *node) bool {
	if n.ref.kind() != kindEndpoints || isElection(n) {
		return false
	}
	if service := v.x.byRef[refTo(kindService, n.ref.Name)]; service != nil {
		return len(read[corev1.Service](service).Spec.Selector) > 0
	}
	_, written := n.obj.GetAnnotations()[corev1.EndpointsLastChangeTriggerTime]
	return written
}

// sliceManagers write EndpointSlices of Services with a selector, and of Endpoints.
var sliceManagers = []string{"endpointslice-controller.k8s.io", "endpointslicemirroring-controller.k8s.io"}

func isMadeSlice(n *node) bool {
	return n.ref.kind() == kindEndpointSlice && slices.Contains(sliceManagers, n.obj.GetLabels()["endpointslice.kubernetes.io/managed-by"])
}

// isElection says whether a running program writes an object again and again, there as here, to
// elect a leader: older programs on Endpoints, and Patroni, whose renewals are annotations, on
// Endpoints or ConfigMaps (https://patroni.readthedocs.io/en/latest/kubernetes.html).
func isElection(n *node) bool {
	has := func(key string) bool { return n.obj.GetAnnotations()[key] != "" }
	switch n.ref.kind() {
	case kindEndpoints:
		return has(electionAnnotation) || has("leader") && has("renewTime")
	case kindConfigMap:
		return has("leader") && has("renewTime")
	}
	return false
}

const (
	electionAnnotation = "control-plane.alpha.kubernetes.io/leader"
	byProgram          = "a running program writes it, there as here"
)
