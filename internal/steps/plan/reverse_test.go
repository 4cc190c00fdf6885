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
		reason string
		found  *application.Present
		want   string
	}{
		"Same": {"there is nothing to tell", differs(), ""},
		"Changed": {"each field is named", differs("spec.a", "spec.b"),
			"Deployment.apps/web was changed in the namespace there since the switch (spec.a; spec.b)"},
		"Many":       {"the first ones are named", differs("a", "b", "c", "d", "e", "f", "g"), "(a; b; c; d; e and 2 more)"},
		"Replicas":   {"a user has scaled it", differs("spec.replicas"), "(spec.replicas)"},
		"Suspended":  {"a CronJob does not run any more", differs("spec.suspend"), "(spec.suspend)"},
		"Deleted":    {"the one that was left starts again", nil, "Deployment.apps/web was deleted in the namespace there"},
		"Unreadable": {"it may have been changed", &application.Present{Standing: application.StandingForeign}, "could not be compared"},
	} {
		t.Run(name, func(t *testing.T) {
			o := &application.Object{Ref: ref}
			got := drift(o, c.found, application.FieldsOf(&application.Plan{}, o, c.found), "there")
			if !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}
