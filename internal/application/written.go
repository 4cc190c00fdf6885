package application

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// A program may keep state in objects: who leads, counters, tokens. What it writes there until its
// last Pod is gone belongs to the application as the content of its volumes does, so such objects
// are read again then. Which ones these are follows from the rights of the application's accounts.

// Transform is what a second reading of objects is made with, as the first one was.
type Transform struct {
	Kustomizations []api.Kustomization `json:"kustomizations,omitempty"`
	// Claims as data.claims has them: custom resources may name them.
	Claims []api.ClaimData `json:"claims,omitempty"`
	// Read are the objects, by their names at the source, with what the first reading has found.
	Read []Read `json:"read"`
}

// Read is an object that is read again.
type Read struct {
	Ref `json:",inline"`
	// Content is a hash of what it held, so that what has not changed need not be made again.
	Content string `json:"content"`
	// Deletable: the application may also delete it.
	Deletable bool `json:"deletable,omitempty"`
}

// markWritten marks the objects whose content the application may write.
func (m *maker) markWritten() {
	var accounts []rights
	for _, account := range m.accountsOfPods() {
		accounts = append(accounts, m.rulesOf(account, includesAccount))
	}
	var written []string
	transform := &Transform{Kustomizations: m.in.Kustomizations, Claims: m.in.Data.Claims}
	for i := range m.plan.Objects {
		o := &m.plan.Objects[i]
		if !m.holdsState(o) {
			continue
		}
		resource, name := m.resource(o.kind()), o.SourceRef().Name
		o.Written = slices.ContainsFunc(accounts, func(r rights) bool { return r.mayWrite(resource, name) })
		if !o.Written {
			continue
		}
		written = append(written, o.Ref.String())
		transform.Read = append(transform.Read, Read{Ref: o.SourceRef(), Content: contentHash(m.x.byRef[o.SourceRef()].obj),
			Deletable: slices.ContainsFunc(accounts, func(r rights) bool { return r.mayDelete(resource, name) })})
	}
	if len(written) == 0 {
		return
	}
	m.plan.Transform = transform
	m.AddWarning(Ref{}, "read again when the application has stopped, as its accounts may write them: %s; "+
		"what they hold then moves, and is no part of what is approved", few(written))
}

// holdsState says whether an object can hold what a program writes, and does nothing else: it
// neither runs Pods, nor grants rights, nor leads traffic.
func (v *view) holdsState(o *Object) bool {
	switch kind := o.kind(); {
	case o.Phase != PhaseStart || o.Runs || o.Cluster:
		return false
	case kind == kindConfigMap:
		return true
	case kind == kindSecret:
		return o.Object.Object["type"] != string(corev1.SecretTypeServiceAccountToken)
	default:
		return isCustom(kind) && !slices.ContainsFunc(v.x.owned[o.SourceRef()], func(n *node) bool { return runsPods(n.ref.kind()) })
	}
}

// accountsOfPods are the accounts that the Pods of the application run as.
func (v *view) accountsOfPods() []string {
	var out []string
	for _, n := range v.stopped() {
		if n.template != nil {
			out = append(out, accountOf(n.template))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// includes says whether subjects include an account of a namespace.
type includes func(subjects []rbacv1.Subject, namespace, account string) bool

// rulesOf an account, as far as the bindings that include it and their roles could be read.
func (v *view) rulesOf(account string, bound includes) rights {
	var out rights
	for _, b := range v.x.ofKind(kindRoleBinding) {
		if binding := read[rbacv1.RoleBinding](b); bound(binding.Subjects, v.in.SourceNamespace, account) {
			out = append(out, v.rules(binding.RoleRef)...)
		}
	}
	for _, b := range v.cluster {
		if b.ref.kind() != kindClusterRoleBinding {
			continue
		}
		if binding := read[rbacv1.ClusterRoleBinding](b); bound(binding.Subjects, v.in.SourceNamespace, account) {
			out = append(out, v.rules(binding.RoleRef)...)
		}
	}
	return out
}

// includesAccount says whether an account is among the subjects, be it by a group of all of them.
func includesAccount(subjects []rbacv1.Subject, namespace, account string) bool {
	return bindsAccount(subjects, namespace, account) || slices.ContainsFunc(subjects, isEveryAccount)
}

// NamesAccounts says whether a subject is an account of the namespace, or a group with all of them.
func NamesAccounts(s rbacv1.Subject, namespace string) bool {
	return isEveryAccount(s) || !isForeignAccount(s, namespace) && isAccount(s)
}

// isAccount says whether a subject is an account, or all those of a namespace.
func isAccount(s rbacv1.Subject) bool {
	return s.Kind == rbacv1.ServiceAccountKind || s.Kind == rbacv1.UserKind && strings.HasPrefix(s.Name, accountUserPrefix) ||
		s.Kind == rbacv1.GroupKind && strings.HasPrefix(s.Name, accountGroupPrefix)
}

// isEveryAccount says whether a subject is a group that the accounts of all namespaces are in.
func isEveryAccount(s rbacv1.Subject) bool {
	return s.Kind == rbacv1.GroupKind && (s.Name == "system:serviceaccounts" || s.Name == "system:authenticated")
}

// rules of a role; none, where it could not be read.
func (v *view) rules(role rbacv1.RoleRef) []rbacv1.PolicyRule {
	if role.Kind != "ClusterRole" {
		if n := v.x.byRef[refTo(kindRole, role.Name)]; n != nil {
			return read[rbacv1.Role](n).Rules
		}
		return nil
	}
	i := slices.IndexFunc(v.cluster, func(n *node) bool { return n.ref == refTo(kindClusterRole, role.Name) })
	if i < 0 {
		return nil
	}
	return read[rbacv1.ClusterRole](v.cluster[i]).Rules
}

// resource of a kind, as RBAC names it; one that is not known matches no rule but for all of them.
func (v *view) resource(name string) schema.GroupResource {
	group := schema.ParseGroupKind(name).Group
	for _, k := range kinds {
		if k.name == name {
			return schema.GroupResource{Group: group, Resource: k.resource}
		}
	}
	return schema.GroupResource{Group: group, Resource: v.in.Resources[name]}
}

// rights of an account.
type rights []rbacv1.PolicyRule

// may says whether one of the verbs is granted on an object.
func (r rights) may(resource schema.GroupResource, name string, verbs ...string) bool {
	return slices.ContainsFunc(r, func(rule rbacv1.PolicyRule) bool {
		return grants(rule, resource, verbs...) && (len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, name))
	})
}

// mayWrite says whether an object may be changed, or another one of its name put into its place.
func (r rights) mayWrite(resource schema.GroupResource, name string) bool {
	return r.may(resource, name, "update", "patch") || r.may(resource, name, "create") && r.mayDelete(resource, name)
}

func (r rights) mayDelete(resource schema.GroupResource, name string) bool {
	return r.may(resource, name, "delete", "deletecollection")
}

// grants says whether a rule gives one of the verbs on a resource.
func grants(r rbacv1.PolicyRule, resource schema.GroupResource, verbs ...string) bool {
	has := func(list []string, want string) bool {
		return slices.Contains(list, want) || slices.Contains(list, rbacv1.ResourceAll)
	}
	return has(r.APIGroups, resource.Group) && has(r.Resources, resource.Resource) &&
		slices.ContainsFunc(verbs, func(verb string) bool { return has(r.Verbs, verb) })
}

// contentFields of an object that may be written are those that its content is in.
func contentFields(o *unstructured.Unstructured) []string {
	switch RefOf(o).kind() {
	case kindConfigMap:
		return []string{"data", "binaryData"}
	case kindSecret:
		return []string{"data", "stringData"}
	}
	var out []string
	for _, field := range slices.Sorted(maps.Keys(o.Object)) {
		if !slices.Contains([]string{"apiVersion", "kind", "metadata", "status"}, field) {
			out = append(out, field)
		}
	}
	return out
}

// contentHash of an object that may be written.
func contentHash(o *unstructured.Unstructured) string {
	content := map[string]any{}
	for _, field := range contentFields(o) {
		content[field] = o.Object[field]
	}
	return hashOf(content)
}

// withoutContent is an object without what the application writes into it.
func withoutContent(o unstructured.Unstructured) unstructured.Unstructured {
	out := maps.Clone(o.Object)
	for _, field := range contentFields(&o) {
		delete(out, field)
	}
	return unstructured.Unstructured{Object: out}
}
