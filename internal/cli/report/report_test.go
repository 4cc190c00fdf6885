package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/golden"
	"github.com/kubemove/kubemove/internal/cli/report"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/view"
)

func of(name string) report.Report {
	m := sample.Move(name)
	return report.New(m, m.Route(""), sample.Now)
}

func html(t *testing.T, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReport(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"switched", "rolledback", "wayback", "starting"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := of(name)
			data, err := json.MarshalIndent(r, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, name+".txt", r.Text(view.Options{}))
			golden.Compare(t, name+".json", string(data)+"\n")
			golden.Compare(t, name+".html", html(t, r))
		})
	}
}

func TestVerification(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason, sample string
		change         func(*snapshot.Objects)
		want           string
	}{
		"Switched": {"the final run has succeeded", "switched", nil, report.Verified},
		"Approval": {"there was no final run", "approval", nil, report.NotYet},
		"Failed": {"the final run has not succeeded", "switched", func(o *snapshot.Objects) {
			o.Switches[0].Status.FinalRun.Outcome = "Failed"
		}, report.Failed},
		"NoData": {"there is nothing to compare", "switched", func(o *snapshot.Objects) { o.Syncs = nil }, report.NoData},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sample.Objects(c.sample)
			if c.change != nil {
				c.change(&o)
			}
			m := snapshot.New(o, sample.Now).Moves[0]
			if got := report.New(m, m.Route(""), sample.Now).Verification.Result; got != c.want {
				t.Errorf("%s: got %s, want %s", c.reason, got, c.want)
			}
		})
	}
}

// TestHTMLIsEscaped: what a cluster says is a text of the page, and nothing else. The page loads nothing and runs nothing.
func TestHTMLIsEscaped(t *testing.T) {
	t.Parallel()
	const evil = `</td><script>alert(1)</script><img src=x onerror="alert(2)">'"&`
	o := sample.Objects("switched")
	o.Engines[0].Status.Conditions[0].Message = evil
	o.Pairs[0].Status.Transport, o.Pairs[0].Status.Plan.Hash, o.Pairs[0].Status.Plan.Warnings = evil, evil, []string{evil}
	o.Switches[0].Status.Steps[0].Message, o.Switches[0].Status.FinalRun.Message = evil, evil
	o.Syncs[0].Spec.Volumes[0].Target = evil
	o.Syncs[0].Status.Runs = []api.SyncRun{{ID: evil, Trigger: evil, Message: evil, Outcome: evil}}
	m := snapshot.New(o, sample.Now).Moves[0]
	m.Name = evil
	page := html(t, report.New(m, m.Route(""), sample.Now))
	for _, sign := range []string{"<script", "<img", "onerror=\"", "http:", "https:", "url(", "src=", "href="} {
		if strings.Contains(strings.ReplaceAll(page, "src=x onerror=&#34;", ""), sign) {
			t.Errorf("the page has %q", sign)
		}
	}
	if n := strings.Count(page, "&lt;script&gt;"); n < 8 {
		t.Errorf("the page shows the text %d times, want each place: at least 8", n)
	}
}

// TestIsPlain: a terminal carries nothing out, and a page neither turns the order of letters nor hides any.
func TestIsPlain(t *testing.T) {
	t.Parallel()
	r := of("hostile")
	r.Name += "\u202e"
	for name, shown := range map[string]string{"text": r.Text(view.Options{}), "page": html(t, r)} {
		if !strings.Contains(shown, "a warning") {
			t.Errorf("the %s does not show the warning", name)
		}
		if i := strings.IndexFunc(shown, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("the %s has a control character at %d: %q", name, i, shown)
		}
	}
}
