package check

import (
	"strings"
	"testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func TestTargets(t *testing.T) {
	at := func(name, namespace, secret, key string) api.Target {
		x := api.Target{Name: name, Endpoint: api.Endpoint{Namespace: namespace}}
		if secret != "" {
			x.Cluster = &api.ClusterAccess{KubeconfigSecretRef: api.SecretKeyReference{Name: secret, Key: key}}
		}
		return x
	}
	for name, tc := range map[string]struct {
		reason  string
		targets []api.Target
		names   []string
	}{
		"One":       {"one target is fine", []api.Target{at("a", "shop", "dst", "")}, nil},
		"Namespace": {"two namespaces of one cluster", []api.Target{at("a", "shop", "dst", ""), at("b", "shop2", "dst", "")}, nil},
		"Secret":    {"two Secrets: the plan looks where they lead", []api.Target{at("a", "shop", "dst", ""), at("b", "shop", "dst2", "")}, nil},
		"Key":       {"two keys of one Secret", []api.Target{at("a", "shop", "dst", "x"), at("b", "shop", "dst", "y")}, nil},
		"Same": {"the same place",
			[]api.Target{at("a", "shop", "dst", ""), at("c", "shop", "other", ""), at("b", "shop", "dst", "")}, []string{"a", "b"}},
		"Default": {"the default key is the same key",
			[]api.Target{at("a", "shop", "dst", ""), at("b", "shop", "dst", "kubeconfig")}, []string{"a", "b"}},
		"Home": {"home has one namespace", []api.Target{at("a", "", "", ""), at("b", "", "", "")}, []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := Targets(tc.targets)
			if (p != nil) != (tc.names != nil) {
				t.Fatalf("%s: got %+v", tc.reason, p)
			}
			for _, n := range tc.names {
				if p.Reason != api.ReasonInvalidSpec || !strings.Contains(p.Message, " "+n+" ") {
					t.Errorf("%s: got %+v, want InvalidSpec that names %s", tc.reason, p, n)
				}
			}
		})
	}
}
