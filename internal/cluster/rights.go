package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubemove/kubemove/internal/workload"
	"github.com/kubemove/kubemove/task"
)

// Role is one of the two accounts that a pair's tasks use.
type Role string

// The roles.
const (
	// RoleData plans, opens the channel and copies.
	RoleData Role = "data"
	// RoleSwitch stops, starts and undoes.
	RoleSwitch Role = "switch"
)

// Right is a verb on a resource in the endpoint's namespace.
type Right struct {
	Group       string
	Resource    string
	Subresource string
	Verb        string
	// Cluster: for the whole cluster, not only in the namespace.
	Cluster bool
}

// String is the right as RBAC writes it: "get pods/exec", "list deployments.apps".
func (r Right) String() string {
	return r.Verb + " " + r.resource()
}

func (r Right) resource() string {
	s := r.Resource
	if r.Group != "" {
		s += "." + r.Group
	}
	if r.Subresource != "" {
		s += "/" + r.Subresource
	}
	return s
}

// rule is a row of the table of rights.
type rule struct {
	verbs     string
	group     string
	resources string
}

// needs is what each role needs at each side, whatever the application is made of. What is
// read and created of the application itself comes on top (ReadRights, CreateRights).
var needs = map[string]map[Role][]rule{
	SideSource: {
		RoleData: {
			{"get list", "", "persistentvolumeclaims"},
			{"get list create delete", "", "pods"},
			{"get create", "", "pods/exec pods/portforward"},
			{"get list create delete", "", "secrets"},
			{"get", "coordination.k8s.io", "leases"},
		},
		RoleSwitch: append(ofWorkloads("get list update"), []rule{
			{"get list create delete", "", "pods"},
			{"get create", "", "pods/portforward"},
			{"get list create update delete", "", "configmaps"},
			{"get create update delete", "coordination.k8s.io", "leases"},
		}...),
	},
	SideTarget: {
		RoleData: {
			{"get list create update delete", "", "persistentvolumeclaims"},
			{"get list create delete", "", "pods"},
			{"get create", "", "pods/portforward"},
			{"get list create delete", "", "secrets"},
			{"get list create update delete", "coordination.k8s.io", "leases"},
		},
		RoleSwitch: append(ofWorkloads("get list create update delete"), []rule{
			{"get list create update delete", "", "persistentvolumeclaims configmaps secrets"},
			{"get list create delete", "", "pods"},
			{"get create", "", "pods/portforward"},
			{"get list create update delete", "coordination.k8s.io", "leases"},
		}...),
	},
}

// ofWorkloads are rights to what a switch stops and starts.
func ofWorkloads(verbs string) []rule {
	var out []rule
	for _, w := range workload.Resources() {
		out = append(out, rule{verbs, w.Group, w.Resource})
	}
	return out
}

// Needs lists what a role needs at a side, in a fixed order.
func Needs(side string, role Role) []Right {
	var out []Right
	for _, r := range needs[side][role] {
		for _, res := range strings.Fields(r.resources) {
			name, sub, _ := strings.Cut(res, "/")
			for _, verb := range strings.Fields(r.verbs) {
				out = append(out, Right{Group: r.group, Resource: name, Subresource: sub, Verb: verb})
			}
		}
	}
	return out
}

// RightsOn lists the verbs for each of the kinds; kinds that are not served are left out.
func (c *Cluster) RightsOn(kinds []schema.GroupVersionKind, verbs ...string) ([]Right, error) {
	var out []Right
	for _, gvk := range kinds {
		m, err := c.mapping(gvk)
		if KindOf(err) == NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, v := range verbs {
			wide := m.Scope.Name() == meta.RESTScopeNameRoot
			out = append(out, Right{Group: m.Resource.Group, Resource: m.Resource.Resource, Verb: v, Cluster: wide})
		}
	}
	return out, nil
}

// MissingRights asks the API server for each right, once, and returns those that are not
// granted, sorted.
func (c *Cluster) MissingRights(ctx context.Context, rights []Right) ([]Right, error) {
	seen := map[Right]bool{}
	var unique []Right
	for _, r := range rights {
		if !seen[r] {
			seen[r] = true
			unique = append(unique, r)
		}
	}
	allowed := make([]bool, len(unique))
	errs := Each(ctx, len(unique), func(i int) (err error) {
		allowed[i], err = c.allowed(ctx, unique[i])
		return err
	})
	if err := First(errs); err != nil {
		return nil, err
	}
	var missing []Right
	for i, r := range unique {
		if !allowed[i] {
			missing = append(missing, r)
		}
	}
	slices.SortFunc(missing, func(a, b Right) int { return strings.Compare(a.String(), b.String()) })
	return missing, nil
}

func (c *Cluster) allowed(ctx context.Context, r Right) (bool, error) {
	attr := &authorizationv1.ResourceAttributes{Group: r.Group, Resource: r.Resource, Subresource: r.Subresource, Verb: r.Verb}
	if !r.Cluster {
		attr.Namespace = c.Namespace
	}
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: attr}}
	out, err := c.Kube.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, c.Wrap("ask for the right to "+r.String(), err)
	}
	return out.Status.Allowed, nil
}

// MissingMessage says which rights are missing and how to grant them; empty for none.
func MissingMessage(side, namespace string, missing []Right) string {
	if len(missing) == 0 {
		return ""
	}
	verbs := map[string][]string{}
	var resources []string
	for _, r := range missing {
		name := r.resource()
		if verbs[name] == nil {
			resources = append(resources, name)
		}
		verbs[name] = append(verbs[name], r.Verb)
	}
	slices.Sort(resources)
	for i, name := range resources {
		resources[i] = name + " (" + strings.Join(verbs[name], " ") + ")"
	}
	return fmt.Sprintf("the account at the %s lacks rights in namespace %s, if that exists; "+
		"grant them with a Role and a RoleBinding there: %s",
		side, namespace, task.Cut(strings.Join(resources, ", "), 850))
}
