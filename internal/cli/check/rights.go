package check

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/cli/target"
	"github.com/kubemove/kubemove/internal/text"
)

// Kinds of admission.
const (
	policyKind        = "ValidatingAdmissionPolicy"
	policyBindingKind = "ValidatingAdmissionPolicyBinding"
)

func admissionPolicies(o Observed) finding {
	if o.Policies.Problem != "" {
		return skipped(o.Policies.Problem)
	}
	details := o.missing(policyKind, o.Policies.Value)
	wanted := installation.Of(o.Wanted, policyKind)
	for _, w := range wanted {
		there := named(o.Policies.Value, w.GetName())
		if there == nil {
			continue
		}
		if policy, _, _ := unstructured.NestedString(there.Object, "spec", "failurePolicy"); policy != "Fail" {
			details = append(details, fmt.Sprintf("%s has the failurePolicy %s, expected Fail", w.GetName(), policy))
		}
		have, _, _ := unstructured.NestedSlice(there.Object, "spec", "validations")
		want, _, _ := unstructured.NestedSlice(w.Object, "spec", "validations")
		if len(have) < len(want) {
			details = append(details, fmt.Sprintf("%s has %d of %d validations", w.GetName(), len(have), len(want)))
		}
	}
	return unless(details, fmt.Sprintf("%d policies ask for the rights of who creates a move", len(wanted)),
		failed("the policies do not guard the moves", install))
}

func admissionBound(o Observed) finding {
	if o.PolicyBindings.Problem != "" {
		return skipped(o.PolicyBindings.Problem)
	}
	wanted := installation.Of(o.Wanted, policyKind)
	var details []string
	for _, w := range wanted {
		if !slices.ContainsFunc(o.PolicyBindings.Value, func(b unstructured.Unstructured) bool { return denies(&b, w.GetName()) }) {
			details = append(details, w.GetName()+" is bound by no "+policyBindingKind+" for all namespaces with the action Deny")
		}
	}
	return unless(details, "each of them is bound", failed("a policy has no effect", install))
}

// denies says whether a binding binds a policy in all namespaces.
func denies(b *unstructured.Unstructured, policy string) bool {
	name, _, _ := unstructured.NestedString(b.Object, "spec", "policyName")
	actions, _, _ := unstructured.NestedStringSlice(b.Object, "spec", "validationActions")
	resources, _, _ := unstructured.NestedMap(b.Object, "spec", "matchResources")
	for _, narrow := range []string{"namespaceSelector", "objectSelector", "resourceRules", "excludeResourceRules"} {
		if len(mapOrList(resources[narrow])) > 0 {
			return false
		}
	}
	return name == policy && slices.Contains(actions, "Deny")
}

// mapOrList is what a field of either type holds.
func mapOrList(value any) []any {
	switch v := value.(type) {
	case []any:
		return v
	case map[string]any:
		var out []any
		for _, x := range v {
			out = append(out, x)
		}
		return out
	}
	return nil
}

// MoverRights are what a user needs in a namespace to make a move there and to steer it.
func MoverRights() (out []target.Right) {
	for _, resource := range []string{"moveengines", "movepairs", "datasyncs", "moveswitches", "movereverses"} {
		for _, verb := range []string{"list", "patch"} {
			out = append(out, target.Right{Group: api.GroupVersion.Group, Resource: resource, Verb: verb})
		}
	}
	return append(out,
		target.Right{Group: api.GroupVersion.Group, Resource: "moveengines", Verb: "create"},
		target.Right{Group: api.GroupVersion.Group, Resource: "movereverses", Verb: "create"},
		target.Right{Group: api.GroupVersion.Group, Resource: "moveengines", Verb: "delete"},
		// What the admission policies ask for.
		target.Right{Resource: "pods", Verb: "create"},
		target.Right{Resource: "pods/exec", Verb: "create"},
		target.Right{Group: "rbac.authorization.k8s.io", Resource: "rolebindings", Verb: "create"},
		target.Right{Resource: "secrets", Verb: "get"},
		// What the commands show.
		target.Right{Resource: "secrets", Verb: "list"},
		target.Right{Resource: "pods", Verb: "list"},
		target.Right{Resource: "pods/log", Verb: "get"},
		target.Right{Resource: "events", Verb: "list"},
		target.Right{Group: "batch", Resource: "jobs", Verb: "list"},
	)
}

// InstallRights are what a user needs to install the objects.
func InstallRights(objects []unstructured.Unstructured) (out []target.Right) {
	add := func(group, resource, verb string) {
		r := target.Right{Group: group, Resource: resource, Verb: verb, Cluster: true}
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for i := range objects {
		r := installation.Resource(objects[i].GetKind())
		add(r.Group, r.Resource, "create")
		add(r.Group, r.Resource, "patch")
	}
	// The roles give rights that the caller need not have.
	add("rbac.authorization.k8s.io", "clusterroles", "escalate")
	add("rbac.authorization.k8s.io", "clusterroles", "bind")
	return out
}

func rightsCaller(o Observed) finding {
	if o.Lacks.Problem != "" {
		return skipped(o.Lacks.Problem)
	}
	if len(o.Lacks.Value) > 0 {
		return warning("you lack rights of a move: "+target.Join(o.Lacks.Value), "let an administrator bind you to the ClusterRole admin in "+
			"the namespace: kubectl create rolebinding movers --clusterrole admin --user NAME")
	}
	return ok("you may make a move and steer it")
}

func preRights(o Observed) finding {
	if o.Lacks.Problem != "" {
		return skipped(o.Lacks.Problem)
	}
	if len(o.Lacks.Value) > 0 {
		return failed("you lack rights of an installation: "+target.Join(o.Lacks.Value), "let an administrator of the cluster install KubeMove")
	}
	return ok("you may install everything")
}

const (
	roleKind    = "ClusterRole"
	bindingKind = "ClusterRoleBinding"
)

// rightsRoles compares the rules that are there with those of the manifests; a role that is made of parts has to have theirs.
func rightsRoles(o Observed) finding {
	if o.Roles.Problem != "" {
		return skipped(o.Roles.Problem)
	}
	details := o.missing(roleKind, o.Roles.Value)
	wanted := installation.Of(o.Wanted, roleKind)
	for i := range wanted {
		w := &wanted[i]
		there := named(o.Roles.Value, w.GetName())
		if there == nil {
			continue
		}
		want, err := target.Rights(parts(w, wanted))
		if err != nil {
			return skipped(err.Error())
		}
		have, err := target.Rights([]unstructured.Unstructured{*there})
		if err != nil {
			return skipped(err.Error())
		}
		lacks := slices.DeleteFunc(want, func(r target.Right) bool { return slices.Contains(have, r) })
		if len(lacks) > 0 {
			details = append(details, fmt.Sprintf("%s lacks %s, such as %s", w.GetName(), text.Count(len(lacks), "right"), lacks[0]))
		}
	}
	return unless(details, fmt.Sprintf("%d ClusterRoles have the rights of this version", len(wanted)),
		failed("a role has fewer rights than this version needs", install))
}

// parts of a role among the roles: those whose labels it collects, or itself.
func parts(role *unstructured.Unstructured, roles []unstructured.Unstructured) []unstructured.Unstructured {
	selectors, _, _ := unstructured.NestedSlice(role.Object, "aggregationRule", "clusterRoleSelectors")
	if len(selectors) == 0 {
		return []unstructured.Unstructured{*role}
	}
	var out []unstructured.Unstructured
	for _, s := range selectors {
		selector, _ := s.(map[string]any)
		labels, _, _ := unstructured.NestedStringMap(selector, "matchLabels")
		for _, r := range roles {
			matches := len(labels) > 0
			for key, value := range labels {
				matches = matches && r.GetLabels()[key] == value
			}
			if matches {
				out = append(out, r)
			}
		}
	}
	return out
}

func rightsBound(o Observed) finding {
	if o.RoleBindings.Problem != "" {
		return skipped(o.RoleBindings.Problem)
	}
	details := o.missing(bindingKind, o.RoleBindings.Value)
	wanted := installation.Of(o.Wanted, bindingKind)
	for i := range wanted {
		there := named(o.RoleBindings.Value, wanted[i].GetName())
		if there == nil {
			continue
		}
		want, _, _ := unstructured.NestedString(wanted[i].Object, "roleRef", "name")
		have, _, _ := unstructured.NestedString(there.Object, "roleRef", "name")
		subjects, _, _ := unstructured.NestedSlice(there.Object, "subjects")
		if want != have || len(subjects) == 0 {
			details = append(details, fmt.Sprintf("%s gives %s to %s, expected %s", there.GetName(), have,
				text.Count(len(subjects), "subject"), want))
		}
	}
	return unless(details, "the roles are bound", failed("a role is not bound", install))
}
