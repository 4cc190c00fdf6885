package restic

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubemove/kubemove/ddm/filecopy"
	"github.com/kubemove/kubemove/task"
)

// failed runs once more and expects that the target fails with these words.
func (p *pair) failed(run, says string) *task.Result {
	p.t.Helper()
	codes, st := p.run(p.t.Context(), run, true)
	if codes[1] == task.ExitDone || st[1] == nil || st[1].Result == nil || !strings.Contains(st[1].Result.Message, says) {
		p.t.Fatalf("ended with %v; the target: %+v; expected %q", codes, st[1].Result, says)
	}
	return st[1].Result
}

// asRoot runs one of the system's programs.
func asRoot(t *testing.T, program string, args ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may mount")
	}
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
}

// mounted mounts something until the test ends.
func mounted(t *testing.T, args ...string) {
	t.Helper()
	asRoot(t, "mount", args...)
	t.Cleanup(func() { _ = exec.Command("umount", "-l", args[len(args)-1]).Run() })
}

// random makes files of chance in a folder of the source's volume.
func (p *pair) random(folder string, count, size int) {
	p.t.Helper()
	data := make([]byte, size)
	for i := range count {
		_, _ = rand.Read(data)
		path := filepath.Join(p.source(), folder, fmt.Sprintf("file %d", i))
		must(p.t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(p.t, os.WriteFile(path, data, 0o644))
	}
}

// TestFullTarget: restic gives sizes and times also to files whose content found no room. Once there
// is room, nothing of that is believed.
func TestFullTarget(t *testing.T) {
	p := newPair(t)
	mounted(t, "-t", "tmpfs", "-o", "size=4m", "tmpfs", p.target())
	p.random("folder", 4, 2<<20)
	if r := p.failed("run-1", "no space left on device"); r.Retry != task.RetryLater {
		t.Errorf("the result is %+v", r)
	}
	asRoot(t, "mount", "-o", "remount,size=64m", p.target())
	p.copied("run-2")
}

// TestUnreadablePack: what could not be read of the repository for a moment is missing in files that
// look whole.
func TestUnreadablePack(t *testing.T) {
	p := newPair(t)
	p.random("folder", 1, 80<<20)
	p.copied("run-1")
	must(t, os.Remove(filepath.Join(p.target(), "folder", "file 0")))
	packs, err := filepath.Glob(filepath.Join(p.repo(), "data/*/*"))
	must(t, err)
	var largest string
	for _, path := range packs {
		if info, err := os.Stat(path); err == nil && info.Size() > 4<<20 {
			largest = path
		}
	}
	must(t, os.Rename(largest, largest+".away"))
	p.failed("run-2", "")
	must(t, os.Rename(largest+".away", largest))
	p.copied("run-2")
}

// falsify gives a file of the target other content, and the size and time that it had.
func (p *pair) falsify() {
	p.t.Helper()
	path := filepath.Join(p.target(), "deep", "file 20\n\xff")
	was, err := os.Stat(path)
	must(p.t, err)
	must(p.t, os.WriteFile(path, bytes.Repeat([]byte("x"), int(was.Size())), 0o640))
	must(p.t, os.Chtimes(path, was.ModTime(), was.ModTime()))
}

// TestWhole: only the times of a volume that is said to be whole are believed. Where they are, a file
// that looks the same is not even read, or a final run would read the whole volume while the
// application is down.
func TestWhole(t *testing.T) { onEachSide(t, testWhole) }

func testWhole(t *testing.T) {
	usual := slack
	slack = 0 // The files are older than the first run, if only by moments.
	t.Cleanup(func() { slack = usual })
	p := newPair(t)
	fill(t, p.source())
	p.copied("run-1")
	p.falsify()

	p.whole = true
	p.synced("run-2")
	if d := p.diff(); !strings.Contains(d, "file 20") {
		t.Errorf("a file with the same size and time was read: %q", d)
	}
	p.whole = false
	p.copied("run-3")
}

// TestBlockedAndBroken: a restore that is made again within a run believes nothing of the first.
func TestBlockedAndBroken(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	p.copied("run-1")
	// A folder in the place of a file makes restic fail, and begin again.
	must(t, os.Remove(filepath.Join(p.target(), "dangling")))
	must(t, os.MkdirAll(filepath.Join(p.target(), "dangling", "folder"), 0o755))
	p.falsify()
	p.whole = true
	p.copied("run-2")
}

// TestFlatVolume: nothing but files in the root, and nothing to do.
func TestFlatVolume(t *testing.T) {
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprintf("whole %t", whole), func(t *testing.T) {
			p := newPair(t)
			p.random("", 3, 1000)
			for _, run := range []string{"run-1", "run-2", "run-3"} {
				p.copied(run)
				p.whole = whole
			}
			must(t, os.RemoveAll(p.source()))
			must(t, os.Mkdir(p.source(), 0o755))
			p.copied("run-4")
		})
	}
}

// thinDisk mounts a file system at the target's volume whose disk is thin: it gets its room from
// below, which can be sized, and loses what finds none there when it is written back. again mounts
// it anew.
func thinDisk(t *testing.T, p *pair) (size func(string), again func()) {
	t.Helper()
	below := t.TempDir()
	mounted(t, "-t", "tmpfs", "-o", "size=400m", "tmpfs", below)
	image := filepath.Join(below, "image")
	must(t, os.WriteFile(image, nil, 0o600))
	must(t, os.Truncate(image, 256<<20))
	// Without a journal, whose loss would close the file system.
	asRoot(t, "mkfs.ext4", "-q", "-b", "4096", "-O", "^has_journal", image)
	args := []string{"-o", "loop,errors=continue", image, p.target()}
	mounted(t, args...)
	must(t, os.Remove(filepath.Join(p.target(), "lost+found")))
	return func(size string) { asRoot(t, "mount", "-o", "remount,size="+size, below) }, func() {
		asRoot(t, "umount", p.target())
		asRoot(t, "mount", args...)
	}
}

// TestLostWrites: what the disk did not take is in memory still, and there it looks right.
func TestLostWrites(t *testing.T) {
	p := newPair(t)
	size, again := thinDisk(t, p)
	p.random("folder", 8, 1)
	p.copied("run-1")
	again() // What the file system itself needs is on the disk now.
	p.random("folder", 8, 8<<20)
	size("24m")
	p.failed("run-2", "cannot write the volume to its disk")
	size("400m")
	p.copied("run-3")
	again()
	if d := p.diff(); d != "" {
		t.Errorf("on the disk the contents differ:\n%s", d)
	}
}

// TestDiskTellsEveryError: an error that another caller was told of is not lost for the worker.
func TestDiskTellsEveryError(t *testing.T) {
	p := newPair(t)
	size, again := thinDisk(t, p)
	must(t, os.WriteFile(filepath.Join(p.target(), "file"), nil, 0o644))
	again()
	tree, err := filecopy.Open(p.target())
	must(t, err)
	defer tree.Close()
	disk, err := tree.OpenDisk()
	must(t, err)
	defer disk.Close()
	size("8m")
	data := make([]byte, 32<<20)
	_, _ = rand.Read(data)
	must(t, os.WriteFile(filepath.Join(p.target(), "file"), data, 0o644))
	other, err := tree.OpenDisk()
	must(t, err)
	defer other.Close()
	if err := other.Sync(); err == nil {
		t.Fatal("the disk has taken everything")
	}
	if err := disk.Sync(); err == nil {
		t.Error("the error was told to another only")
	}
}

// TestRestoreError: what is wrong with the target's volume is not blamed on the repository, which says
// the same of itself.
func TestRestoreError(t *testing.T) {
	cases := map[string]struct {
		reason, text, says string
		lasts              bool
	}{
		"full":    {"The volume has no room.", "/a: write /volume/a: no space left on device", "make its claim larger", true},
		"quota":   {"CephFS and NFS have quotas.", "/a: write /volume/a: disk quota exceeded", "make its claim larger", true},
		"rights":  {"The worker is not the owner.", "/a: open /volume/a: permission denied", "let it run as a user who can", true},
		"path":    {"The folder there is longer.", "/a: mkdir /volume/a: file name too long", "shorten it there", true},
		"links":   {"ext4 keeps 65000.", "/a: link /volume/a /volume/b: too many links", "such as XFS", true},
		"size":    {"ext4 takes 16 TiB.", "/a: truncate /volume/a: file too large", "such as XFS", true},
		"unknown": {"What is not known may pass.", "/a: ReadFull(<data/a>): unexpected EOF", "not everything was written", false},
	}
	own := repository{location: "claim:backups", place: place{folder: "home/shop-dst/data"}}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := restoreError(&runError{Verb: "restore", Code: 1, Problems: []string{tc.text}, Count: 1})
			if tc.lasts && own.explain(err) != err {
				t.Errorf("%s It is explained as %v", tc.reason, own.explain(err))
			}
			if got := new(permanent); errors.As(err, &got) != tc.lasts || !strings.Contains(err.Error(), tc.says) ||
				!strings.Contains(err.Error(), "the target's volume") {
				t.Errorf("%s Got %v, want %q", tc.reason, err, tc.says)
			}
		})
	}
}
