package application

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// defaultAccount is the account that every namespace has, and Pods that name none run as.
const defaultAccount = "default"

// followReferences takes everything that the members lead to, breadth first, so that the
// shortest path becomes the reason; of several, the first in the order of the members and of
// their edges, which is fixed.
func (m *maker) followReferences() {
	level := make([]*node, 0, len(m.members))
	for _, n := range m.x.nodes {
		if _, ok := m.included[n.ref]; ok {
			level = append(level, n)
		}
	}
	for len(level) > 0 {
		var next []*node
		for _, n := range level {
			for _, e := range m.edges(n) {
				if to := m.follow(n, e); to != nil {
					next = append(next, to)
				}
			}
		}
		level = next
	}
}

// follow takes the object that an edge leads to; nil when there is nothing new to take.
func (m *maker) follow(from *node, e edge) *node {
	if _, ok := m.included[e.to]; ok || m.blocked[e.to] {
		return nil
	}
	n := m.x.byRef[e.to]
	if n == nil || n.obj.GetDeletionTimestamp() != nil && e.to.kind() != kindClaim {
		m.missing(from, e)
		return nil
	}
	if !m.mayFollow(from, e, n) {
		return nil
	}
	path := m.path(from) + " > " + e.to.String()
	if owner := m.customOwner(n); owner != nil && e.to.kind() != kindClaim {
		return m.takeOwner(n, owner, path)
	}
	m.included[e.to] = path
	return n
}

// path from a member to an object that moves.
func (v *view) path(n *node) string {
	if _, member := v.members[n.ref]; member {
		return n.ref.String()
	}
	return v.included[n.ref]
}

// missing warns about a reference that leads nowhere: what is broken at the source will be
// broken at the target.
func (m *maker) missing(from *node, e edge) {
	if e.optional || !e.hard || m.remains(e.to) {
		return
	}
	m.AddWarning(from.ref,
		"%s refers to %s, which is not in the namespace %s: its Pods may not start at the target", from.ref, e.to, m.in.SourceNamespace)
}

func (m *maker) mayFollow(from *node, e edge, n *node) bool {
	switch {
	case m.excludedByUser[n.ref]:
		m.doWithout(from, e)
		return false
	case n.own || m.excluded[n.ref]:
		if e.hard && !m.remains(from.ref) {
			m.AddWarning(from.ref, "%s refers to %s, which KubeMove uses itself and never captures: create it at the target", from.ref, n.ref)
		}
		return false
	case n.ref.kind() == kindClaim:
		if isEphemeralClaim(n) {
			m.leave(n.ref, "it belongs to one Pod and ends with it")
			return false
		}
		return true
	case n.ref == refTo(kindServiceAccount, defaultAccount):
		// Nothing is created, but its Secrets and roles are followed.
		return true
	case m.isSystem(n), m.isMade(n):
		return false
	case isElection(n):
		m.leave(n.ref, byProgram)
		return false
	case neverMoved[n.ref.kind()] != "":
		m.leave(n.ref, neverMoved[n.ref.kind()])
		return false
	}
	owner := foreignOwner(n.obj)
	if owner == nil || m.customOwner(n) != nil {
		return true
	}
	if !e.hard {
		m.leave(n.ref, "it is controlled by "+owner.String()+", which does not move")
		return false
	}
	if !m.remains(n.ref) {
		m.AddWarning(n.ref, "%s is controlled by %s, which does not move: it moves as a plain copy that nothing updates", n.ref, owner)
	}
	return true
}

// systemObjects exist in every namespace by themselves, or where Istio or OpenShift runs.
var systemObjects = map[Ref]bool{
	refTo(kindServiceAccount, defaultAccount):        true,
	refTo(kindConfigMap, "kube-root-ca.crt"):         true,
	refTo(kindConfigMap, "openshift-service-ca.crt"): true,
	refTo(kindConfigMap, "istio-ca-root-cert"):       true,
	refTo(kindRoleBinding, "system:image-pullers"):   true,
	refTo(kindRoleBinding, "system:image-builders"):  true,
	refTo(kindRoleBinding, "system:deployers"):       true,
}

func (v *view) isSystem(n *node) bool {
	if n.ref.kind() == kindService && n.ref.Name == "kubernetes" && v.in.SourceNamespace == metav1.NamespaceDefault {
		return true
	}
	return systemObjects[n.ref] || v.isOpenShiftAccount(n)
}

// isOpenShiftAccount: OpenShift makes two accounts in every namespace, whose names others use as
// well, and binds each to a role.
func (v *view) isOpenShiftAccount(n *node) bool {
	binding := map[string]string{"builder": "system:image-builders", "deployer": "system:deployers"}[n.ref.Name]
	return n.ref.kind() == kindServiceAccount && binding != "" && v.x.byRef[refTo(kindRoleBinding, binding)] != nil
}

// isTokenSecret says whether an object is the token of an account.
func isTokenSecret(n *node) bool {
	if n.ref.kind() != kindSecret {
		return false
	}
	t, _, _ := unstructured.NestedString(n.obj.Object, "type")
	return t == string(corev1.SecretTypeServiceAccountToken)
}

// byNoPod is why the token of an account stays.
const byNoPod = "it is a token of a ServiceAccount that no Pod of the application uses; " +
	"Pods get tokens of their own at the target, and nothing makes this one there"

// checkTokens points at tokens that were made by hand and stay: programs outside of the cluster use
// such. Those that a cluster has made by itself were for Pods.
func checkTokens(v *view) (out Findings) {
	for _, n := range v.x.ofKind(kindSecret) {
		if v.left[n.ref] != byNoPod || v.moves(n) || generatedSecret.MatchString(n.ref.Name) {
			continue
		}
		account := n.obj.GetAnnotations()[corev1.ServiceAccountNameKey]
		out.AddWarning(n.ref,
			"%s is a token of ServiceAccount/%s that no Pod of the application uses, and stays: it is not valid at the target, "+
				"and none is made there. A program that uses it, such as a pipeline, needs another one after the move: "+
				"kubectl --namespace %s create token %s, or a Secret like this one",
			n.ref, account, v.in.TargetNamespace, account)
	}
	return out
}

// isEphemeralClaim says whether a claim belongs to a single Pod, as generic ephemeral volumes
// do.
func isEphemeralClaim(n *node) bool {
	owner := metav1.GetControllerOfNoCopy(n.obj)
	return owner != nil && ownerRef(owner).kind() == kindPod
}
