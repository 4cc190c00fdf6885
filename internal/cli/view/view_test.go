package view_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/golden"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/view"
)

// widths of the goldens.
var widths = []int{60, 80, 200}

func options(width int, style view.Style) view.Options {
	return view.Options{Width: width, Now: sample.Now, Style: style, Current: sample.Namespace}
}

// TestRender shows every sample in each width: what is in a file is what is on a screen.
func TestRender(t *testing.T) {
	t.Parallel()
	for _, name := range sample.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			for _, width := range widths {
				fmt.Fprintf(&b, "-- %d columns --\n%s\n", width, view.Render(sample.Move(name), options(width, view.Style{Unicode: true})))
			}
			fmt.Fprintf(&b, "-- 80 columns, ASCII --\n%s", view.Render(sample.Move(name), options(80, view.Style{})))
			golden.Compare(t, name+".txt", b.String())
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var all snapshot.Snapshot
	for _, name := range sample.Names() {
		all.Moves = append(all.Moves, sample.Snapshot(name).Moves...)
	}
	golden.Compare(t, "table.txt", view.Table(all, false, false, options(80, view.Style{}))+"\n"+view.Table(all, true, true, options(200,
		view.Style{})))
}

func TestLines(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, name := range sample.Names() {
		fmt.Fprintf(&b, "-- %s --\n%s\n", name, strings.Join(view.Lines(sample.Snapshot(name), sample.Move(name).Key()), "\n"))
	}
	golden.Compare(t, "lines.txt", b.String())
}

// TestWidths: nothing but a command, which has to be copied as a whole, is wider than the terminal, in any style.
func TestWidths(t *testing.T) {
	t.Parallel()
	for _, name := range sample.Names() {
		for width := 40; width <= 240; width += 7 {
			for line := range strings.Lines(view.Render(sample.Move(name), options(width, view.Style{Unicode: true}))) {
				line = strings.TrimSuffix(line, "\n")
				if n := utf8.RuneCountInString(line); n > width && !strings.HasPrefix(line, "Next ") {
					t.Errorf("%s in %d columns has a line of %d: %s", name, width, n, line)
				}
			}
		}
	}
}

// TestColourIsNotAlone: without the codes of colours the text is the same.
func TestColourIsNotAlone(t *testing.T) {
	t.Parallel()
	for _, name := range sample.Names() {
		coloured := view.Render(sample.Move(name), options(80, view.Style{Colour: true}))
		for _, code := range []string{"0", "1", "2", "31", "32", "33"} {
			coloured = strings.ReplaceAll(coloured, "\x1b["+code+"m", "")
		}
		if diff := cmp.Diff(view.Render(sample.Move(name), options(80, view.Style{})), coloured); diff != "" {
			t.Errorf("%s with colours says something else: -without +with:\n%s", name, diff)
		}
	}
}

// FuzzRender: whatever a status holds, a terminal gets no control character of it, and no line is too wide.
func FuzzRender(f *testing.F) {
	f.Add("\x1b[2J", int64(5), int64(3), uint8(60))
	f.Add("a b\nc\u202e", int64(-1), int64(1<<62), uint8(200))
	f.Fuzz(func(t *testing.T, evil string, done, total int64, width uint8) {
		o := sample.Objects("switching")
		o.Engines[0].Name, o.Engines[0].Status.Step = evil, evil
		o.Pairs[0].OwnerReferences, o.Pairs[0].Name = nil, evil+"-dst"
		o.Pairs[0].Status.Transport, o.Pairs[0].Status.Plan.Hash, o.Pairs[0].Status.Channel = evil, evil, api.Channel(evil)
		o.Switches[0].Spec.PairRef.Name, o.Syncs[0].Spec.PairRef.Name = evil+"-dst", evil+"-dst"
		o.Switches[0].Status.Steps[0].Name, o.Switches[0].Status.Steps[1].State = evil, evil
		o.Syncs[0].Spec.Volumes[0].Name = evil
		o.Syncs[0].Status.Volumes[0] = api.VolumeStatus{Name: evil, Stage: api.VolumeStage(evil), BytesDone: done, BytesTotal: total, Error: evil}
		o.Syncs[0].Status.BytesPerSecond, o.Syncs[0].Status.ETASeconds = done, total
		s := snapshot.New(o, sample.Now)
		opt := options(int(width), view.Style{})
		shown := view.Render(s.Moves[0], opt) + view.Table(s, true, true, opt) + strings.Join(view.Lines(s, ""), "\n")
		if i := strings.IndexFunc(shown, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 || !utf8.ValidString(shown) {
			t.Errorf("a control character at %d of %q", i, shown)
		}
		for _, r := range s.Moves[0].Routes {
			for _, v := range r.Volumes {
				if v.Percent < 0 || v.Percent > 100 {
					t.Errorf("%d of %d bytes are %d %%", done, total, v.Percent)
				}
			}
		}
	})
}

// TestProgress: frame after frame a volume goes on, and the whole is 100 % only at the end.
func TestProgress(t *testing.T) {
	t.Parallel()
	var former snapshot.Snapshot
	last := -1
	for second := range 60 {
		o := sample.Objects("firstcopy")
		o.Syncs[0].Status.Volumes[0].BytesDone = int64(second%7) * 600 << 20 // Tries begin anew.
		s := snapshot.New(o, sample.Now.Add(time.Duration(second)*time.Second)).After(former)
		former = s
		sum := s.Moves[0].Routes[0].Sum.Percent
		if sum < last || sum > 99 {
			t.Fatalf("second %d: the sum is %d %% after %d %%", second, sum, last)
		}
		last = sum
	}
}
