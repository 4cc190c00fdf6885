package application

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

// requireNamed notes the cluster-wide objects that those at the target will name.
func (m *maker) requireNamed() {
	for i := range m.plan.Objects {
		o := &m.plan.Objects[i]
		if isWorkload(o.kind()) {
			m.requireOfTemplate(o)
		}
		switch o.kind() {
		case kindClaim:
			if claim, err := decode[corev1.PersistentVolumeClaim](o.Object.Object); err == nil && claim.Spec.VolumeAttributesClassName != nil {
				m.requireCluster(o.Ref, "VolumeAttributesClass.storage.k8s.io", *claim.Spec.VolumeAttributesClassName)
			}
		case kindIngress:
			if ingress, err := decode[networkingv1.Ingress](o.Object.Object); err == nil && ingress.Spec.IngressClassName != nil {
				m.requireCluster(o.Ref, "IngressClass.networking.k8s.io", *ingress.Spec.IngressClassName)
			}
		case kindRoleBinding:
			binding, err := decode[rbacv1.RoleBinding](o.Object.Object)
			if err == nil && binding.RoleRef.Kind == "ClusterRole" && !slices.Contains(ordinaryRoles, binding.RoleRef.Name) {
				m.requireCluster(o.Ref, kindClusterRole, binding.RoleRef.Name)
			}
		}
	}
}

// ordinaryRoles are in every cluster.
var ordinaryRoles = []string{"admin", "edit", "view", "cluster-admin"}

func (m *maker) requireOfTemplate(o *Object) {
	template, err := podTemplate(&o.Object, o.kind())
	if err != nil {
		return // The target's dry run says it.
	}
	m.requireCluster(o.Ref, kindPriorityClass, template.Spec.PriorityClassName)
	if class := template.Spec.RuntimeClassName; class != nil {
		m.requireCluster(o.Ref, "RuntimeClass.node.k8s.io", *class)
	}
}

// requireCluster notes a cluster-wide object that the target needs. The system's own are
// everywhere.
func (m *maker) requireCluster(by Ref, kind, name string) {
	if name == "" || name == "system-cluster-critical" || name == "system-node-critical" {
		return
	}
	ref := refTo(kind, name)
	m.require(Required{Ref: ref, Why: by.String() + " > " + ref.String()})
}

// require something of the target, once.
func (m *maker) require(r Required) {
	if !slices.ContainsFunc(m.plan.Requires, func(other Required) bool { return other.Ref == r.Ref }) {
		m.plan.Requires = append(m.plan.Requires, r)
	}
}
