package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestSubjects: a RoleBinding gives no rights at the target to a subject that has none at the source.
func TestSubjects(t *testing.T) {
	const own = "ServiceAccount src/web"
	cases := map[string]struct {
		reason string
		// subjects, each "KIND NAME", of accounts "KIND NAMESPACE/NAME".
		subjects []string
		same     bool
		want     []string
		left     bool
		// warned are parts of the warnings, one each.
		warned []string
	}{
		"Own": {reason: "the application's accounts follow their namespace",
			subjects: []string{own}, want: []string{"ServiceAccount dst/web"}},
		"Foreign": {reason: "another cluster's ci is another ci", subjects: []string{own, "ServiceAccount ci/deployer"},
			want: []string{"ServiceAccount dst/web"}, warned: []string{"ServiceAccount ci/deployer"}},
		"ForeignOnly": {reason: "a binding without subjects is of no use",
			subjects: []string{"ServiceAccount ci/deployer"}, left: true, warned: []string{"ServiceAccount ci/deployer"}},
		"TargetsName": {reason: "so is what has the target's namespace at the source",
			subjects: []string{own, "ServiceAccount dst/web"}, want: []string{"ServiceAccount dst/web"}, warned: []string{"ServiceAccount dst/web"}},
		"ForeignUser": {reason: "an account can be named as a user", subjects: []string{own, "User system:serviceaccount:ci:deployer"},
			want: []string{"ServiceAccount dst/web"}, warned: []string{"serviceaccount:ci:deployer"}},
		"ForeignGroup": {reason: "all accounts of a namespace are a group", subjects: []string{own, "Group system:serviceaccounts:ci"},
			want: []string{"ServiceAccount dst/web"}, warned: []string{"serviceaccounts:ci"}},
		"Prefix": {reason: "a longer name is another namespace",
			subjects: []string{"User system:serviceaccount:src2:web", "Group system:serviceaccounts:src2"}, left: true,
			warned: []string{"src2:web, Group"}},
		"OwnGroup": {reason: "the group of the namespace follows it",
			subjects: []string{"Group system:serviceaccounts:src", "User system:serviceaccount:src:web"},
			want:     []string{"Group system:serviceaccounts:dst", "User system:serviceaccount:dst:web"}},
		"System": {reason: "Kubernetes' own groups are the same everywhere",
			subjects: []string{"Group system:authenticated", "Group system:serviceaccounts"},
			want:     []string{"Group system:authenticated", "Group system:serviceaccounts"}},
		"People": {reason: "people mostly are the same, and a person should look", subjects: []string{own, "User jane", "Group devs"},
			want: []string{"ServiceAccount dst/web", "User jane", "Group devs"}, warned: []string{"User jane, Group devs"}},
		"PeopleAndMore": {reason: "what stays of a binding is kept", subjects: []string{"ServiceAccount ci/deployer", "User jane"},
			want: []string{"User jane"}, warned: []string{"ci/deployer", "User jane"}},
		"NoSubjects": {reason: "a binding without subjects is one at the target, too", want: []string{}},
		"SameCluster": {reason: "in one cluster a name means the same",
			same: true, subjects: []string{own, "ServiceAccount ci/deployer", "User jane", "Group system:serviceaccounts:ci"},
			want: []string{"ServiceAccount dst/web", "ServiceAccount ci/deployer", "User jane", "Group system:serviceaccounts:ci"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			b := object(t,
				`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: b, namespace: src}, roleRef: {kind: Role, name: r}}`)
			if len(tc.subjects) > 0 {
				b.Object["subjects"] = subjectsOf(tc.subjects)
			}
			in := whole(t, `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r, namespace: src}}`, nil)
			in.TargetNamespace, in.SourceCluster, in.TargetCluster, in.Objects = "dst", "a", clusterOf(tc.same), append(in.Objects, b)
			p := Make(in)
			o := p.ofSource(RefOf(&b))
			if left := o == nil && len(p.Left) == 1 && p.Left[0].Ref == RefOf(&b); left != tc.left {
				t.Fatalf("%s: is left %v, want %v: %v", tc.reason, left, tc.left, p.Left)
			}
			if o != nil {
				if diff := cmp.Diff(tc.want, subjectsIn(&o.Object)); diff != "" {
					t.Errorf("%s: subjects (-want +got):\n%s", tc.reason, diff)
				}
			}
			if len(p.Warnings) != len(tc.warned) {
				t.Errorf("%s: got the warnings %q, want %d", tc.reason, p.Warnings, len(tc.warned))
			}
			for _, part := range tc.warned {
				if !strings.Contains(strings.Join(p.Warnings, "\n"), part) {
					t.Errorf("%s: %q is in none of %q", tc.reason, part, p.Warnings)
				}
			}
		})
	}
}

// clusterOf the target: that of the source, or another.
func clusterOf(same bool) string {
	if same {
		return "a"
	}
	return "b"
}

func subjectsOf(texts []string) []any {
	var out []any
	for _, text := range texts {
		kind, name, _ := strings.Cut(text, " ")
		s := map[string]any{"kind": kind, "name": name}
		if namespace, account, is := strings.Cut(name, "/"); is {
			s["namespace"], s["name"] = namespace, account
		}
		out = append(out, s)
	}
	return out
}

func subjectsIn(o *unstructured.Unstructured) []string {
	out := []string{}
	for _, s := range mapsIn(o.Object, "subjects") {
		name := s["name"].(string)
		if namespace, _ := s["namespace"].(string); namespace != "" {
			name = namespace + "/" + name
		}
		out = append(out, s["kind"].(string)+" "+name)
	}
	return out
}
