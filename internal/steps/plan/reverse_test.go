package plan

import (
	"strings"
	"testing"

	"github.com/kubemove/kubemove/internal/application"
)

// TestDrift: every change that the way back leaves behind is told, with its fields.
func TestDrift(t *testing.T) {
	ref := application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}
	differs := func(paths ...string) *application.Present {
		out := &application.Present{Ref: ref, Standing: application.StandingOurs}
		for _, p := range paths {
			out.Differs = append(out.Differs, application.Difference{Path: p})
		}
		return out
	}
	for name, c := range map[string]struct {
		reason     string
		found      *application.Present
		autoscaled bool
		want       string
	}{
		"Same": {"there is nothing to tell", differs(), false, ""},
		"Changed": {"each field is named", differs("spec.a", "spec.b"), false,
			"Deployment.apps/web was changed in the namespace there since the switch (spec.a; spec.b)"},
		"Many":       {"the first ones are named", differs("a", "b", "c", "d", "e", "f", "g"), false, "(a; b; c; d; e and 2 more)"},
		"Replicas":   {"a user has scaled it", differs("spec.replicas"), false, "(spec.replicas)"},
		"Scaled":     {"an autoscaler has, and does so again", differs("spec.replicas"), true, ""},
		"ScaledToo":  {"the rest is told", differs("spec.replicas", "spec.a"), true, "(spec.a)"},
		"Suspended":  {"a CronJob does not run any more", differs("spec.suspend"), false, "(spec.suspend)"},
		"Deleted":    {"the one that was left starts again", nil, false, "Deployment.apps/web was deleted in the namespace there"},
		"Unreadable": {"it may have been changed", &application.Present{Standing: application.StandingForeign}, false, "could not be compared"},
	} {
		t.Run(name, func(t *testing.T) {
			got := drift(&application.Object{Ref: ref}, c.found, c.autoscaled, "there")
			if !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

func TestIsAutoscaled(t *testing.T) {
	web := application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}
	renamed := application.Object{Ref: application.Ref{Group: "apps", Kind: "Deployment", Name: "new-web"}, Source: "web"}
	other := application.Object{Ref: application.Ref{Group: "apps", Kind: "Deployment", Name: "db"}}
	forward := &application.Plan{Workloads: []application.Workload{{Ref: web, Autoscaled: true}}}
	if !isAutoscaled(forward, &renamed) || isAutoscaled(forward, &other) {
		t.Error("a workload is autoscaled when that at the source was, by its name there")
	}
}
