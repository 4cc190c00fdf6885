package plan

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// TestNamesAccount: rights that an account has by a group, or as a user, are its rights.
func TestNamesAccount(t *testing.T) {
	cases := map[string]struct {
		reason   string
		subjects string
		want     bool
	}{
		"Account": {"by its name", `[{kind: ServiceAccount, namespace: shop, name: a}]`, true},
		"Other":   {"another namespace's", `[{kind: ServiceAccount, namespace: other, name: a}]`, false},
		"User":    {"as a user", `[{kind: User, name: "system:serviceaccount:shop:a"}]`, true},
		"Group":   {"by the group of its namespace", `[{kind: User, name: jane}, {kind: Group, name: "system:serviceaccounts:shop"}]`, true},
		"All":     {"by the group of all accounts", `[{kind: Group, name: "system:serviceaccounts"}]`, true},
		"Empty":   {"a binding may have no subjects", `[]`, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			b := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte("{subjects: "+tc.subjects+"}"), &b.Object); err != nil {
				t.Fatal(err)
			}
			if got := namesAccount(b, "shop"); got != tc.want {
				t.Errorf("%s: got %v, want %v", tc.reason, got, tc.want)
			}
		})
	}
}
