package restic

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/ddm/tree"
	"github.com/kubemove/kubemove/task"
)

// sides are a source and a target that begin equal, without restic.
type sides struct {
	source, target volume
	w              *worker
}

func newSides(t *testing.T, checksum bool) sides {
	t.Helper()
	s := sides{source: volume{t, t.TempDir()}, target: volume{t, t.TempDir()}}
	s.w = &worker{name: "data", volume: s.target.root, walk: tree.Options{Checksum: checksum}}
	for _, v := range []volume{s.source, s.target} {
		v.file("a/file", "content", 0o644)
		v.xattr("a/file", "user.a", []byte("1"))
		v.link("a/file", "b")
		v.symlink("nowhere", "link")
		v.link("link", "link too")
		v.fifo("pipe")
		v.link("pipe", "pipe too")
		v.file("alone", "more", 0o600)
		v.file("shut/1", "linked", 0o644)
		v.link("shut/1", "shut/2")
		for _, name := range []string{"a/file", "link", "pipe", "alone", "shut/1"} {
			v.time(name, 1_700_000_000, 5)
		}
		must(t, os.Chmod(v.path("shut"), 0o555))
		t.Cleanup(func() { _ = os.Chmod(v.path("shut"), 0o755) })
	}
	return s
}

// compare the target with the source.
func (s sides) compare(t *testing.T) *differences {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "manifest"))
	must(t, err)
	want, err := writeManifest(t.Context(), file, s.source.root, s.w.walk)
	must(t, err)
	must(t, file.Close())
	differs, err := s.w.compare(t.Context(), file.Name())
	must(t, err)
	if diff := cmp.Diff(want, differs.source); diff != "" {
		t.Errorf("the manifest says of the source (-counted +said):\n%s", diff)
	}
	if differs.count == 0 && want.Verification != differs.target.Verification {
		t.Errorf("nothing differs, but the counts do: %+v and %+v", want, differs.target)
	}
	return differs
}

// TestMend: metadata that restic has lost is set again, and what is set is compared again.
func TestMend(t *testing.T) { mendAll(t) }

func TestMendAsUser(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	mendAll(t)
}

func mendAll(t *testing.T) {
	cases := map[string]struct {
		reason string
		lose   func(v volume)
	}{
		"nothing": {reason: "equal sides stay as they are", lose: func(volume) {}},
		"mode":    {reason: "setuid, too", lose: func(v volume) { must(v.t, unix.Chmod(v.path("alone"), 0o4755)) }},
		"time":    {reason: "of a link its own", lose: func(v volume) { v.time("link", 0, 0); v.time("alone", 1<<33, 0) }},
		"attributes": {reason: "those that are gone, and those that should be", lose: func(v volume) {
			v.xattr("alone", "user.b", nil)
			must(v.t, unix.Lremovexattr(v.path("a/file"), "user.a"))
		}},
		"attribute of what is read-only": {reason: "its owner may set them only while he may write", lose: func(v volume) {
			v.xattr("alone", "user.b", nil)
			must(v.t, unix.Chmod(v.path("alone"), 0o400))
		}},
		"link of a link": {reason: "restic makes two", lose: func(v volume) {
			v.remove("link too")
			v.symlink("nowhere", "link too")
		}},
		"link of a FIFO": {reason: "restic makes two", lose: func(v volume) {
			v.remove("pipe too")
			v.fifo("pipe too")
		}},
		"link of a file": {reason: "the content is the same by then", lose: func(v volume) {
			v.remove("b")
			v.file("b", "content", 0o600)
		}},
		"link in a closed folder": {reason: "the folder is opened for it, and closed again", lose: func(v volume) {
			must(v.t, os.Chmod(v.path("shut"), 0o755))
			v.remove("shut/2")
			v.file("shut/2", "linked", 0o600)
			must(v.t, os.Chmod(v.path("shut"), 0o555))
		}},
	}
	for name, tc := range cases {
		for _, checksum := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, checksum %t", name, checksum), func(t *testing.T) {
				s := newSides(t, checksum)
				tc.lose(s.target)
				if differs := s.compare(t); differs.count > 0 {
					t.Errorf("%s: %v", tc.reason, differs.err())
				}
				if _, err := os.Lstat(s.target.path(".kubemove-link")); err == nil {
					t.Errorf("%s: a temporary file is left", tc.reason)
				}
			})
		}
	}
}

// TestDiffers: what cannot be mended fails the run and is named.
func TestDiffers(t *testing.T) {
	cases := map[string]struct {
		reason   string
		lose     func(v volume)
		checksum bool
		want     []string
	}{
		"missing": {reason: "the copy is not whole", lose: func(v volume) { v.remove("alone") }, want: []string{"1 path of the copy differs from the source", `"alone": missing at the target`}},
		"more":    {reason: "nor is it the same", lose: func(v volume) { v.file("more\n", "x", 0o644) }, want: []string{`"more\n": only at the target`}},
		"type": {reason: "nothing is removed here", lose: func(v volume) { v.remove("link too"); v.dir("link too", 0o755) },
			want: []string{`"link too": type symbolic link != folder`}},
		"size":    {reason: "the content is restic's to write", lose: func(v volume) { v.file("alone", "longer", 0o600) }, want: []string{`"alone": size 4 != 6`}},
		"content": {reason: "that is what checksums are for", checksum: true, lose: other, want: []string{`"alone": content`}},
		"target":  {reason: "another link", lose: func(v volume) { v.remove("link"); v.symlink("elsewhere", "link") }, want: []string{`"link": link target "nowhere" != "elsewhere"`}},
		"linked":  {reason: "two files became one", lose: func(v volume) { v.remove("alone"); v.link("b", "alone") }, want: []string{`"alone": `, "a file of its own != a hard link of"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSides(t, tc.checksum)
			tc.lose(s.target)
			differs := s.compare(t)
			if differs.count == 0 {
				t.Fatalf("%s: nothing differs", tc.reason)
			}
			err := differs.err()
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: the error lacks %q: %v", tc.reason, want, err)
				}
			}
			if p := new(permanent); errors.As(err, &p) {
				t.Errorf("%s: nobody would try again: %v", tc.reason, err)
			}
		})
	}
	s := newSides(t, false)
	other(s.target)
	if differs := s.compare(t); differs.count > 0 {
		t.Errorf("without checksums the content cannot differ: %v", differs.err())
	}
}

// other changes the content of a file, and nothing else.
func other(v volume) {
	v.t.Helper()
	v.file("alone", "less", 0o600)
	v.time("alone", 1_700_000_000, 5)
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
			var r differences
			for range tc.count {
				r.add(tree.Difference{Source: &tree.Entry{Path: tc.name}}, errContent)
			}
			text := r.err().Error()
			if len(text) > maxMismatch {
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
			if got := growth(tc.source, tc.target); !strings.Contains(got, tc.want) || (got == "") != (tc.want == "") {
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
		"content":     {reason: "the next run may mend it", err: errContent},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := refused(tc.err); got != tc.want {
				t.Errorf("%s: got %t", tc.reason, got)
			}
		})
	}
}

// TestChecksum: a target whose content has changed, but neither size nor time, is found, and
// the next run mends it.
func TestChecksum(t *testing.T) {
	p := newPair(t)
	p.verification = task.VerifyChecksum
	src, dst := volume{t, p.source()}, volume{t, p.target()}
	src.file("a\nb/file", "good", 0o644)
	src.file("big", strings.Repeat("0123456789abcdef", 1<<18), 0o644)
	src.time("a\nb/file", 1_700_000_000, 5)
	p.same("run-1")
	if d := p.status(p.dst).Volumes[0].Verification.Digest; !strings.HasPrefix(d, tree.MethodChecksum+":") {
		t.Errorf("the digest is %s", d)
	}
	dst.file("a\nb/file", "evil", 0o644)
	dst.time("a\nb/file", 1_700_000_000, 5)

	p.whole = true // Or the restore would have mended it.
	codes, st := p.run(t.Context(), "run-2", true)
	if r := st[1].Result; codes[1] != task.ExitFailed || r.Reason != api.ReasonMismatch || r.Retry != task.RetrySoon || !strings.Contains(r.Message, `"a\nb/file": content`) {
		t.Errorf("the target ended with %d, %+v", codes[1], r)
	}
	if left, _ := filepath.Glob(filepath.Join(p.repo(), "snapshots", "*")); len(left) > 0 {
		t.Error("the next backup would trust that what looks unchanged is")
	}
	p.whole = false
	p.same("run-2")
}

// TestUnknownVerification is refused: to verify less than was asked for would be silent.
func TestUnknownVerification(t *testing.T) {
	p := newPair(t)
	p.verification = "Perfect"
	p.task(p.dst, task.RoleTarget, "run-1", true)
	code := Run(t.Context(), p.dst)
	if r := p.status(p.dst).Result; code != task.ExitPermanent || !strings.Contains(r.Message, `"Perfect"`) {
		t.Errorf("ended with %d, %+v", code, r)
	}
}

// TestExcludeDevices: few are arguments, many are lines of a file, too many are an error that says so,
// and names some.
func TestExcludeDevices(t *testing.T) {
	cases := map[string]struct {
		reason      string
		devices     []string
		args, lines []string
		want        string
	}{
		"Few": {reason: "an argument takes every name", devices: []string{"dev/*", "b\n", "$x"},
			args: []string{"--exclude", `/v/dev/\*`, "--exclude", "/v/b\n", "--exclude", "/v/$x"}},
		"Many": {reason: "restic expands variables in lines, and trims them", devices: append(slices.Repeat([]string{"a $x"}, 201), "b\nc", "d ", "\te"),
			args:  []string{"--exclude", "/v/b\nc", "--exclude", "/v/d "},
			lines: append(slices.Repeat([]string{"/v/a $$x"}, 201), "/v/\te")},
		"TooMany":      {reason: "each is compared with each path", devices: slices.Repeat([]string{"dev/*"}, 10_001), want: `10001 device nodes`},
		"TooManyLines": {reason: "a line holds no break", devices: slices.Repeat([]string{"a\n"}, 201), want: "201 device nodes with line breaks"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			args, lines, err := excludeDevices("/v", tc.devices)
			if p := new(permanent); errors.As(err, &p) != (tc.want != "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("%s: got %v", tc.reason, err)
			}
			if diff := cmp.Diff([][]string{tc.args, tc.lines}, [][]string{args, lines}); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestPattern: a pattern matches its path, and no other.
func TestPattern(t *testing.T) {
	paths := slices.Clone(strange)
	for _, a := range strange {
		for _, b := range strange {
			paths = append(paths, a+b, a+"x"+b)
		}
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	for _, a := range paths {
		for _, b := range paths {
			// restic compares folder by folder, with filepath.Match.
			matched, err := filepath.Match(pattern(a), b)
			if err != nil || matched != (a == b) {
				t.Fatalf("the pattern %q of %q matches %q: %t, %v", pattern(a), a, b, matched, err)
			}
		}
	}
}
