package target

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/golden"
)

var dst = Target{Name: "dst", ID: ID("0b5c", "dst"), Namespace: "shop"}

func objects(t *testing.T, target Target, p Parts) []unstructured.Unstructured {
	t.Helper()
	list, err := target.Objects(p)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestObjects: what is applied at a target, to the last right.
func TestObjects(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, o := range objects(t, dst, All) {
		data, err := yaml.Marshal(o.Object)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("---\n")
		b.Write(data)
	}
	if strings.Contains(b.String(), "APPLICATION") {
		t.Error("a name of the manifests was not replaced")
	}
	golden.Compare(t, "objects.yaml", b.String())
}

// TestObjectsAreOurs: every object has the label by which it is removed, and names that no other target has.
func TestObjectsAreOurs(t *testing.T) {
	t.Parallel()
	other := Target{Name: "dst", ID: ID("an other namespace", "dst"), Namespace: "shop"}
	names := map[string]bool{}
	for _, o := range objects(t, other, All) {
		names[o.GetKind()+o.GetName()] = true
	}
	for _, o := range objects(t, dst, All) {
		if !dst.IsOurs(o.GetLabels()) || other.IsOurs(o.GetLabels()) {
			t.Errorf("%s has the labels %v", Ref(&o), o.GetLabels())
		}
		if names[o.GetKind()+o.GetName()] {
			t.Errorf("%s of the same name belongs to another target", Ref(&o))
		}
		if o.GetNamespace() != dst.Namespace && !strings.HasPrefix(o.GetKind(), "Cluster") {
			t.Errorf("%s is in namespace %q", Ref(&o), o.GetNamespace())
		}
		if _, ok := Resources[o.GetKind()]; !ok {
			t.Errorf("%s: it is not known how to apply that", Ref(&o))
		}
		if len(o.GetName()) > 253 {
			t.Errorf("the name of %s is too long", Ref(&o))
		}
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason, name string
		valid        bool
	}{
		"Plain":  {"a name as engines have it", "dst-2", true},
		"Dot":    {"a Secret may have it, a target of an engine may not", "a.b", false},
		"Upper":  {"neither may", "Dst", false},
		"Long":   {"63 is the most", strings.Repeat("a", 64), false},
		"Empty":  {"no name", "", false},
		"Escape": {"it is written to terminals", "a\x1b", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := CheckName(c.name); (err == nil) != c.valid {
				t.Errorf("%s: %v", c.reason, err)
			}
		})
	}
}

// namespaceAdmin has what ClusterRole admin gives in a namespace, and nothing of the cluster.
func namespaceAdmin() Caller {
	all := []string{"get", "list", "watch", "create", "update", "patch", "delete"}
	return Caller{
		Rules: []authorizationv1.ResourceRule{
			{Verbs: all, APIGroups: []string{"", "apps", "batch", "autoscaling", "policy", "networking.k8s.io", "coordination.k8s.io"},
				Resources: []string{"*"}},
			{Verbs: all, APIGroups: []string{rbac}, Resources: []string{"roles", "rolebindings"}},
		},
		Answers: map[Right]bool{},
	}
}

func TestGrant(t *testing.T) {
	t.Parallel()
	wanted, err := Rights(objects(t, dst, Parts{Token: true}))
	if err != nil {
		t.Fatal(err)
	}
	everything := func() Caller { return Caller{All: true} }
	for name, c := range map[string]struct {
		reason string
		caller Caller
		// kinds that are made.
		kinds []string
		// left out, as people read it.
		left string
	}{
		"Administrator": {"all is given", everything(),
			[]string{"ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Secret"}, ""},
		"NamespaceAdmin": {"nothing of the whole cluster, so neither ClusterRole nor binding", namespaceAdmin(),
			[]string{"ServiceAccount", "Role", "RoleBinding", "Secret"}, "namespace-admin.txt"},
		"Few": {"a role keeps what may be given", Caller{Rules: []authorizationv1.ResourceRule{
			{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"secrets", "*/log"}}}, Answers: map[Right]bool{}},
			[]string{"ServiceAccount", "Role", "RoleBinding", "Secret"}, "few.txt"},
		"None": {"without a right there is no role, and nothing to bind", Caller{Answers: map[Right]bool{}},
			[]string{"ServiceAccount", "Secret"}, "none.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			granted, left, err := Grant(objects(t, dst, Parts{Token: true}), c.caller.May)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, o := range granted {
				kinds = append(kinds, o.GetKind())
			}
			if diff := cmp.Diff(c.kinds, kinds); diff != "" {
				t.Errorf("%s: -want +got:\n%s", c.reason, diff)
			}
			has, err := Rights(granted)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range wanted {
				if slices.Contains(has, r) == slices.Contains(left, r) || slices.Contains(has, r) != c.caller.May(r) {
					t.Errorf("%s: given %v, left out %v, allowed %v", r, slices.Contains(has, r), slices.Contains(left, r), c.caller.May(r))
				}
			}
			for _, r := range has {
				if !slices.Contains(wanted, r) {
					t.Errorf("%s: %s is given, and is none that a move needs", c.reason, r)
				}
			}
			if c.left == "" {
				if len(left) > 0 {
					t.Errorf("%s: left out %v", c.reason, left)
				}
				return
			}
			var lines strings.Builder
			for _, l := range Lacks(left, AsTarget) {
				lines.WriteString(l.String() + "\n")
			}
			golden.Compare(t, c.left, lines.String())
		})
	}
}

// TestMay: what an API server lets a caller give to others.
func TestMay(t *testing.T) {
	t.Parallel()
	node := Right{Resource: "nodes", Verb: "list", Cluster: true}
	secret := Right{Resource: "secrets", Verb: "get"}
	yes := func(rights ...[]Right) map[Right]bool {
		out := map[Right]bool{}
		for _, r := range slices.Concat(rights...) {
			out[r] = true
		}
		return out
	}
	rules := func(group, resource string, names ...string) []authorizationv1.ResourceRule {
		return []authorizationv1.ResourceRule{{Verbs: []string{"get", "list"}, APIGroups: []string{group}, Resources: []string{resource},
			ResourceNames: names}}
	}
	for name, c := range map[string]struct {
		reason string
		caller Caller
		right  Right
		want   bool
	}{
		"InNamespace":     {"a rule of the namespace", Caller{Rules: rules("", "secrets")}, secret, true},
		"OtherGroup":      {"of another group", Caller{Rules: rules("apps", "secrets")}, secret, false},
		"OneSecret":       {"one object is not all of them", Caller{Rules: rules("", "secrets", "a")}, secret, false},
		"NotWholeCluster": {"what holds in a namespace need not hold in the cluster", Caller{Rules: rules("", "nodes")}, node, false},
		"NoClusterRoles":  {"the right, and no way to give it", Caller{Answers: yes([]Right{node})}, node, false},
		"ClusterRoles":    {"the right, and the ClusterRoles", Caller{Answers: yes([]Right{node}, makeClusterRoles)}, node, true},
		"NotOwn":          {"ClusterRoles without the right", Caller{Answers: yes(makeClusterRoles)}, node, false},
		"Escalates": {"an administrator of roles gives what is not his", Caller{Answers: yes(makeClusterRoles, escalateCluster)}, node,
			true},
		"HalfEscalates": {"a role that cannot be bound gives nothing", Caller{Answers: yes(makeClusterRoles, escalateCluster[:1])}, node,
			false},
		"EscalatesInside": {"the same in a namespace", Caller{Answers: yes(escalate)}, secret, true},
		"Subresource": {"a rule for a subresource of all kinds", Caller{Rules: rules("", "*/exec")}, Right{Resource: "pods/exec",
			Verb: "get"}, true},
		"NoSubresource": {"the kind alone does not give its subresource", Caller{Rules: rules("", "pods")}, Right{Resource: "pods/exec",
			Verb: "get"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.caller.May(c.right); got != c.want {
				t.Errorf("%s: got %v", c.reason, got)
			}
		})
	}
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	inside, wide := Right{Resource: "secrets", Verb: "get"}, Right{Resource: "nodes", Verb: "list", Cluster: true}
	clusterRoles := map[Right]bool{}
	for _, r := range makeClusterRoles {
		clusterRoles[r] = true
	}
	for name, c := range map[string]struct {
		reason string
		caller Caller
		want   []Right
	}{
		"Administrator": {"all is known", Caller{All: true}, nil},
		"Complete":      {"the rules of the namespace say it all, and ClusterRoles cannot be made", Caller{}, nil},
		"Incomplete":    {"an authorizer that lists no rules is asked", Caller{Incomplete: true}, []Right{inside}},
		"ClusterRoles":  {"what they would give is asked", Caller{Answers: clusterRoles}, []Right{wide}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, c.caller.Questions([]Right{inside, wide}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: -want +got:\n%s", c.reason, diff)
			}
		})
	}
}

func TestCallerLacks(t *testing.T) {
	t.Parallel()
	admin := namespaceAdmin()
	if got := admin.Lacks(false, false); len(got) > 0 {
		t.Errorf("an administrator of the namespace can add a target, but lacks %s", Join(got))
	}
	if diff := cmp.Diff("create namespaces", Join(admin.Lacks(false, true))); diff != "" {
		t.Errorf("for a namespace that is missing: -want +got:\n%s", diff)
	}
	none := Caller{}
	if diff := cmp.Diff("create and patch serviceaccounts, create and patch roles.rbac.authorization.k8s.io, "+
		"create and patch rolebindings.rbac.authorization.k8s.io, create serviceaccounts/token", Join(none.Lacks(true, false))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestKeys: the label is on the Secret of the target, too, and says that it is no part of an application.
func TestKeys(t *testing.T) {
	t.Parallel()
	s := dst.Secret("shop", Contents{Kubeconfig: []byte("x"), HasAccount: true})
	want := map[string]string{"app.kubernetes.io/part-of": "kubemove", api.ManagedByLabel: api.ManagedByValue, api.TargetLabel: dst.ID}
	if diff := cmp.Diff(want, s.Labels); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
