package v1alpha1_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// field of the spec of a generated CRD; lists are gone through.
func field(t *testing.T, file, path string) schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(crdDir, file))
	if err != nil {
		t.Fatal(err)
	}
	var c crd
	if err := yaml.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	at := c.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	for _, name := range strings.Split(path, ".") {
		if at.Items != nil {
			at = *at.Items
		}
		next, found := at.Properties[name]
		if !found {
			t.Fatalf("%s has no field spec.%s", file, path)
		}
		at = next
	}
	return at
}

// TestApplicationLists: engine and pair have the same lists, and each is merged as it has to be.
func TestApplicationLists(t *testing.T) {
	type list struct {
		Type string
		Keys []string
	}
	cases := map[string]struct {
		reason string
		want   list
	}{
		"application.claims":             {"a claim is named once", list{"map", []string{"name"}}},
		"application.exclude":            {"an entry may name a whole kind, so nothing identifies it", list{"atomic", nil}},
		"data.claims":                    {"a claim has one handling", list{"map", []string{"name"}}},
		"data.claims.target.accessModes": {"a mode is there or not", list{"set", nil}},
	}
	for path, tc := range cases {
		for _, file := range []string{"kubemove.io_moveengines.yaml", "kubemove.io_movepairs.yaml"} {
			got := field(t, file, path)
			if diff := cmp.Diff(tc.want, list{got.ListType, got.ListMapKeys}); diff != "" {
				t.Errorf("%s: spec.%s of %s (-want +got):\n%s", tc.reason, path, file, diff)
			}
		}
	}
}

func TestContentsAreClosed(t *testing.T) {
	got := field(t, "kubemove.io_moveengines.yaml", "application.contents")
	if diff := cmp.Diff([]any{"All", "Data", "Objects"}, got.Enum); diff != "" {
		t.Errorf("the contents (-want +got):\n%s", diff)
	}
}

// TestClaimTargetPatterns: what an API server lets in can be read as a name and as a size.
func TestClaimTargetPatterns(t *testing.T) {
	cases := map[string]map[string]bool{
		"data.claims.target.size": {
			"10Gi": true, "1.5Ti": true, "1000000": true, "5G": true,
			"0": false, "0Gi": false, "-1Gi": false, "10GB": false, "10 Gi": false, "1e3": false, "": false,
		},
		"data.claims.target.name": {
			"letters": true, "a": true, "data.db-0": true,
			"Letters": false, "a_b": false, "-a": false, "a-": false,
		},
	}
	for path, texts := range cases {
		pattern := regexp.MustCompile(field(t, "kubemove.io_moveengines.yaml", path).Pattern)
		for text, want := range texts {
			if got := pattern.MatchString(text); got != want {
				t.Errorf("spec.%s: %q passes %s: %v, want %v", path, text, pattern, got, want)
			}
		}
	}
}
