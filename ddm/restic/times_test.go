package restic

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTimesThatProveNothing: a file that is rewritten with the same size and time after an earlier
// run arrives at the first try, however wrong the clocks are.
func TestTimesThatProveNothing(t *testing.T) {
	long := 24 * time.Hour
	cases := map[string]struct {
		reason string
		// ahead of now is the file's time.
		ahead time.Duration
		// exact is how the earlier run was made.
		exact bool
		// slack of the run's own clock: less than none is a file system whose clock is behind it.
		slack time.Duration
	}{
		"in the future":                 {reason: "a cache keeps an expiry there", ahead: long},
		"in the future, rolled back":    {reason: "the earlier run was the final one of a switch", ahead: long, exact: true},
		"in the past":                   {reason: "a program sets the time back", ahead: -long},
		"before 1970":                   {reason: "a time may be negative", ahead: -time.Since(time.Unix(-1000, 0))},
		"clock of the server is behind": {reason: "what is stored now looks older than the run", ahead: -long, slack: -time.Minute},
		"behind, rolled back":           {reason: "also after a final run", ahead: -long, exact: true, slack: -time.Minute},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			was := slack
			t.Cleanup(func() { slack = was })
			slack = tc.slack
			p := newPair(t)
			path := filepath.Join(p.source(), "entry")
			rests := filepath.Join(p.source(), "rests")
			must(t, os.WriteFile(rests, []byte("rests"), 0o644))
			at := time.Now().Add(tc.ahead)
			write := func(text string) {
				must(t, os.WriteFile(path, []byte(text), 0o644))
				must(t, os.Chtimes(path, at, at))
			}
			write("attempt 1")
			if codes, st := p.run(t.Context(), "run-1", tc.exact); codes != [2]int{} {
				t.Fatalf("%s: exit codes %v: %+v %+v", tc.reason, codes, st[0].Result, st[1].Result)
			}
			p.whole = true // As the run's Job says after a run in which both sides agreed.
			write("attempt 2")
			p.copied("final")
		})
	}
}

// TestTimesAreKept: what a run has seen is known to the next one.
func TestTimesAreKept(t *testing.T) {
	newest := time.Unix(4_000_000_000, 5)
	cases := map[string]struct {
		reason string
		exact  bool
		// snapshots that the run leaves.
		snapshots int
	}{
		"Exact": {"nothing changes meanwhile, so it is known beforehand", true, 1},
		"Live":  {"what restic has recorded is known afterwards", false, 2},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			for file, at := range map[string]time.Time{"new": newest, "old": time.Unix(0, 0)} {
				must(t, os.WriteFile(filepath.Join(p.source(), file), nil, 0o644))
				must(t, os.Chtimes(filepath.Join(p.source(), file), at, at))
			}
			if codes, st := p.run(t.Context(), "run-1", tc.exact); codes != [2]int{} {
				t.Fatalf("exit codes %v: %+v %+v", codes, st[0].Result, st[1].Result)
			}
			all := p.snapshots()
			if len(all) != tc.snapshots || all[0].isRecord() {
				t.Fatalf("%s: the snapshots are %+v", tc.reason, all)
			}
			saw := all[0].seen(all)
			if saw.Written != newest.Unix()+1 || saw.Began.IsZero() || time.Since(saw.Touched) > time.Hour {
				t.Errorf("%s: the run has seen %+v", tc.reason, saw)
			}
		})
	}
}
