// Package manifests_test holds what the manifests promise, without a cluster.
package manifests_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// documents splits a file of several YAML documents.
func documents(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n---\n")
}

// clusterRoles of a file, by name.
func clusterRoles(t *testing.T, file string) map[string]rbacv1.ClusterRole {
	t.Helper()
	roles := map[string]rbacv1.ClusterRole{}
	for _, doc := range documents(t, file) {
		var role rbacv1.ClusterRole
		if err := yaml.UnmarshalStrict([]byte(doc), &role); err != nil {
			continue // Another kind.
		}
		if role.Kind == "ClusterRole" {
			roles[role.Name] = role
		}
	}
	return roles
}

// aggregated returns the rules that the parts with a label give a role.
func aggregated(roles map[string]rbacv1.ClusterRole, label string) []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, role := range roles {
		if role.Labels[label] == "true" {
			rules = append(rules, role.Rules...)
		}
	}
	return rules
}

// rights is every single right of some rules, sorted.
func rights(rules []rbacv1.PolicyRule) []string {
	var list []string
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					list = append(list, strings.Join(append([]string{verb, group, resource}, rule.ResourceNames...), " "))
				}
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// has says whether rules grant a right on every object.
func has(rules []rbacv1.PolicyRule, verb, group, resource string) bool {
	return slices.ContainsFunc(rules, func(r rbacv1.PolicyRule) bool {
		return len(r.ResourceNames) == 0 && slices.Contains(r.Verbs, verb) &&
			slices.Contains(r.APIGroups, group) && slices.Contains(r.Resources, resource)
	})
}

const jobRoles = "base/rbac/jobs.yaml"

// labels of the parts of the two roles of Jobs.
var partLabels = map[cluster.Role]string{
	cluster.RoleData:   "kubemove.io/aggregate-to-data",
	cluster.RoleSwitch: "kubemove.io/aggregate-to-switch",
}

func TestAggregation(t *testing.T) {
	roles := clusterRoles(t, jobRoles)
	for name, label := range map[string]string{"kubemove-data": partLabels[cluster.RoleData],
		"kubemove-switch": partLabels[cluster.RoleSwitch]} {
		role := roles[name]
		if role.AggregationRule == nil || len(role.AggregationRule.ClusterRoleSelectors) != 1 ||
			role.AggregationRule.ClusterRoleSelectors[0].MatchLabels[label] != "true" {
			t.Errorf("%s does not collect the parts with the label %s", name, label)
		}
	}
}

// TestNeeds compares the roles with what the tasks check at the beginning of a plan.
func TestNeeds(t *testing.T) {
	roles := clusterRoles(t, jobRoles)
	for role, label := range partLabels {
		rules := aggregated(roles, label)
		for _, side := range []string{cluster.SideSource, cluster.SideTarget} {
			for _, right := range cluster.Needs(side, role) {
				resource := right.Resource
				if right.Subresource != "" {
					resource += "/" + right.Subresource
				}
				if !has(rules, right.Verb, right.Group, resource) {
					t.Errorf("kubemove-%s lacks %s, which it needs at the %s", role, right, side)
				}
			}
		}
		for _, kind := range application.Kinds() {
			for _, verb := range []string{"get", "list"} {
				if !has(rules, verb, kind.Group, kind.Resource) {
					t.Errorf("kubemove-%s lacks %s %s: the application is captured from it", role, verb, kind.GroupResource())
				}
			}
		}
	}
}

// observed are kinds that are only read: controllers make them, or they are refused.
var observed = []schema.GroupResource{
	{Group: "apps", Resource: "replicasets"},
	{Group: "apps", Resource: "daemonsets"},
	{Group: "batch", Resource: "jobs"},
	{Resource: "replicationcontrollers"},
	{Resource: "pods"},
}

// TestCreates: a plan creates by dry run, a switch creates and undoes.
func TestCreates(t *testing.T) {
	roles := clusterRoles(t, jobRoles)
	plan := aggregated(roles, partLabels[cluster.RoleData])
	rules := aggregated(roles, partLabels[cluster.RoleSwitch])
	for _, kind := range application.Kinds() {
		if slices.Contains(observed, kind.GroupResource()) {
			continue
		}
		// Of these the API server asks more than the right to create them.
		if kind.Group != rbacv1.GroupName && !has(plan, "create", kind.Group, kind.Resource) {
			t.Errorf("kubemove-data lacks create %s: a plan asks by dry run whether it could be created", kind.GroupResource())
		}
		for _, verb := range []string{"create", "update", "patch", "delete"} {
			if !has(rules, verb, kind.Group, kind.Resource) {
				t.Errorf("kubemove-switch lacks %s %s: a switch creates it, and a roll back removes it", verb, kind.GroupResource())
			}
		}
	}
}

// TestSwitchHasAllOfData: a cutover runs the final copy as the switch's account.
func TestSwitchHasAllOfData(t *testing.T) {
	roles := clusterRoles(t, jobRoles)
	all := rights(aggregated(roles, partLabels[cluster.RoleSwitch]))
	for _, right := range rights(aggregated(roles, partLabels[cluster.RoleData])) {
		if !slices.Contains(all, right) {
			t.Errorf("kubemove-switch lacks %q, which kubemove-data has", right)
		}
	}
}

// TestEndpointRole: an endpoint's account has the rights of both roles, without our kinds.
func TestEndpointRole(t *testing.T) {
	var role rbacv1.Role
	if err := yaml.UnmarshalStrict([]byte(documents(t, "endpoint/role.yaml")[0]), &role); err != nil {
		t.Fatal(err)
	}
	var want []rbacv1.PolicyRule
	for _, rule := range aggregated(clusterRoles(t, jobRoles), partLabels[cluster.RoleSwitch]) {
		if !slices.Contains(rule.APIGroups, "kubemove.io") {
			want = append(want, rule)
		}
	}
	if diff := cmp.Diff(rights(want), rights(role.Rules)); diff != "" {
		t.Errorf("endpoint/role.yaml differs from %s: -want +got:\n%s", jobRoles, diff)
	}
}

// TestNoWildcards: no role has a wildcard, and none can make itself stronger, but for the two
// roles that Metacontroller may bind.
func TestNoWildcards(t *testing.T) {
	var bound []string
	for _, file := range []string{jobRoles, "base/rbac/metacontroller.yaml", "base/rbac/users.yaml", "base/rbac/cluster-facts.yaml"} {
		for name, role := range clusterRoles(t, file) {
			for _, rule := range role.Rules {
				for _, word := range slices.Concat(rule.Verbs, rule.Resources, rule.APIGroups) {
					if word == "*" || word == "escalate" || word == "impersonate" {
						t.Errorf("%s in %s has %q", name, file, word)
					}
				}
				if slices.Contains(rule.Verbs, "bind") {
					bound = append(bound, rule.ResourceNames...)
					if len(rule.ResourceNames) == 0 {
						t.Errorf("%s in %s may bind every role", name, file)
					}
				}
			}
		}
	}
	if diff := cmp.Diff([]string{"kubemove-data", "kubemove-switch"}, bound); diff != "" {
		t.Errorf("roles that may be bound: -want +got:\n%s", diff)
	}
}

// TestOthersAreSafe: an account of a tenant may create what belongs to the whole cluster, where an
// administrator has let it, but neither change nor delete it, as rights cannot be limited to what
// it has created. What users may do with KubeMove's own kinds is bound in their namespaces.
func TestOthersAreSafe(t *testing.T) {
	changing := []string{"update", "patch", "delete", "deletecollection", "bind", "escalate", "impersonate", "approve", "sign"}
	files := []string{"endpoint/cluster-create.yaml", "endpoint/cluster-facts.yaml", "base/rbac/cluster-facts.yaml",
		"components/cluster-read/role.yaml"}
	for _, file := range files {
		roles := clusterRoles(t, file)
		if len(roles) == 0 {
			t.Errorf("%s has no ClusterRole", file)
		}
		for name, role := range roles {
			for _, right := range rights(role.Rules) {
				if verb, _, _ := strings.Cut(right, " "); slices.Contains(changing, verb) || strings.Contains(right, "*") {
					t.Errorf("%s in %s may %s: objects of all applications", name, file, right)
				}
			}
		}
	}
}
