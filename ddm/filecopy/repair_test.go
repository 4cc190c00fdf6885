package filecopy

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// sides are a source and a target that begin equal.
type sides struct {
	source, target string
	checksum       bool
}

// in is a path of the target.
func (s sides) in(name string) string { return filepath.Join(s.target, name) }

func newSides(t *testing.T, checksum bool) sides {
	t.Helper()
	s := sides{source: t.TempDir(), target: t.TempDir(), checksum: checksum}
	for _, root := range []string{s.source, s.target} {
		in := func(name string) string { return filepath.Join(root, name) }
		put(t, in("a/file"), "content")
		must(t, unix.Lsetxattr(in("a/file"), "user.a", []byte("1"), 0))
		must(t, os.Link(in("a/file"), in("b")))
		must(t, os.Symlink("nowhere", in("link")))
		must(t, os.Link(in("link"), in("link too")))
		must(t, unix.Mkfifo(in("pipe"), 0o640))
		must(t, os.Link(in("pipe"), in("pipe too")))
		put(t, in("alone"), "more")
		put(t, in("shut/1"), "linked")
		must(t, os.Link(in("shut/1"), in("shut/2")))
		for _, name := range []string{"a/file", "link", "pipe", "alone", "shut/1"} {
			setTimeOf(t, in(name), 1_700_000_000, 5)
		}
		setTimeOf(t, in("shut"), 1_600_000_000, 0)
		must(t, os.Chmod(in("shut"), 0o555))
		t.Cleanup(func() { _ = os.Chmod(in("shut"), 0o755) })
	}
	return s
}

func setTimeOf(t *testing.T, path string, seconds, nanos int64) {
	t.Helper()
	ts := unix.Timespec{Sec: seconds, Nsec: nanos}
	must(t, unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{ts, ts}, unix.AT_SYMLINK_NOFOLLOW))
}

// repair the target by the source's manifest.
func (s sides) repair(t *testing.T) *Differences {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "manifest"))
	must(t, err)
	defer func() { _ = file.Close() }()
	o := Options{Checksum: s.checksum}
	want, err := open(t, s.source).WriteManifest(t.Context(), file, o)
	must(t, err)
	differs, _, err := open(t, s.target).RepairAll(t.Context(), file, o)
	must(t, err)
	if diff := cmp.Diff(want, differs.Source); diff != "" {
		t.Errorf("the manifest says of the source (-counted +said):\n%s", diff)
	}
	if differs.Count == 0 && want.Verification != differs.Target.Verification {
		t.Errorf("nothing differs, but the counts do: %+v and %+v", want, differs.Target)
	}
	return differs
}

// TestRepair: metadata that a copy has lost is set again, and what is set is compared again.
func TestRepair(t *testing.T) { repairAll(t) }

func TestRepairAsUser(t *testing.T) {
	if os.Geteuid() == 0 {
		asOtherUser(t)
		return
	}
	repairAll(t)
}

func repairAll(t *testing.T) {
	cases := map[string]struct {
		reason string
		lose   func(t *testing.T, in func(string) string)
	}{
		"nothing": {reason: "equal sides stay as they are", lose: func(*testing.T, func(string) string) {}},
		"mode":    {reason: "setuid, too", lose: func(t *testing.T, in func(string) string) { must(t, unix.Chmod(in("alone"), 0o4755)) }},
		"time": {reason: "of a link its own", lose: func(t *testing.T, in func(string) string) {
			setTimeOf(t, in("link"), 0, 0)
			setTimeOf(t, in("alone"), 1<<33, 0)
		}},
		"attributes": {reason: "those that are gone, and those that should be", lose: func(t *testing.T, in func(string) string) {
			must(t, unix.Lsetxattr(in("alone"), "user.b", nil, 0))
			must(t, unix.Lremovexattr(in("a/file"), "user.a"))
		}},
		"attribute of what is read-only": {reason: "the owner has to have the right to write", lose: func(t *testing.T, in func(string) string) {
			must(t, unix.Lsetxattr(in("alone"), "user.b", nil, 0))
			must(t, unix.Chmod(in("alone"), 0o400))
		}},
		"link of a link": {reason: "there are two", lose: func(t *testing.T, in func(string) string) {
			must(t, os.Remove(in("link too")))
			must(t, os.Symlink("nowhere", in("link too")))
		}},
		"link of a FIFO": {reason: "there are two", lose: func(t *testing.T, in func(string) string) {
			must(t, os.Remove(in("pipe too")))
			must(t, unix.Mkfifo(in("pipe too"), 0o640))
		}},
		"link of a file": {reason: "the content is the same by then", lose: func(t *testing.T, in func(string) string) {
			must(t, os.Remove(in("b")))
			put(t, in("b"), "content")
		}},
		"link in a closed folder": {reason: "the folder is opened for it, and closed again", lose: func(t *testing.T, in func(string) string) {
			must(t, os.Chmod(in("shut"), 0o755))
			must(t, os.Remove(in("shut/2")))
			put(t, in("shut/2"), "linked")
			setTimeOf(t, in("shut"), 1_600_000_000, 0)
			must(t, os.Chmod(in("shut"), 0o555))
		}},
	}
	for name, tc := range cases {
		for _, checksum := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, checksum %t", name, checksum), func(t *testing.T) {
				s := newSides(t, checksum)
				tc.lose(t, s.in)
				if differs := s.repair(t); differs.Count > 0 {
					t.Errorf("%s: %v", tc.reason, differs.Text())
				}
				for _, folder := range []string{"", "shut"} {
					if left, _ := filepath.Glob(s.in(folder + "/" + TemporaryPrefix + "*")); len(left) > 0 {
						t.Errorf("%s: a temporary file is left: %v", tc.reason, left)
					}
				}
				if info, err := os.Stat(s.in("shut")); err != nil || info.ModTime().Unix() != 1_600_000_000 {
					t.Errorf("%s: the closed folder has another time: %v", tc.reason, err)
				}
			})
		}
	}
}

// TestDiffers: what cannot be repaired is named.
func TestDiffers(t *testing.T) {
	cases := map[string]struct {
		reason   string
		lose     func(in func(string) string) error
		checksum bool
		want     []string
	}{
		"missing": {reason: "the copy is not whole", lose: func(in func(string) string) error { return os.Remove(in("alone")) },
			want: []string{"1 path of the copy differs from the source", `"alone": missing at the target`}},
		"more": {reason: "nor is it the same", lose: func(in func(string) string) error { return os.WriteFile(in("more\n"), nil, 0o600) },
			want: []string{`"more\n": only at the target`}},
		"type": {reason: "nothing is removed here", lose: func(in func(string) string) error {
			return errors.Join(os.Remove(in("link too")), os.Mkdir(in("link too"), 0o755))
		}, want: []string{`"link too": type symbolic link != folder`}},
		"size": {
			reason: "the content is the mover's to write",
			lose:   func(in func(string) string) error { return os.WriteFile(in("alone"), []byte("longer"), 0) },
			want:   []string{`"alone": size 4 != 6`},
		},
		"content": {reason: "that is what checksums are for", checksum: true, lose: less, want: []string{`"alone": content`}},
		"target": {reason: "another link", lose: func(in func(string) string) error {
			return errors.Join(os.Remove(in("link")), os.Symlink("elsewhere", in("link")))
		}, want: []string{`"link": link target "nowhere" != "elsewhere"`}},
		"linked": {reason: "two files became one", lose: func(in func(string) string) error {
			return errors.Join(os.Remove(in("alone")), os.Link(in("b"), in("alone")))
		}, want: []string{`"alone": `, "a file of its own != a hard link of"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSides(t, tc.checksum)
			must(t, tc.lose(s.in))
			differs := s.repair(t)
			if differs.Count == 0 {
				t.Fatalf("%s: nothing differs", tc.reason)
			}
			for _, want := range tc.want {
				if !strings.Contains(differs.Text(), want) {
					t.Errorf("%s: the text lacks %q: %v", tc.reason, want, differs.Text())
				}
			}
			if !differs.MayPass {
				t.Errorf("%s: another run cannot repair it", tc.reason)
			}
		})
	}
}

// less changes the content of a file, and nothing else.
func less(in func(string) string) error {
	at := time.Unix(1_700_000_000, 5)
	return errors.Join(os.WriteFile(in("alone"), []byte("less"), 0), os.Chtimes(in("alone"), at, at))
}

// TestStale: that only the content differs is known with checksums alone, and then by name.
func TestStale(t *testing.T) {
	for _, checksum := range []bool{false, true} {
		s := newSides(t, checksum)
		must(t, less(s.in))
		differs := s.repair(t)
		if differs.Content != checksum || differs.StaleCount != differs.Count || checksum != slices.Equal(differs.Stale, []string{"alone"}) {
			t.Errorf("with checksums %t: %+v", checksum, differs)
		}
	}
}

// TestDifferencesAreShort: of very many, with very long names, some are named.
func TestDifferencesAreShort(t *testing.T) {
	cases := map[string]struct {
		reason string
		name   string
		count  int
		named  int
		more   string
	}{
		"few":        {reason: "all are named", name: "short", count: maxDiffering, named: maxDiffering},
		"many":       {reason: "the first are named", name: "short", count: 1000, named: maxDiffering, more: "; and 980 more"},
		"long names": {reason: "the message stays small", name: strings.Repeat("\xff", 4000), count: 1000, named: 12, more: "; and 988 more"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var r Differences
			for range tc.count {
				r.Add(Difference{Source: &Entry{Path: tc.name}}, ErrContent)
			}
			text := r.Text()
			if len(text) > MaxMessage {
				t.Errorf("%s: the message has %d bytes", tc.reason, len(text))
			}
			if named := strings.Count(text, "missing at the target"); named != tc.named || !strings.HasSuffix(text, tc.more) {
				t.Errorf("%s: %d are named: %s", tc.reason, named, text)
			}
		})
	}
}

// TestGrowth: a copy that takes much more room is a warning.
func TestGrowth(t *testing.T) {
	cases := map[string]struct {
		reason         string
		source, target int64
		want           string
	}{
		"same":     {reason: "nothing to say", source: 1 << 40, target: 1 << 40},
		"less":     {reason: "who complains?", source: 1 << 40},
		"a little": {reason: "file systems differ", source: 1 << 30, target: 1<<30 + 99<<20},
		"much":     {reason: "holes were filled", source: 1 << 30, target: 2 << 30, want: "2048 MiB on the disk, the source 1024 MiB"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := Differences{Source: &Summary{Allocated: tc.source}, Target: &Summary{Allocated: tc.target}}
			if got := d.Growth(); !strings.Contains(got, tc.want) || (got == "") != (tc.want == "") {
				t.Errorf("%s: got %q", tc.reason, got)
			}
		})
	}
}

// TestRefused: a failure is permanent only when every part of it is.
func TestRefused(t *testing.T) {
	cases := map[string]struct {
		reason string
		err    error
		want   bool
	}{
		"right":       {reason: "a right is missing", err: fmt.Errorf("owner: %w", unix.EPERM), want: true},
		"file system": {reason: "it cannot keep that", err: fmt.Errorf("xattr: %w", unix.ENOTSUP), want: true},
		"both":        {reason: "all of it", err: errors.Join(unix.EPERM, fmt.Errorf("x: %w", errors.Join(unix.EROFS))), want: true},
		"one passes":  {reason: "the disk may work again", err: errors.Join(unix.EPERM, unix.EIO)},
		"content":     {reason: "the next run may copy it", err: ErrContent},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Refused(tc.err); got != tc.want {
				t.Errorf("%s: got %t", tc.reason, got)
			}
		})
	}
}

// asOtherUser runs the calling test in a process of another user.
func asOtherUser(t *testing.T) {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "filecopy-"+temporary())
	must(t, os.Mkdir(dir, 0o700))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	self, err := os.ReadFile(os.Args[0])
	must(t, err)
	program := filepath.Join(dir, "test")
	must(t, os.WriteFile(program, self, 0o755))
	cmd := exec.Command(program, "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("in another process: %v\n%s", err, out)
	}
}
