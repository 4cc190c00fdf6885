package restic

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/task"
)

// passes are both workers of a volume that serve several passes.
type passes struct {
	*pair
	stop  context.CancelFunc
	codes [2]chan int
}

func (p *pair) serve() *passes {
	p.t.Helper()
	ctx, stop := context.WithCancel(p.t.Context())
	s := &passes{pair: p, stop: stop, codes: [2]chan int{make(chan int, 1), make(chan int, 1)}}
	for i, d := range []Dirs{p.src, p.dst} {
		p.taskIn(d.Task, []task.Role{task.RoleSource, task.RoleTarget}[i], "session", false, true)
		go func() { s.codes[i] <- Run(ctx, d) }()
	}
	p.t.Cleanup(stop)
	return s
}

// begin the next pass.
func (s *passes) begin(run string, exact bool) {
	s.t.Helper()
	s.taskIn(s.src.NextTask, task.RoleSource, run, exact, true)
	s.taskIn(s.dst.NextTask, task.RoleTarget, run, exact, true)
}

// await the end of a pass at both sides.
func (s *passes) await(run string) [2]*task.Status {
	s.t.Helper()
	var out [2]*task.Status
	limit := time.After(2 * time.Minute)
	for i, d := range []Dirs{s.src, s.dst} {
		for out[i] == nil {
			if st := s.status(d); st != nil && st.RunID == run && st.Result != nil {
				out[i] = st
				continue
			}
			select {
			case <-limit:
				s.t.Fatalf("pass %s does not end: source %+v, target %+v", run, s.status(s.src), s.status(s.dst))
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return out
}

// TestPasses: one process copies what changes, again and again, and the last pass is exact.
func TestPasses(t *testing.T) { onEachSide(t, testPasses) }

func testPasses(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	s := p.serve()
	for i := range 4 {
		must(t, os.WriteFile(filepath.Join(p.source(), "round"), []byte(strings.Repeat("x", i+1)), 0o600))
		run, exact := fmt.Sprintf("pass-%d", i), i == 3
		s.begin(run, exact)
		st := s.await(run)
		for _, x := range st {
			if x.Result.Outcome != task.OutcomeSucceeded {
				t.Fatalf("%s: %+v", run, x.Result)
			}
		}
		if diff := cmp.Diff(st[0].Volumes[0].Verification, st[1].Volumes[0].Verification); diff != "" {
			t.Errorf("%s: the sides differ (-source +target):\n%s", run, diff)
		}
		if d := p.diff(); d != "" {
			t.Fatalf("%s: contents differ:\n%s", run, d)
		}
		p.whole = true
	}
	s.stop()
	for i, code := range []int{<-s.codes[0], <-s.codes[1]} {
		if code != task.ExitDone {
			t.Errorf("worker %d, told to stop between two passes, ended with %d", i, code)
		}
	}
}

// TestUnchangedPass: where nothing has changed no snapshot is made and nothing is restored, and whatever changes after that is
// copied, also what neither size nor time tells.
func TestUnchangedPass(t *testing.T) { onEachSide(t, testUnchangedPass) }

func testUnchangedPass(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	file := filepath.Join(p.source(), "same")
	must(t, os.WriteFile(file, []byte("first"), 0o600))
	must(t, os.Link(file, filepath.Join(p.source(), "linked")))
	s := p.serve()
	pass := func(run string, exact bool) [2]*task.Status {
		t.Helper()
		s.begin(run, exact)
		st := s.await(run)
		for _, x := range st {
			if x.Result.Outcome != task.OutcomeSucceeded {
				t.Fatalf("%s: %+v", run, x.Result)
			}
		}
		if d := p.diff(); d != "" {
			t.Fatalf("%s: contents differ:\n%s", run, d)
		}
		p.whole = true
		return st
	}
	first := pass("first", false)
	snapshots := len(p.snapshots())
	again := pass("again", false)
	if got := len(p.snapshots()); got != snapshots {
		t.Errorf("a pass over an unchanged volume made %d snapshots", got-snapshots)
	}
	for i := range again {
		if diff := cmp.Diff(first[i].Volumes[0].Verification, again[i].Volumes[0].Verification); diff != "" {
			t.Errorf("an unchanged volume counts otherwise (-first +again):\n%s", diff)
		}
	}
	info, err := os.Stat(file)
	must(t, err)
	for i, change := range []func() error{
		func() error { return os.Chmod(file, 0o640) },
		func() error { return os.Remove(filepath.Join(p.source(), "linked")) },
		func() error { return os.Rename(file, file+"-renamed") },
		func() error { return os.Rename(file+"-renamed", file) },
		func() error { return os.Chmod(p.source(), 0o750) },
		func() error { // The same size and time, other content.
			return errors.Join(os.WriteFile(file, []byte("other"), 0o640), os.Chtimes(file, info.ModTime(), info.ModTime()))
		},
	} {
		before := len(p.snapshots())
		must(t, change())
		exact := i == 5 // Only an exact pass finds what neither size nor time tells at the target.
		pass(fmt.Sprintf("change-%d", i), exact)
		if got := len(p.snapshots()); got == before {
			t.Errorf("change %d made no snapshot", i)
		}
	}
	s.stop()
	<-s.codes[0]
	<-s.codes[1]
}

// TestPassFails: a pass that fails ends its worker as a run would, and no further one is begun by it.
func TestPassFails(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	s := p.serve()
	s.begin("good", false)
	s.await("good")
	p.repository = "nonsense:"
	s.begin("bad", false)
	for i, code := range []int{<-s.codes[0], <-s.codes[1]} {
		if code != task.ExitPermanent {
			t.Errorf("worker %d ended with %d, want %d", i, code, task.ExitPermanent)
		}
	}
	for _, st := range s.await("bad") {
		if st.Result.Outcome != task.OutcomeFailed {
			t.Errorf("got %+v, want a failure", st.Result)
		}
	}
}
