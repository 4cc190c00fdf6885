package application

import (
	"cmp"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Cluster-wide objects that an application names are shared with others. So a plan requires them,
// and creates those that the target does not have, where KubeMove knows how and the account may.

// requireKinds requires the definitions of the custom resources that move.
func (m *maker) requireKinds() {
	for _, n := range m.includedNodes() {
		if plural := m.in.Resources[n.ref.kind()]; plural != "" && isCustom(n.ref.kind()) && !m.remains(n.ref) {
			m.requireCluster(n.ref, kindCRD, plural+"."+n.ref.Group)
		}
	}
}

// requireBindings requires the ClusterRoleBindings that give accounts of the application rights.
func (m *maker) requireBindings() {
	if m.dataOnly() {
		return
	}
	for _, b := range m.cluster {
		if b.ref.kind() != kindClusterRoleBinding {
			continue
		}
		binding := read[rbacv1.ClusterRoleBinding](b)
		for _, account := range m.includedNodes() {
			if account.ref.kind() != kindServiceAccount || !bindsAccountItself(binding.Subjects, m.in.SourceNamespace, account.ref.Name) {
				continue
			}
			m.requireBinding(account, b)
			if !slices.Contains(ordinaryRoles, binding.RoleRef.Name) {
				m.requireCluster(account.ref, kindClusterRole, binding.RoleRef.Name)
			}
			break
		}
	}
}

// checkUnseenBindings says that accounts may have rights that KubeMove could not see.
func checkUnseenBindings(v *view) (out Findings) {
	if !v.in.BindingsUnseen || v.dataOnly() {
		return nil
	}
	var accounts []string
	for _, n := range v.includedNodes() {
		if n.ref.kind() == kindServiceAccount && n.ref.Name != defaultAccount {
			accounts = append(accounts, n.ref.Name)
		}
	}
	if len(accounts) > 0 {
		out.AddWarning(Ref{}, "the account at the source may not list ClusterRoleBindings, "+
			"so it was not checked whether they give these ServiceAccounts rights for the whole cluster: %s; "+
			"if so, bind them at the target", few(accounts))
	}
	return out
}

// bindsAccountItself: groups of accounts get their rights from a person who means all of them.
func bindsAccountItself(subjects []rbacv1.Subject, namespace, account string) bool {
	return slices.ContainsFunc(subjects, func(s rbacv1.Subject) bool {
		return s.Kind != rbacv1.GroupKind && bindsAccount([]rbacv1.Subject{s}, namespace, account)
	})
}

// requireBinding requires a binding with those of its subjects that move.
func (m *maker) requireBinding(account, b *node) {
	out := clean(b.obj)
	subjects, _ := out.Object["subjects"].([]any)
	out.Object["subjects"] = slices.DeleteFunc(subjects, func(s any) bool {
		subject, err := decode[rbacv1.Subject](s.(map[string]any))
		return err != nil || !slices.ContainsFunc(m.includedNodes(), func(n *node) bool {
			return n.ref.kind() == kindServiceAccount && bindsAccountItself([]rbacv1.Subject{*subject}, m.in.SourceNamespace, n.ref.Name)
		})
	})
	m.mapSubjects(out)
	m.renameSubjects(out, out, m.accountNames())
	m.plan.Requires = append(m.plan.Requires, Required{Ref: b.ref, Why: account.ref.String() + " > " + b.ref.String(), Object: out})
}

// Defines says whether the plan creates the definition of a kind.
func (p *Plan) Defines(group, kind string) bool {
	return slices.ContainsFunc(p.Objects, func(o Object) bool {
		g, _, _ := unstructured.NestedString(o.Object.Object, "spec", "group")
		k, _, _ := unstructured.NestedString(o.Object.Object, "spec", "names", "kind")
		return o.kind() == kindCRD && g == group && k == kind
	})
}

// WhyNotCreated says why a plan may not create the cluster-wide object that is required; empty: it
// may.
func WhyNotCreated(r Required, source *unstructured.Unstructured) string {
	if !slices.Contains(clusterKinds, r.kind()) {
		return "KubeMove creates no " + r.Kind
	}
	if strategy, _, _ := unstructured.NestedString(source.Object, "spec", "conversion", "strategy"); strategy == "Webhook" {
		return "its versions are converted by a webhook, which comes with its controller"
	}
	return ""
}

// CreateCluster makes the plan create a cluster-wide object that it has required so far. source
// is the object as the source has it.
func (p *Plan) CreateCluster(ref Ref, source *unstructured.Unstructured) {
	i := slices.IndexFunc(p.Requires, func(r Required) bool { return r.Ref == ref })
	if i < 0 {
		return
	}
	r := p.Requires[i]
	p.Requires = slices.Delete(p.Requires, i, i+1)
	o := Object{Ref: ref, Phase: PhaseStart, Why: r.Why, Cluster: true, Origin: originOf(source)}
	if r.Object != nil {
		o.Object = *r.Object
	} else {
		o.Object = *clean(source)
	}
	p.Objects = append(p.Objects, o)
	slices.SortFunc(p.Objects, compareObjects)
}

// Grants says what of a required ClusterRoleBinding one of that name lacks; empty: nothing.
func Grants(r Required, there *unstructured.Unstructured) string {
	want, err := decode[rbacv1.ClusterRoleBinding](r.Object.Object)
	if err != nil {
		return err.Error()
	}
	has, err := decode[rbacv1.ClusterRoleBinding](there.Object)
	switch {
	case err != nil:
		return err.Error()
	case has.RoleRef != want.RoleRef:
		return "it binds the " + has.RoleRef.Kind + " " + has.RoleRef.Name + " and not the " + want.RoleRef.Kind + " " + want.RoleRef.Name
	}
	for _, s := range want.Subjects {
		if !slices.Contains(has.Subjects, s) {
			return "it lacks the subject " + s.Kind + " " + cmp.Or(s.Namespace, "-") + "/" + s.Name
		}
	}
	return ""
}

// compareObjects puts objects into the order of their creation.
func compareObjects(a, b Object) int {
	if a.Phase != b.Phase {
		return slices.Index(phases, a.Phase) - slices.Index(phases, b.Phase)
	}
	return compareRefs(a.Ref, b.Ref)
}
