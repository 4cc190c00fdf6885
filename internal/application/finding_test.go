package application

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestReport: what is found goes into the lists that users read.
func TestReport(t *testing.T) {
	web := refTo(kindDeployment, "web")
	p := &Plan{Warnings: []string{"first"}}
	p.AddBlocker(api.ReasonRejected, web, "%s: %d%%", web, 7)
	p.AddBlocker(api.ReasonForbidden, Ref{}, "no rights")
	p.AddWarning(web, "once")
	p.AddWarning(Ref{}, "once")
	p.AddWarning(web, "first")
	p.AddUnsure(web, "not known")
	p.AddUnsure(web, "not known")
	want := &Plan{
		Blockers: []api.Blocker{
			{Reason: api.ReasonRejected, Object: "Deployment.apps/web", Message: "Deployment.apps/web: 7%"},
			{Reason: api.ReasonForbidden, Message: "no rights"},
		},
		Warnings: []string{"first", "once"}, Unsure: []string{"not known"},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !p.BlockedBy(api.ReasonCancelled, api.ReasonForbidden) || p.BlockedBy(api.ReasonCancelled) {
		t.Error("a plan knows by what reasons it is blocked")
	}
	if !p.BlockedAbout(web) || p.BlockedAbout(refTo(kindStatefulSet, "web")) {
		t.Error("a plan knows about what objects it is blocked")
	}
}

// TestFindingsAreSorted: the order in which they were found does not show.
func TestFindingsAreSorted(t *testing.T) {
	a, b := refTo(kindConfigMap, "a"), refTo(kindConfigMap, "b")
	var f Findings
	f.AddWarning(b, "z")
	f.AddUnsure(b, "u")
	f.AddBlocker("R", b, "1")
	f.AddBlocker("R", a, "2")
	f.AddBlocker("Q", b, "3")
	f.AddWarning(a, "z")
	f.AddWarning(b, "y")
	f.AddBlocker("R", a, "2")
	want := &Plan{
		Blockers: []api.Blocker{{Reason: "Q", Object: "ConfigMap/b", Message: "3"}, {Reason: "R", Object: "ConfigMap/a", Message: "2"},
			{Reason: "R", Object: "ConfigMap/b", Message: "1"}},
		Warnings: []string{"y", "z"}, Unsure: []string{"u"},
	}
	backward := slices.Clone(f)
	slices.Reverse(backward)
	for _, list := range []Findings{f, backward} {
		if diff := cmp.Diff(want, reported(list.sorted())); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	if diff := cmp.Diff(f.sorted(), backward.sorted()); diff != "" {
		t.Errorf("of two about different objects the same one is kept:\n%s", diff)
	}
}

// TestMessagesAreClipped to what the API takes, and stay text.
func TestMessagesAreClipped(t *testing.T) {
	for _, text := range []string{strings.Repeat("a", 1025), strings.Repeat("ü", 600), "a" + strings.Repeat("ü", 600)} {
		var f Findings
		f.AddWarning(Ref{}, "%s", text)
		if got := f[0].Message; len(got) > 1024 || len(got) < 1020 || !strings.HasSuffix(got, "...") || !utf8.ValidString(got) {
			t.Errorf("%d bytes become %d: %q", len(text), len(got), got[len(got)-9:])
		}
	}
	var f Findings
	if f.AddWarning(Ref{}, "%s", strings.Repeat("a", 1024)); len(f[0].Message) != 1024 || strings.HasSuffix(f[0].Message, ".") {
		t.Error("what fits is left as it is")
	}
}
