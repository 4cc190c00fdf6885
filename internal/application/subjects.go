package application

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A name of an account, a user or a group means something in one cluster. In another one the same
// name may be another person's, who would get the rights that a RoleBinding gives, to read the
// application's Secrets for instance.

// leaveForeignBindings leaves the RoleBindings that would bind nothing in another cluster: of their
// subjects none is the application's own.
func (m *maker) leaveForeignBindings() {
	if m.sameCluster() {
		return
	}
	for _, n := range m.includedNodes() {
		if n.ref.kind() != kindRoleBinding || m.remains(n.ref) {
			continue
		}
		subjects := read[rbacv1.RoleBinding](n).Subjects
		if len(subjects) == 0 ||
			slices.ContainsFunc(subjects, func(s rbacv1.Subject) bool { return !isForeignAccount(s, m.in.SourceNamespace) }) {
			continue
		}
		delete(m.included, n.ref)
		m.unbound[n.ref] = true
		m.leave(n.ref, "it binds accounts of other namespaces only, which may belong to others in the target's cluster")
	}
}

// checkBindings says what becomes, in another cluster, of the subjects of RoleBindings that are not
// the application's own.
func checkBindings(v *view) (out Findings) {
	if v.sameCluster() {
		return nil
	}
	for _, n := range v.x.ofKind(kindRoleBinding) {
		if !v.moves(n) && !v.unbound[n.ref] || v.remains(n.ref) {
			continue
		}
		var foreign, people []string
		for _, s := range read[rbacv1.RoleBinding](n).Subjects {
			switch {
			case isForeignAccount(s, v.in.SourceNamespace):
				foreign = append(foreign, subjectName(s))
			case s.Kind != rbacv1.ServiceAccountKind && !strings.HasPrefix(s.Name, systemPrefix):
				people = append(people, subjectName(s))
			}
		}
		if len(people) > 0 {
			out.AddWarning(n.ref, "%s binds %s: the target's cluster may know others by these names, or none; "+
				"see that they are meant there, or take them out by a patch of the target's kustomization",
				n.ref, few(people))
		}
		if len(foreign) > 0 {
			out.AddWarning(n.ref, "%s binds accounts of other namespaces, which may belong to others in the target's cluster: %s; "+
				"they get no rights at the target, bind them there if they are meant",
				n.ref, few(foreign))
		}
	}
	return out
}

// systemPrefix begins the names of the users and groups that Kubernetes itself knows, the same in
// every cluster (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects).
const systemPrefix = "system:"

// The names by which subjects of other kinds than ServiceAccount mean accounts.
const (
	accountUserPrefix  = "system:serviceaccount:"
	accountGroupPrefix = "system:serviceaccounts:"
)

// sameCluster says whether source and target are namespaces of one cluster, for sure.
func (v *view) sameCluster() bool {
	return v.in.SourceCluster != "" && v.in.SourceCluster == v.in.TargetCluster
}

// isForeignAccount says whether a subject is an account of another namespace, or all of them,
// whichever way it is written.
func isForeignAccount(s rbacv1.Subject, namespace string) bool {
	switch s.Kind {
	case rbacv1.ServiceAccountKind:
		return s.Namespace != namespace
	case rbacv1.UserKind:
		rest, is := strings.CutPrefix(s.Name, accountUserPrefix)
		return is && !strings.HasPrefix(rest, namespace+":")
	case rbacv1.GroupKind:
		rest, is := strings.CutPrefix(s.Name, accountGroupPrefix)
		return is && rest != namespace
	}
	return false
}

// subjectName is what people call a subject.
func subjectName(s rbacv1.Subject) string {
	if s.Kind == rbacv1.ServiceAccountKind {
		return s.Kind + " " + s.Namespace + "/" + s.Name
	}
	return s.Kind + " " + s.Name
}

// dropForeign takes the accounts of other namespaces out of a RoleBinding for another cluster.
func (m *maker) dropForeign(out *unstructured.Unstructured) {
	subjects, _ := out.Object["subjects"].([]any)
	if m.sameCluster() || len(subjects) == 0 {
		return
	}
	out.Object["subjects"] = slices.DeleteFunc(subjects, func(s any) bool {
		content, _ := s.(map[string]any)
		subject, err := decode[rbacv1.Subject](content)
		return err != nil || isForeignAccount(*subject, m.in.SourceNamespace)
	})
}

// mapSubjects makes the accounts of the source namespace those of the target namespace.
func (m *maker) mapSubjects(out *unstructured.Unstructured) {
	subjects, _ := out.Object["subjects"].([]any)
	for _, s := range subjects {
		s, _ := s.(map[string]any)
		name, _ := s["name"].(string)
		switch s["kind"] {
		case rbacv1.ServiceAccountKind:
			if s["namespace"] == m.in.SourceNamespace {
				s["namespace"] = m.in.TargetNamespace
			}
		case rbacv1.UserKind:
			if account, ok := strings.CutPrefix(name, accountUserPrefix+m.in.SourceNamespace+":"); ok {
				s["name"] = accountUserPrefix + m.in.TargetNamespace + ":" + account
			}
		case rbacv1.GroupKind:
			if name == accountGroupPrefix+m.in.SourceNamespace {
				s["name"] = accountGroupPrefix + m.in.TargetNamespace
			}
		}
	}
}
