package target

import (
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Right is one verb on one resource.
type Right struct {
	Group string
	// Resource, with its subresource after a slash.
	Resource string
	// Name of the only object; empty: all of them.
	Name string
	Verb string
	// Cluster: in the whole cluster, not only in the namespace of the target.
	Cluster bool
}

// on is what the verb is for, as RBAC writes it.
func (r Right) on() string {
	name, sub, both := strings.Cut(r.Resource, "/")
	if r.Group != "" {
		name += "." + r.Group
	}
	if both {
		name += "/" + sub
	}
	if r.Name != "" {
		name += " " + r.Name
	}
	return name
}

// plain is on without the group: people know the kinds of Kubernetes by their names.
func (r Right) plain() string {
	if r.Name != "" {
		return r.Resource + " " + r.Name
	}
	return r.Resource
}

// String is "get pods/exec" or "create roles.rbac.authorization.k8s.io".
func (r Right) String() string { return r.Verb + " " + r.on() }

// Attributes to ask an API server with.
func (r Right) Attributes(namespace string) *authorizationv1.ResourceAttributes {
	resource, sub, _ := strings.Cut(r.Resource, "/")
	a := &authorizationv1.ResourceAttributes{Group: r.Group, Resource: resource, Subresource: sub, Name: r.Name, Verb: r.Verb}
	if !r.Cluster {
		a.Namespace = namespace
	}
	return a
}

// rulesOf a Role or ClusterRole.
func rulesOf(o *unstructured.Unstructured) ([]rbacv1.PolicyRule, error) {
	var role rbacv1.ClusterRole
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &role); err != nil {
		return nil, fmt.Errorf("%s: %w", Ref(o), err)
	}
	return role.Rules, nil
}

func isRole(o *unstructured.Unstructured) bool {
	return o.GetKind() == "Role" || o.GetKind() == "ClusterRole"
}

// split a rule into single rights.
func split(rule rbacv1.PolicyRule, wholeCluster bool) []Right {
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	var out []Right
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, name := range names {
				for _, verb := range rule.Verbs {
					out = append(out, Right{Group: group, Resource: resource, Name: name, Verb: verb, Cluster: wholeCluster})
				}
			}
		}
	}
	return out
}

// Rights that the roles among the objects give, each once, in their order.
func Rights(objects []unstructured.Unstructured) ([]Right, error) {
	var out []Right
	for i := range objects {
		if !isRole(&objects[i]) {
			continue
		}
		rules, err := rulesOf(&objects[i])
		if err != nil {
			return nil, err
		}
		for _, rule := range rules {
			out = append(out, split(rule, objects[i].GetKind() == "ClusterRole")...)
		}
	}
	return unique(out), nil
}

// Grant is what of the objects can be created by a caller who may give these rights and no others, and which rights are left out. A
// role without any right goes, and its binding with it.
func Grant(objects []unstructured.Unstructured, may func(Right) bool) (granted []unstructured.Unstructured, left []Right, err error) {
	empty := map[string]bool{}
	for i := range objects {
		o := objects[i].DeepCopy()
		if !isRole(o) {
			granted = append(granted, *o)
			continue
		}
		rules, err := rulesOf(o)
		if err != nil {
			return nil, nil, err
		}
		kept, out := reduce(rules, o.GetKind() == "ClusterRole", may)
		left = append(left, out...)
		if len(kept) == 0 {
			empty[o.GetKind()+"/"+o.GetName()] = true
			continue
		}
		if len(out) > 0 {
			role, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&rbacv1.ClusterRole{Rules: kept})
			if err != nil {
				return nil, nil, err
			}
			o.Object["rules"] = role["rules"]
		}
		granted = append(granted, *o)
	}
	granted = slices.DeleteFunc(granted, func(o unstructured.Unstructured) bool {
		kind, _, _ := unstructured.NestedString(o.Object, "roleRef", "kind")
		name, _, _ := unstructured.NestedString(o.Object, "roleRef", "name")
		return empty[kind+"/"+name]
	})
	return granted, unique(left), nil
}

// unique rights, in their order.
func unique(rights []Right) (out []Right) {
	seen := map[Right]bool{}
	for _, r := range rights {
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}

// reduce rules to what may be given. A rule of which all may be stays as it is.
func reduce(rules []rbacv1.PolicyRule, wholeCluster bool, may func(Right) bool) (kept []rbacv1.PolicyRule, left []Right) {
	for _, rule := range rules {
		rights := split(rule, wholeCluster)
		refused := slices.DeleteFunc(slices.Clone(rights), may)
		if len(refused) == 0 {
			kept = append(kept, rule)
			continue
		}
		left = append(left, refused...)
		for _, r := range rights {
			if !may(r) {
				continue
			}
			one := rbacv1.PolicyRule{APIGroups: []string{r.Group}, Resources: []string{r.Resource}, Verbs: []string{r.Verb}}
			if r.Name != "" {
				one.ResourceNames = []string{r.Name}
			}
			if last := len(kept) - 1; last >= 0 && sameObjects(kept[last], one) {
				kept[last].Verbs = append(slices.Clone(kept[last].Verbs), r.Verb)
			} else {
				kept = append(kept, one)
			}
		}
	}
	return kept, left
}

// sameObjects says whether two rules of one resource each differ in their verbs alone.
func sameObjects(a, b rbacv1.PolicyRule) bool {
	return slices.Equal(a.APIGroups, b.APIGroups) && slices.Equal(a.Resources, b.Resources) && slices.Equal(a.ResourceNames, b.ResourceNames)
}

// Caller is what is known of the rights of the caller in the target's cluster.
type Caller struct {
	// All: every right in the whole cluster.
	All bool
	// Rules in the namespace, as the API server lists them. Incomplete: there may be more.
	Rules      []authorizationv1.ResourceRule
	Incomplete bool
	// Answers of the API server about single rights, those of Grants among them.
	Answers map[Right]bool
}

const rbac = rbacv1.GroupName

// grants are the rights to make an account, to give it rights, and to give it those that the caller does not have.
var (
	createNamespaces = Right{Resource: "namespaces", Verb: "create", Cluster: true}
	createToken      = Right{Resource: "serviceaccounts/token", Verb: "create"}

	makeAccounts     = []Right{{Resource: "serviceaccounts", Verb: "create"}, {Resource: "serviceaccounts", Verb: "patch"}}
	makeRoles        = pairs("roles", "rolebindings", false)
	makeClusterRoles = pairs("clusterroles", "clusterrolebindings", true)
	makeTokens       = []Right{{Resource: "secrets", Verb: "create"}, {Resource: "secrets", Verb: "patch"}, {Resource: "secrets", Verb: "get"},
		{Resource: "secrets", Verb: "watch"}}

	escalate        = []Right{{Group: rbac, Resource: "roles", Verb: "escalate"}, {Group: rbac, Resource: "roles", Verb: "bind"}}
	escalateCluster = []Right{{Group: rbac, Resource: "clusterroles", Verb: "escalate", Cluster: true},
		{Group: rbac, Resource: "clusterroles", Verb: "bind", Cluster: true}}
)

// pairs of the verbs with which a role and a binding are applied.
func pairs(roles, bindings string, wholeCluster bool) (out []Right) {
	for _, resource := range []string{roles, bindings} {
		for _, verb := range []string{"create", "patch"} {
			out = append(out, Right{Group: rbac, Resource: resource, Verb: verb, Cluster: wholeCluster})
		}
	}
	return out
}

// Grants are the rights of the caller that decide what can be made at all.
func Grants() []Right {
	return slices.Concat([]Right{createNamespaces, createToken}, makeAccounts, makeRoles, makeClusterRoles, makeTokens, escalate,
		escalateCluster)
}

// Has says whether the caller has a right.
func (c Caller) Has(r Right) bool { return c.All || c.Answers[r] || !r.Cluster && listed(c.Rules, r) }

func (c Caller) hasAll(rights []Right) bool {
	return !slices.ContainsFunc(rights, func(r Right) bool { return !c.Has(r) })
}

// May says whether the caller may give a right to others.
func (c Caller) May(r Right) bool {
	if r.Cluster {
		return c.hasAll(makeClusterRoles) && (c.Has(r) || c.hasAll(escalateCluster))
	}
	return c.Has(r) || c.hasAll(escalate)
}

// Questions about rights that are still to be asked. What the rules of a namespace say of the whole cluster cannot be told.
func (c Caller) Questions(rights []Right) []Right {
	return slices.DeleteFunc(slices.Clone(rights), func(r Right) bool {
		_, answered := c.Answers[r]
		return answered || c.May(r) || r.Cluster && !c.hasAll(makeClusterRoles) || !r.Cluster && !c.Incomplete
	})
}

// Lacks that keep the caller from adding a target at all. bound: with a token that ends. missing: the namespace is not there.
func (c Caller) Lacks(bound, missing bool) (out []Right) {
	wanted := slices.Concat(makeAccounts, makeRoles)
	if missing {
		wanted = append(wanted, createNamespaces)
	}
	if bound {
		wanted = append(wanted, createToken)
	} else {
		wanted = append(wanted, makeTokens...)
	}
	return slices.DeleteFunc(wanted, c.Has)
}

// listed says whether one of the rules gives a right.
func listed(rules []authorizationv1.ResourceRule, r Right) bool {
	return slices.ContainsFunc(rules, func(rule authorizationv1.ResourceRule) bool {
		return has(rule.Verbs, r.Verb) && has(rule.APIGroups, r.Group) && hasResource(rule.Resources, r.Resource) &&
			(len(rule.ResourceNames) == 0 || r.Name != "" && slices.Contains(rule.ResourceNames, r.Name))
	})
}

func has(list []string, word string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, word)
}

func hasResource(list []string, resource string) bool {
	_, sub, both := strings.Cut(resource, "/")
	return has(list, resource) || both && slices.Contains(list, "*/"+sub)
}
