package v1alpha1_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func TestPairNameHash(t *testing.T) {
	long := strings.Repeat("a", 190)
	for name, c := range map[string]struct{ reason, name, want string }{
		"Short": {"as printf %s shop-dst | sha256sum | cut -c1-16 says", "shop-dst", "76b0c234ce44234e"},
		"Long":  {"a name may be longer than a label", long, api.PairNameHash(long)},
		"Cut":   {"what a DataSync may lack of it does not count", long + "-dst", api.PairNameHash(long)},
	} {
		t.Run(name, func(t *testing.T) {
			got := api.PairNameHash(c.name)
			if got != c.want {
				t.Errorf("%s: got %s, want %s", c.reason, got, c.want)
			}
			if bad := validation.IsValidLabelValue(got); len(bad) > 0 {
				t.Errorf("%s: no value of a label: %s", c.reason, bad)
			}
		})
	}
	if api.PairNameHash("shop-a") == api.PairNameHash("shop-b") {
		t.Error("two pairs have one hash")
	}
}
