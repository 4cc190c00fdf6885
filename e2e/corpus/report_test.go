package corpus

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

func TestSaid(t *testing.T) {
	p := &application.Plan{
		Objects:  []application.Object{{Ref: application.Ref{Kind: "Secret", Name: "moved"}}},
		Left:     []application.Left{{Ref: application.Ref{Kind: "Secret", Name: "left"}}},
		Requires: []application.Required{{Ref: application.Ref{Kind: "Secret", Name: "required"}}},
		Blockers: []api.Blocker{{Object: "Secret/blocked", Message: "nor can Secret/beside, as it is"}},
		Warnings: []string{"Secret/warned-of is not moved"},
	}
	for name, want := range map[string]bool{
		"moved": true, "left": true, "required": true, "blocked": true, "beside": true, "warned-of": true,
		"warned": false, "lost": false,
	} {
		require.Equal(t, want, said(p, application.Ref{Kind: "Secret", Name: name}), name)
	}
}

func TestReport(t *testing.T) {
	good := Result{File: "shop.yaml", Objects: 4, Aged: 9, Moved: 5, Left: []string{"ConfigMap/x: not selected"}, Warnings: []string{"hm"},
		Took: 200 * time.Millisecond}
	bad := Result{File: "odd.yaml", Objects: 1, Blockers: []string{"Rejected: no"}, Notes: []string{"not read: document 2"}}
	bad.fail(failedSilent, "Endpoints/db")
	cases := map[string]struct {
		reason  string
		results []Result
		fine    bool
		want    string
	}{
		"Good": {
			reason: "a line for each, and the figures", results: []Result{good}, fine: true,
			want: "ok   shop.yaml                                in   4, moved   5, left  1, blockers 0, warnings 1, differences 0 (0.2s)\n" +
				"\n1 applications, 4 objects in, 9 writes of controllers, 5 objects moved, 1 left with a reason, 0 applications blocked, " +
				"1 warnings, 0 notes, 3s\n" +
				"no difference, and nothing is lost silently\n",
		},
		"Bad": {
			reason: "what went wrong stands below its line, and is counted by kind", results: []Result{bad},
			want: "FAIL odd.yaml                                 in   1, moved   0, left  0, blockers 1, warnings 0, differences 1 (0.0s)\n" +
				"       FAIL     lost silently: Endpoints/db\n       blocker  Rejected: no\n       note     not read: document 2\n" +
				"\n1 applications, 1 objects in, 0 writes of controllers, 0 objects moved, 0 left with a reason, 1 applications blocked, " +
				"0 warnings, 1 notes, 3s\n" +
				"1 applications failed: lost silently 1\n",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			for i := range tc.results {
				tc.results[i].Write(&out, false)
			}
			require.Equal(t, tc.fine, Summary(&out, tc.results, 3*time.Second), tc.reason)
			require.Equal(t, tc.want, out.String(), tc.reason)
		})
	}
}

func TestOutcome(t *testing.T) {
	r := Result{File: "shop.yaml", Objects: 4, Moved: 3,
		Left:     []string{"ServiceAccount/default: every namespace has its own", "Pod/a: not selected"},
		Blockers: []string{"UnsupportedWorkload: Pod/b it is a Pod"}, Warnings: []string{"b-7 differs"}, Took: time.Second}
	require.Equal(t, "shop.yaml: in 4, moved 3; left Pod/a; blocked by UnsupportedWorkload: Pod/b", r.Outcome())
	require.Equal(t, "x.yaml: in 0, moved 0", (&Result{File: "x.yaml"}).Outcome())
}
