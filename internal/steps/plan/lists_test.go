package plan

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

func TestKindsOf(t *testing.T) {
	p := &application.Plan{Objects: []application.Object{object(t, deployText), object(t, secretText), object(t, secretText)}}
	got := kindsOf(p)
	want := []api.PlannedKind{{Kind: "Deployment.apps", Objects: 1}, {Kind: "Secret", Objects: 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("each kind once, by name: -want +got:\n%s", diff)
	}
	if got := describeKinds(got); got != " (1 Deployment.apps, 2 Secret)" {
		t.Errorf("the message of the step reads %q", got)
	}
	if got := describeKinds(nil); got != "" {
		t.Errorf("a plan without objects says nothing of kinds, got %q", got)
	}
}

func TestKindsOfMany(t *testing.T) {
	p := &application.Plan{}
	for i := range kindLength + 1 {
		p.Objects = append(p.Objects, application.Object{Ref: application.Ref{Kind: fmt.Sprintf("Kind%d", i)}})
	}
	if got := kindsOf(p); len(got) != kindLength {
		t.Errorf("the API takes %d kinds, got %d", kindLength, len(got))
	}
}

func TestFewWarnings(t *testing.T) {
	many := func(n int) []string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprint(i))
		}
		return out
	}
	cases := map[string]struct {
		reason string
		count  int
		secret string
		// want of the last one.
		want string
	}{
		"Ten": {"As many as the API takes stand there as they are.", 10, "s", "9"},
		"Eleven": {"Of two that do not fit the tenth tells where they are.",
			11, "s", "2 more warnings are in the whole plan, in the Secret s"},
		"NoSecret":  {"A plan that was not stored has no Secret to look into.", 25, "", "16 more warnings"},
		"Unlimited": {"It says how many there are.", 25, "s", "16 more warnings are in the whole plan, in the Secret s"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			all := many(tc.count)
			got := fewWarnings(all, tc.secret)
			if len(got) != 10 || got[9] != tc.want {
				t.Errorf("%s\ngot %q", tc.reason, got)
			}
			if diff := cmp.Diff(many(tc.count), all); diff != "" {
				t.Errorf("%s\nthe plan's own list was changed:\n%s", tc.reason, diff)
			}
		})
	}
}
