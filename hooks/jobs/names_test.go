package jobs

import (
	"math/rand/v2"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Names are valid for whatever name a parent may have, and differ when the parents differ.
func TestNames(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[string]string{}
	for range 20000 {
		parent, namespace := subdomain(r, 253), subdomain(r, 63)
		intent := Hash(intentLength, parent, "x")
		attempt := 1 + r.IntN(99999)
		for _, step := range []string{"plan", "rollback"} {
			name := Name(PrefixSwitch, namespace, parent, step, intent, attempt)
			if errs := validation.IsDNS1123Label(name); len(errs) > 0 {
				t.Fatalf("%q of %q is no valid name: %v", name, parent, errs)
			}
			key := namespace + "/" + parent + "/" + step
			if other, ok := seen[name]; ok && other != key {
				t.Fatalf("%q is the name for %q and %q", name, other, key)
			}
			seen[name] = key
		}
		for _, child := range []string{DataAccount(parent), SwitchAccount(parent), Child(parent, subdomainLabel(r, 40))} {
			if errs := validation.IsDNS1123Subdomain(child); len(errs) > 0 {
				t.Fatalf("%q of %q is no valid name: %v", child, parent, errs)
			}
		}
		if errs := validation.IsValidLabelValue(intent); len(errs) > 0 {
			t.Fatalf("%q is no label: %v", intent, errs)
		}
	}
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

func subdomainLabel(r *rand.Rand, most int) string {
	var b strings.Builder
	n := 1 + r.IntN(most)
	for i := range n {
		if i > 0 && i < n-1 && r.IntN(6) == 0 {
			b.WriteByte('-')
			continue
		}
		b.WriteByte(letters[r.IntN(len(letters))])
	}
	return b.String()
}

func subdomain(r *rand.Rand, most int) string {
	s := subdomainLabel(r, min(most, 63))
	for len(s) < most-1 && r.IntN(3) > 0 {
		s += "." + subdomainLabel(r, min(63, most-len(s)-1))
	}
	return s
}

func TestIntent(t *testing.T) {
	type spec struct {
		A string            `json:"a,omitempty"`
		M map[string]string `json:"m,omitempty"`
	}
	base := Intent("uid", "step", spec{A: "x", M: map[string]string{"b": "1", "a": "2"}})
	for name, c := range map[string]struct {
		reason string
		got    string
		same   bool
	}{
		"Same":   {"equal values in another order", Intent("uid", "step", spec{M: map[string]string{"a": "2", "b": "1"}, A: "x"}), true},
		"UID":    {"a parent made anew starts anew", Intent("other", "step", spec{A: "x", M: map[string]string{"b": "1", "a": "2"}}), false},
		"Values": {"another intent is another Job", Intent("uid", "step", spec{A: "y"}), false},
		"Cuts":   {"values are not simply put one behind the other", Intent("uid", "stepx"), false},
	} {
		if (c.got == base) != c.same {
			t.Errorf("%s: %s: %s against %s", name, c.reason, c.got, base)
		}
	}
	if Hash(10, "ab", "c") == Hash(10, "a", "bc") {
		t.Error("the same text cut elsewhere gives the same hash")
	}
}
