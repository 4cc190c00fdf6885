package restic

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/ddm/filecopy"
	"github.com/kubemove/kubemove/task"
)

// TestDiffer: a copy that another run may repair is tried again, and one that the worker cannot is left to a
// person.
func TestDiffer(t *testing.T) {
	for name, tc := range map[string]struct {
		why   error
		lasts bool
	}{
		"content": {filecopy.ErrContent, false},
		"rights":  {unix.EPERM, true},
	} {
		var d filecopy.Differences
		d.Add(filecopy.Difference{Source: &filecopy.Entry{Path: "file"}}, tc.why)
		err := differ(&d)
		if m := new(mismatch); !errors.As(err, &m) || !strings.Contains(err.Error(), `"file": missing at the target`) {
			t.Errorf("%s: got %v", name, err)
		}
		if p := new(permanent); errors.As(err, &p) != tc.lasts {
			t.Errorf("%s: it is permanent: %t", name, !tc.lasts)
		}
	}
}

// TestChecksum: a target whose content has changed, but neither size nor time, is found, and
// the next run repairs it.
func TestChecksum(t *testing.T) { onEachSide(t, testChecksum) }

func testChecksum(t *testing.T) {
	p := newPair(t)
	p.verification = task.VerifyChecksum
	src, dst := volume{t, p.source()}, volume{t, p.target()}
	src.file("a\nb/file", "good", 0o644)
	src.file("big", strings.Repeat("0123456789abcdef", 1<<18), 0o644)
	src.time("a\nb/file", 1_700_000_000, 5)
	p.same("run-1")
	if d := p.status(p.dst).Volumes[0].Verification.Digest; !strings.HasPrefix(d, filecopy.MethodChecksum+":") {
		t.Errorf("the digest is %s", d)
	}
	dst.file("a\nb/file", "evil", 0o644)
	dst.time("a\nb/file", 1_700_000_000, 5)

	p.whole = true // Or the restore would have repaired it.
	codes, st := p.run(t.Context(), "run-2", true)
	if r := st[1].Result; codes[1] != task.ExitFailed || r.Reason != api.ReasonMismatch || r.Retry != task.RetrySoon ||
		!strings.Contains(r.Message, `"a\nb/file": content`) {
		t.Errorf("the target ended with %d, %+v", codes[1], r)
	}
	if left := p.snapshots(); len(left) > 0 && !slices.Contains(left[len(left)-1].Tags, emptyTag) {
		t.Error("the next backup would take what looks unchanged for the same")
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
		"Many": {
			reason:  "restic expands variables in lines, and trims them",
			devices: append(slices.Repeat([]string{"a $x"}, 201), "b\nc", "d ", "\te"),
			args:    []string{"--exclude", "/v/b\nc", "--exclude", "/v/d "},
			lines:   append(slices.Repeat([]string{"/v/a $$x"}, 201), "/v/\te"),
		},
		"TooMany": {
			reason: "each is compared with each path", devices: slices.Repeat([]string{"dev/*"}, 10_001),
			want: `10001 device nodes`,
		},
		"TooManyLines": {
			reason: "a line holds no break", devices: slices.Repeat([]string{"a\n"}, 201),
			want: "201 device nodes with line breaks",
		},
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
