package page

import (
	"bytes"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/golden"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// options of a page that may write, in the namespace of the samples.
var options = Options{Namespace: sample.Namespace, Current: sample.Namespace, Writes: true}

func mainOf(t testing.TB, p *Page) string {
	t.Helper()
	body, err := p.Main()
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestMove shows every sample: what is in a file is what a browser gets.
func TestMove(t *testing.T) {
	t.Parallel()
	for _, name := range sample.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden.Compare(t, name+".html", mainOf(t, NewMove(sample.Move(name), sample.Now, options)))
		})
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	all := snapshot.Snapshot{At: sample.Now}
	for _, name := range sample.Names() {
		all.Moves = append(all.Moves, sample.Snapshot(name).Moves...)
	}
	golden.Compare(t, "list.html", mainOf(t, NewList(all, Options{})))
	golden.Compare(t, "empty.html", mainOf(t, NewList(snapshot.Snapshot{At: sample.Now}, options)))
}

// TestPage has the head, and which rights the page has.
func TestPage(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := NewMove(sample.Move("approval"), sample.Now, options)
	p.Events = "/events/moves/shop/moveengine/shop"
	if err := p.HTML(&b, options); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "page.html", b.String())
	b.Reset()
	if err := p.HTML(&b, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"read-only", "all namespaces"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestMost: a list is bounded, and says what it leaves out.
func TestMost(t *testing.T) {
	t.Parallel()
	s := snapshot.Snapshot{At: sample.Now}
	for range most + 3 {
		s.Moves = append(s.Moves, sample.Move("approval"))
	}
	body := mainOf(t, NewList(s, options))
	if n := strings.Count(body, "<tr id="); n != most ||
		!strings.Contains(body, "3 more moves not listed") || !strings.Contains(body, "<b>503</b>") {
		t.Errorf("the list has %d rows:\n%s", n, body[:2000])
	}
}

// TestApprove: a plan can be approved while it is the newest one and waits for that.
func TestApprove(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		change func(*snapshot.Objects)
		want   bool
	}{
		"Waits":     {"it was not approved", func(*snapshot.Objects) {}, true},
		"Approved":  {"it was", func(o *snapshot.Objects) { o.Switches[0].Spec.ApprovedPlan = sample.Hash }, false},
		"Other":     {"another one was, so this one waits", func(o *snapshot.Objects) { o.Switches[0].Spec.ApprovedPlan = "other" }, true},
		"Newer":     {"the switch has found a newer one", func(o *snapshot.Objects) { o.Switches[0].Status.PlanHash = "newer" }, false},
		"Automatic": {"no approval is needed", func(o *snapshot.Objects) { o.Switches[0].Spec.Approval = api.ApprovalAutomatic }, false},
		"Blocked":   {"it has blockers", func(o *snapshot.Objects) { *o = sample.Objects("blocked") }, false},
		"NoPlan":    {"there is none", func(o *snapshot.Objects) { o.Pairs[0].Status.Plan = nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := sample.Objects("approval")
			c.change(&o)
			a := NewMove(snapshot.New(o, sample.Now).Moves[0], sample.Now, options).Move.Targets[0].Approve
			if got := a != nil; got != c.want {
				t.Errorf("%s: it can be approved: %v, want %v", c.reason, got, c.want)
			}
			if a != nil && (a.Plan != sample.Hash || a.Target != "dst" || a.UID != "uid-switch") {
				t.Errorf("%s: what is sent is %+v", c.reason, a)
			}
		})
	}
}

// TestRollBack: a switch can be rolled back from its approval to its commit, and once.
func TestRollBack(t *testing.T) {
	t.Parallel()
	got := map[string]bool{}
	for _, name := range sample.Names() {
		if NewMove(sample.Move(name), sample.Now, options).Move.RollBack != nil {
			got[name] = true
		}
	}
	if diff := cmp.Diff(map[string]bool{"scheduled": true, "switching": true, "held": true}, got); diff != "" {
		t.Errorf("what can be rolled back: -want +got:\n%s", diff)
	}
}

// TestCommands name the namespace of a move that is not in the current one.
func TestCommands(t *testing.T) {
	t.Parallel()
	m := NewMove(sample.Move("approval"), sample.Now, Options{Current: "other"}).Move
	want := []string{"kubectl move plan shop --namespace shop",
		"kubectl move approve moveengine/shop --target dst --plan 3f6b1c2a9d8e7f60 --namespace shop"}
	if diff := cmp.Diff(want, []string{m.Next, m.Targets[0].Approve.Command}); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestSnapshotStays: a page does not change what others read.
func TestSnapshotStays(t *testing.T) {
	t.Parallel()
	s := sample.Snapshot("hostile")
	for _, p := range []*Page{NewList(s, options), NewMove(s.Moves[0], sample.Now, options),
		NewReport(s.Moves[0], &s.Moves[0].Routes[0], sample.Now), NewSummary(s.Moves[0], &s.Moves[0].Routes[0], "x", sample.Now)} {
		mainOf(t, p)
	}
	if diff := cmp.Diff(sample.Snapshot("hostile"), s); diff != "" {
		t.Errorf("the snapshot was changed: -before +after:\n%s", diff)
	}
}

// outside is what a page would load or run from elsewhere, or inline, which its policy refuses.
var outside = regexp.MustCompile(`(?i)https?:|//[a-z]|url\(|@import|<script>|javascript:|\sstyle=|\son[a-z]+=`)

// TestNothingOutside: templates, styles and script load nothing but each other, and nothing is inline.
func TestNothingOutside(t *testing.T) {
	t.Parallel()
	for _, dir := range []fs.FS{files, os.DirFS("../static")} {
		err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(dir, name)
			if err != nil {
				return err
			}
			found := outside.FindString(strings.ReplaceAll(string(data), `xmlns="http://www.w3.org/2000/svg"`, ""))
			if found != "" {
				t.Errorf("%s has %q", name, found)
			}
			for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"} {
				if strings.Contains(string(data), sink) {
					t.Errorf("%s has %s", name, sink)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzPage: whatever a status holds, a browser gets its letters and nothing else.
func FuzzPage(f *testing.F) {
	f.Add("\x1b[2J\u202e")
	f.Add(`</td></textarea><script>alert(1)</script><img src=x onerror="alert(2)">'"&` + "`{{.}}")
	f.Add("javascript:alert(1)")
	f.Fuzz(func(t *testing.T, evil string) {
		o := sample.Objects("switching")
		o.Engines[0].Name, o.Engines[0].Status.Step, o.Engines[0].Status.Conditions[0].Message = evil, evil, evil
		o.Pairs[0].OwnerReferences, o.Pairs[0].Name = nil, evil+"-dst"
		o.Pairs[0].Status.Transport, o.Pairs[0].Status.Plan.Hash, o.Pairs[0].Status.Channel = evil, evil, api.Channel(evil)
		o.Pairs[0].Status.Plan.Warnings = []string{evil}
		o.Pairs[0].Status.Plan.Blockers = []api.Blocker{{Reason: evil, Object: evil, Message: evil}}
		o.Switches[0].Spec.PairRef.Name, o.Syncs[0].Spec.PairRef.Name = evil+"-dst", evil+"-dst"
		o.Switches[0].Name, o.Switches[0].UID = evil, "uid"
		o.Switches[0].Status.Steps[0].Name, o.Switches[0].Status.Steps[1].State, o.Switches[0].Status.Steps[2].Message = evil, evil, evil
		o.Syncs[0].Spec.Volumes[0].Name = evil
		o.Syncs[0].Status.Volumes[0] = api.VolumeStatus{Name: evil, Stage: api.VolumeStage(evil), Error: evil}
		o.Syncs[0].Status.Runs[0].Message, o.Syncs[0].Status.Runs[0].Outcome = evil, evil
		s := snapshot.New(o, sample.Now)
		m := s.Moves[0]
		pages := []*Page{NewList(s, Options{}), NewMove(m, sample.Now, options), NewReport(m, &m.Routes[0], sample.Now),
			NewSummary(m, &m.Routes[0], evil, sample.Now), {Failure: &Failure{Failed: evil, Reason: evil, Command: evil}}}
		for _, p := range pages {
			p.Outage = evil
			var b bytes.Buffer
			if err := p.HTML(&b, Options{Namespace: evil}); err != nil {
				t.Fatal(err)
			}
			body := b.String()
			if i := strings.IndexFunc(body, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 || !utf8.ValidString(body) {
				t.Errorf("a control character at %d of %q", i, body)
			}
			if n := strings.Count(body, "<script"); n != 1 || strings.Contains(body, "<img") || strings.Contains(body, "<svg") {
				t.Errorf("the page has %d scripts, want its own:\n%s", n, body)
			}
			if strings.Contains(body, `href="javascript`) {
				t.Errorf("a link runs a script:\n%s", body)
			}
		}
	})
}
