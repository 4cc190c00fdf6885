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
	defer func() { _ = f.Close() }()
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

// liveWhile copies while a process stores into a file that it has mapped, for the last time when
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

// eventually copies as often as a coordinator would try, and expects equal volumes.
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
			since: func(t *testing.T, _ *pair, path string) {
				was, err := os.Stat(path)
				must(t, err)
				must(t, os.WriteFile(path, make([]byte, 4096), 0o644))
				must(t, os.Chtimes(path, was.ModTime(), was.ModTime()))
			}},
		"another run on request": {reason: "it takes over what the first one has read",
			since: func(_ *testing.T, p *pair, _ string) { p.live("run-2") }},
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
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
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

// TestMustRehash: the times of a file are taken for a proof only where no earlier run can have missed a
// change.
func TestMustRehash(t *testing.T) {
	for name, tc := range rehashCases() {
		t.Run(name, func(t *testing.T) {
			if got := mustRehash(tc.snapshots, "made")(at(tc.mtime), at(tc.ctime)); got != tc.want {
				t.Errorf("%s: it must be hashed: %t", tc.reason, got)
			}
		})
	}
}

func at(minute int) time.Time {
	return time.Unix(1_700_000_000, 0).Add(time.Duration(minute) * time.Minute)
}

type rehashCase struct {
	reason       string
	snapshots    []earlier
	mtime, ctime int
	want         bool
}

func rehashCases() map[string]rehashCase {
	since := func(minute int) string { return fmt.Sprint(sincePrefix, at(minute).Unix()) }
	touched := func(minute int) string { return fmt.Sprint(touchedPrefix, at(minute).UnixNano()) }
	written := func(minute int) string { return fmt.Sprint(writtenPrefix, at(minute).Unix()) }
	snapshot := func(id, parent string, from int, tags ...string) earlier {
		return earlier{ID: id, Parent: parent, Time: at(from), Tags: tags}
	}
	ended := []earlier{snapshot("a", "", 100, touched(90), written(110)), snapshot("made", "a", 500, touched(500), written(500))}
	return map[string]rehashCase{
		"first run":   {reason: "there is nothing to compare with", mtime: 100, ctime: 100},
		"own":         {reason: "the run itself has read it since", snapshots: ended, mtime: 505, ctime: 505},
		"before":      {reason: "what was written long before is on the disk", snapshots: ended, mtime: 90, ctime: 90},
		"during":      {reason: "the same page may have been stored into again", snapshots: ended, mtime: 105, ctime: 105, want: true},
		"just before": {reason: "times are not that fine", snapshots: ended, mtime: 99, ctime: 99, want: true},
		"after":       {reason: "both sides see that it has changed", snapshots: ended, mtime: 120, ctime: 120},
		"set back":    {reason: "the target sees only the one", snapshots: ended, mtime: 50, ctime: 120, want: true},
		"in the future, during": {reason: "its time stays what it was when it is stored into", mtime: 9999, ctime: 105, want: true,
			snapshots: []earlier{snapshot("a", "", 100, touched(90), written(9999))}},
		"in the future, after": {reason: "it may have had that time before", mtime: 9999, ctime: 120, want: true,
			snapshots: []earlier{snapshot("a", "", 100, touched(90), written(9999))}},
		"newer than all": {reason: "no run has recorded that, however far ahead it is", mtime: 9999, ctime: 120,
			snapshots: []earlier{snapshot("a", "", 100, touched(90), written(9998))}},
		"clock ahead": {reason: "stored during the run, by the server's clock after it", mtime: 114, ctime: 114, want: true,
			snapshots: []earlier{snapshot("a", "", 100, touched(104), written(115))}},
		"clock ahead, touched before": {reason: "that looks like during the run", mtime: 104, ctime: 104, want: true,
			snapshots: []earlier{snapshot("a", "", 100, touched(104), written(104))}},
		"clock set right": {reason: "it was ahead, and what is touched now looks older", mtime: 1, ctime: 101, want: true,
			snapshots: []earlier{snapshot("a", "", 100, touched(105), written(105))}},
		"clock behind": {reason: "touched after the run, by the server's clock before it", mtime: 1, ctime: 95, want: true,
			snapshots: []earlier{snapshot("a", "", 100, touched(80), written(85))}},
		"clock behind, rests": {reason: "nothing has touched it", mtime: 80, ctime: 80,
			snapshots: []earlier{snapshot("a", "", 100, touched(80), written(85))}},
		"waited for": {reason: "it began to write to the disk long before restic read", mtime: 85, ctime: 85, want: true,
			snapshots: []earlier{snapshot("a", "", 100, since(80), touched(85), written(110))}},
		"no disk": {reason: "there only the first store sets a time", mtime: 1, ctime: 1, want: true,
			snapshots: []earlier{snapshot("a", "", 100, sincePrefix+"0", touched(90), written(110))}},
		"between two": {reason: "the second run has seen that", mtime: 150, ctime: 150,
			snapshots: []earlier{snapshot("a", "", 100, touched(90), written(110)), snapshot("b", "a", 200, touched(150), written(150))}},
		"lost parent": {reason: "when it was read is not known any more", mtime: 5, ctime: 5, want: true,
			snapshots: []earlier{snapshot("b", "a", 200, touched(150), written(150))}},
		"record": {reason: "what was found after the backup counts", mtime: 120, ctime: 120,
			snapshots: []earlier{snapshot("a", "", 100, touched(90)), snapshot("r", "", 101, recordPrefix+"a", written(110))}},
		"record of another": {reason: "of this run it is not known what it has recorded", mtime: 120, ctime: 120, want: true,
			snapshots: []earlier{snapshot("a", "", 100, touched(90)), snapshot("r", "", 101, recordPrefix+"b", written(110))}},
		"lost record": {reason: "the run has ended before it was made", mtime: 120, ctime: 120, want: true,
			snapshots: []earlier{snapshot("a", "", 100, touched(90))}},
		"earlier version": {reason: "it has kept no times: everything may have changed", mtime: 1, ctime: 1, want: true,
			snapshots: []earlier{snapshot("a", "", 100)}},
		"without files": {reason: "it has recorded none", mtime: 1, ctime: 120,
			snapshots: []earlier{snapshot("a", "", 100, emptyTag)}},
	}
}
