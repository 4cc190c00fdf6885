package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/view"
)

// screen is a terminal that knows what a live view uses of its language.
type screen struct {
	lines []string
	row   int
}

func (s *screen) write(text string) {
	for text != "" {
		switch {
		case strings.HasPrefix(text, "\x1b["):
			end := strings.IndexAny(text, "AKJ")
			s.control(text[2:end], text[end])
			text = text[end+1:]
			continue
		case text[0] == '\n':
			s.row++
		case text[0] == '\r':
			s.set("")
		default:
			end := strings.IndexAny(text+"\n", "\x1b\n\r")
			s.set(text[:end])
			text = text[end:]
			continue
		}
		text = text[1:]
	}
}

func (s *screen) set(line string) {
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, "")
	}
	s.lines[s.row] = line
}

func (s *screen) control(argument string, verb byte) {
	switch verb {
	case 'A':
		up := 0
		for _, digit := range argument {
			up = up*10 + int(digit-'0')
		}
		s.row -= up
	case 'J':
		s.lines = s.lines[:min(len(s.lines), s.row)]
	}
}

// noColour: the screen knows none.
func noColour(name string) string {
	if name == "NO_COLOR" {
		return "1"
	}
	return ""
}

func terminal(columns, lines int) func(any) (int, int, bool) {
	return func(any) (int, int, bool) { return columns, lines, true }
}

// TestLiveInPlace: on a terminal the screen holds the newest frame, and nothing of the ones before.
func TestLiveInPlace(t *testing.T) {
	t.Parallel()
	r, s := &run{}, &screen{}
	k := newKit(r, "")
	k.Terminal, k.Env = terminal(80, 60), noColour
	l := newLive(k, "moveengine/shop")
	l.write = s.write
	for _, name := range []string{"approval", "switching", "held", "approval"} {
		frame := sample.Snapshot(name)
		l.show(frame)
		plain := view.Render(frame.Moves[0], view.Options{Width: 80, Now: sample.Now, Line: k.Line, Style: k.Style(nil), Current: k.Current()})
		if diff := cmp.Diff(strings.Split(strings.TrimSuffix(plain, "\n"), "\n"), s.lines); diff != "" {
			t.Errorf("after %s the screen has something else: -want +got:\n%s", name, diff)
		}
	}
}

// TestLiveFits: a frame that is higher than the terminal is cut, as what has left the screen cannot be drawn over.
func TestLiveFits(t *testing.T) {
	t.Parallel()
	s := &screen{}
	k := newKit(&run{}, "")
	k.Terminal, k.Env = terminal(80, 10), noColour
	l := newLive(k, "moveengine/shop")
	l.write = s.write
	for range 3 {
		l.show(sample.Snapshot("switched"))
	}
	if len(s.lines) != 9 || !strings.Contains(s.lines[8], "lines more") {
		t.Errorf("a terminal of 10 lines shows %d: %q", len(s.lines), s.lines)
	}
}

// TestLiveWithoutTerminal: a line is written once, when it has become so.
func TestLiveWithoutTerminal(t *testing.T) {
	t.Parallel()
	r := &run{}
	l := newLive(newKit(r, ""), "moveengine/shop").onOut()
	for _, name := range []string{"approval", "approval", "switching", "switching", "switched"} {
		l.show(sample.Snapshot(name))
	}
	lines := strings.Split(r.out.String(), "\n")
	seen := map[string]int{}
	for _, line := range lines {
		seen[line]++
	}
	for line, n := range seen {
		if line != "" && n > 1 {
			t.Errorf("%q is written %d times, want once", line, n)
		}
	}
	if !strings.Contains(r.out.String(), "moveengine/shop Switched to dst") || strings.ContainsRune(r.out.String(), '\x1b') {
		t.Errorf("want the end, and no control characters: %q", r.out.String())
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason, in string
		terminal   bool
		code       int
	}{
		"Yes":        {"it is meant", "y\n", true, fault.Done},
		"YesLong":    {"it is meant", "YES\n", true, fault.Done},
		"No":         {"it is not", "n\n", true, fault.Failed},
		"Return":     {"the default is no", "\n", true, fault.Failed},
		"End":        {"no answer is no", "", true, fault.Failed},
		"NoTerminal": {"a script cannot be asked", "y\n", false, fault.Usage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(&run{}, c.in)
			if c.terminal {
				k.Terminal = terminal(80, 24)
			}
			if got := fault.Code(k.Confirm("Go on?", "--yes")); got != c.code {
				t.Errorf("%s: got the exit code %d, want %d", c.reason, got, c.code)
			}
		})
	}
}

func TestStyle(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason   string
		env      map[string]string
		terminal bool
		want     view.Style
	}{
		"Terminal": {"colours and signs", map[string]string{"LANG": "de_DE.UTF-8", "TERM": "xterm"}, true, view.Style{Colour: true,
			Unicode: true}},
		"Pipe":     {"no colours for a program", map[string]string{"LANG": "C.UTF-8"}, false, view.Style{Unicode: true}},
		"NoColour": {"whatever its value is", map[string]string{"LANG": "C.UTF-8", "NO_COLOR": "0"}, true, view.Style{Unicode: true}},
		"Dumb":     {"it knows neither", map[string]string{"LANG": "C.UTF-8", "TERM": "dumb"}, true, view.Style{}},
		"ASCII":    {"the locale says so", map[string]string{"LANG": "C.UTF-8", "LC_ALL": "C"}, true, view.Style{Colour: true}},
		"Nothing":  {"an empty environment", nil, true, view.Style{Colour: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKit(&run{}, "")
			k.Env = func(name string) string { return c.env[name] }
			if c.terminal {
				k.Terminal = terminal(80, 24)
			}
			if got := k.Style(nil); got != c.want {
				t.Errorf("%s: got %+v, want %+v", c.reason, got, c.want)
			}
		})
	}
}

func TestMatching(t *testing.T) {
	t.Parallel()
	var many []string
	for range 300 {
		many = append(many, "shop")
	}
	if n := len(matching(many, "s")); n != completionMost {
		t.Errorf("got %d words, want at most %d", n, completionMost)
	}
	if diff := cmp.Diff([]string{"shop", "movereverse/shop-back"}, moveNames(sample.Snapshot("wayback"))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"dst", "far"}, targetNames(sample.Snapshot("targets"), []string{"shop"})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestLogSelection: what belongs to a move, and where else it has workers.
func TestLogSelection(t *testing.T) {
	t.Parallel()
	m := sample.Move("approval")
	if got, want := selector(m), "kubemove.io/pair in (uid-pair)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := selector(sample.Move("starting")); got != "" {
		t.Errorf("without a pair there is nothing to select, got %q", got)
	}
	if e := endpoints(m); len(e) != 1 || e[0].Namespace != "shop" {
		t.Errorf("got %v, want the target's endpoint", e)
	}
}

func TestFailedSwitch(t *testing.T) {
	t.Parallel()
	stalled := sample.Objects("approval")
	c := &stalled.Switches[0].Status.Conditions
	*c = append(*c, stalled.Engines[0].Status.Conditions[3])
	(*c)[len(*c)-1].Status, (*c)[len(*c)-1].Reason = "True", "DowntimeTooLong"
	if err := failedSwitch(snapshot.New(stalled, sample.Now).Moves[0]); err == nil {
		t.Error("a switch that stalls before it begins is a failure, got none")
	}
	stalled.Switches[0].Generation = 2
	if err := failedSwitch(snapshot.New(stalled, sample.Now).Moves[0]); err != nil {
		t.Errorf("what was said before the approval does not count, got %v", err)
	}
	if err := failedSwitch(sample.Move("switching")); err != nil {
		t.Errorf("a switch that runs is none, got %v", err)
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(file, []byte("a: b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{file: "a: b\n", "-": "in: put\n"} {
		data, err := readFile(newKit(&run{}, "in: put\n"), name)
		if err != nil || string(data) != want {
			t.Errorf("%s: got %q and %v, want %q", name, data, err, want)
		}
	}
}
