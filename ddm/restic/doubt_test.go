package restic

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// mapped is a file that a process has mapped, and stores into without a system call.
type mapped struct {
	t      *testing.T
	memory []byte
}

func mapFile(t *testing.T, path string) *mapped {
	t.Helper()
	must(t, os.WriteFile(path, make([]byte, 4096), 0o644))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	// Its blocks are there: nothing but time, or who asks for it, writes it to the disk from now on.
	must(t, f.Sync())
	memory, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(t, err)
	return &mapped{t, memory}
}

func (m *mapped) store(text string) { copy(m.memory, text) }

// end is that of the process.
func (m *mapped) end() {
	m.t.Helper()
	must(m.t, unix.Msync(m.memory, unix.MS_SYNC))
	must(m.t, unix.Munmap(m.memory))
}

// live copies while the application runs.
func (p *pair) live(run string) {
	p.t.Helper()
	if codes, st := p.run(p.t.Context(), run, false); codes != [2]int{} {
		p.t.Fatalf("exit codes %v; source: %+v, target: %+v", codes, st[0].Result, st[1].Result)
	}
}

// liveWhile copies while somebody stores into a file that he has mapped, for the last time when
// restic has just read it: no file system has been told to write it to its disk since.
func (p *pair) liveWhile(run string, m *mapped) {
	p.t.Helper()
	m.store("record 1")
	over := make(chan struct{})
	go func() {
		defer close(over)
		for i := 2; p.t.Context().Err() == nil; i++ {
			made, _ := filepath.Glob(filepath.Join(p.repo(), "snapshots", "*"))
			m.store(fmt.Sprintf("record %d", i))
			if len(made) > 0 {
				return
			}
		}
	}()
	p.live(run)
	<-over
}

// eventually copies as often as a driver would try, and expects equal volumes.
func (p *pair) eventually(run string) {
	p.t.Helper()
	for range 2 {
		if codes, _ := p.run(p.t.Context(), run, true); codes == [2]int{} {
			break
		}
	}
	p.copied(run)
}

// TestUnseenChanges: what changes while a run on request reads it, or after it, and shows in no
// time, is in the final copy.
func TestUnseenChanges(t *testing.T) {
	cases := map[string]struct {
		reason string
		// since the run on request, when nothing has the file mapped any more.
		since func(t *testing.T, p *pair, path string)
	}{
		"mapped": {reason: "the first store into a page sets the times, the next ones do not until it is written to the disk",
			since: func(*testing.T, *pair, string) {}},
		"set back": {reason: "the target believes what has the same size and time",
			since: func(t *testing.T, p *pair, path string) {
				was, err := os.Stat(path)
				must(t, err)
				must(t, os.WriteFile(path, make([]byte, 4096), 0o644))
				must(t, os.Chtimes(path, was.ModTime(), was.ModTime()))
			}},
		"another run on request": {reason: "it takes over what the first one has read",
			since: func(t *testing.T, p *pair, _ string) { p.live("run-2") }},
		"another repository": {reason: "the target's volume has what was copied before",
			since: func(t *testing.T, p *pair, _ string) { must(t, os.RemoveAll(p.repo())) }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			fill(t, p.source())
			path := filepath.Join(p.source(), "mapped")
			m := mapFile(t, path)
			p.liveWhile("run-1", m)
			m.end()
			tc.since(t, p, path)
			p.eventually("final")
		})
	}
}

// TestUnseenInMemory: a file system that writes nothing to a disk sets no time after the first
// store at all.
func TestUnseenInMemory(t *testing.T) {
	const memory = "/dev/shm"
	var st unix.Statfs_t
	if err := unix.Statfs(memory, &st); err != nil || st.Type != unix.TMPFS_MAGIC {
		t.Skip("there is no file system in memory at " + memory)
	}
	dir, err := os.MkdirTemp(memory, "kubemove")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := newPair(t)
	must(t, os.Rename(p.src.Volumes, p.src.Volumes+"-other"))
	must(t, os.Mkdir(filepath.Join(dir, "data"), 0o755))
	p.src.Volumes, p.dst.SourceVolumes = dir, dir
	fill(t, p.source())
	m := mapFile(t, filepath.Join(p.source(), "mapped"))
	m.store("record 1")
	unix.Sync()
	p.live("run-1")
	m.store("record 2")
	m.end()
	p.eventually("final")
}

// TestDoubt: the times of a file are believed only where no earlier run can have missed a
// change.
func TestDoubt(t *testing.T) {
	at := func(minute int) time.Time {
		return time.Unix(1_700_000_000, 0).Add(time.Duration(minute) * time.Minute)
	}
	snapshot := func(id, parent string, from, to int, tags ...string) earlier {
		e := earlier{ID: id, Parent: parent, Time: at(from), Tags: tags}
		e.Summary.BackupEnd = at(to)
		return e
	}
	one := []earlier{snapshot("a", "", 100, 110), snapshot("made", "a", 500, 510)}
	since := func(minute int) string { return fmt.Sprint(sincePrefix, at(minute).Unix()) }
	cases := map[string]struct {
		reason       string
		snapshots    []earlier
		mtime, ctime int
		want         bool
	}{
		"first run":     {reason: "there is nothing to believe in", mtime: 100, ctime: 100},
		"own snapshot":  {reason: "it has read the file itself", snapshots: one, mtime: 505, ctime: 505},
		"before":        {reason: "what was written long before is on the disk", snapshots: one, mtime: 90, ctime: 90},
		"during":        {reason: "the same page may have been stored into again", snapshots: one, mtime: 105, ctime: 105, want: true},
		"just before":   {reason: "times are not that fine", snapshots: one, mtime: 99, ctime: 99, want: true},
		"just after":    {reason: "times are not that fine", snapshots: one, mtime: 111, ctime: 111, want: true},
		"after":         {reason: "both sides see that it has changed", snapshots: one, mtime: 120, ctime: 120},
		"set back":      {reason: "the target sees only the one", snapshots: one, mtime: 50, ctime: 120, want: true},
		"in the future": {reason: "its time stays what it was when it is stored into", snapshots: one, mtime: 9999, ctime: 105, want: true},
		"waited for":    {reason: "it began to write to the disk long before restic read", snapshots: []earlier{snapshot("a", "", 100, 110, "x", since(80))}, mtime: 85, ctime: 85, want: true},
		"no disk":       {reason: "there only the first store sets a time", snapshots: []earlier{snapshot("a", "", 100, 110, sincePrefix+"0")}, mtime: 1, ctime: 1, want: true},
		"between two":   {reason: "the second run has seen that", snapshots: []earlier{snapshot("a", "", 100, 110), snapshot("b", "a", 200, 210)}, mtime: 150, ctime: 150},
		"lost parent":   {reason: "nobody knows when it was read", snapshots: []earlier{snapshot("b", "a", 200, 210)}, mtime: 5, ctime: 5, want: true},
		"no end":        {reason: "of a backup without one it is now", snapshots: []earlier{{ID: "a", Time: at(100)}}, mtime: 5000, ctime: 5000, want: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := doubt(tc.snapshots, "made")(at(tc.mtime), at(tc.ctime)); got != tc.want {
				t.Errorf("%s: doubted is %t", tc.reason, got)
			}
		})
	}
}
