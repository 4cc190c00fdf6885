package application

import (
	"strings"
	"testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestSilent: what was not looked for may belong to the application.
func TestSilent(t *testing.T) {
	cases := map[string]struct {
		reason string
		change func(*Input)
		sure   bool
	}{
		"Selector": {reason: "it may be selected", change: func(*Input) {}},
		"Named": {reason: "it may name a workload that moves", change: func(in *Input) {
			in.Application = api.Application{Workloads: []api.WorkloadReference{{Kind: "Deployment", Name: "web"}}}
		}},
		"Data": {reason: "nothing of the kind would be created",
			change: func(in *Input) { in.Application.Contents = api.ContentsData }, sure: true},
		"Answer": {reason: "all have answered", change: func(in *Input) { in.Silent = nil }, sure: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			planned := func(silent ...string) *Plan {
				return Make(whole(t, join(webYAML, bound), func(in *Input) {
					in.Silent = silent
					tc.change(in)
				}))
			}
			p := planned("b.example.com/v1", "a.example.com/v2", "b.example.com/v1")
			if tc.sure {
				if len(p.Unsure) > 0 {
					t.Errorf("%s: got %q", tc.reason, p.Unsure)
				}
				return
			}
			if len(p.Unsure) != 1 || !strings.Contains(p.Unsure[0], ": a.example.com/v2, b.example.com/v1;") ||
				!strings.Contains(p.Unsure[0], "kubectl delete apiservice v2.a.example.com") {
				t.Fatalf("%s: got %q, want both groups and what helps", tc.reason, p.Unsure)
			}
			if !strings.Contains(strings.Join(p.Warnings, "\n"), p.Unsure[0]) {
				t.Errorf("it is no warning: %q", p.Warnings)
			}
			if p.Hash() != planned().Hash() {
				t.Error("who has approved a plan with this warning has approved this one")
			}
		})
	}
}
