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

	"github.com/kubemove/kubemove/task"
)

// files beneath a folder of the repository.
func filesIn(t *testing.T, folder string) []string {
	t.Helper()
	var out []string
	must(t, filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			out = append(out, path)
		}
		return err
	}))
	if len(out) == 0 {
		t.Fatalf("%s holds no files", folder)
	}
	return out
}

// spoil part of a file.
func spoil(t *testing.T, path string, at int64) {
	t.Helper()
	must(t, os.Chmod(path, 0o600))
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte(strings.Repeat("damage", 100)), at)
	must(t, errors.Join(err, f.Close()))
}

// damages of a repository with one snapshot.
var damages = map[string]struct {
	reason string
	do     func(t *testing.T, repo string)
}{
	"no packs": {
		"the process that removed it was killed half way",
		func(t *testing.T, repo string) { must(t, os.RemoveAll(filepath.Join(repo, "data"))) },
	},
	"no contents": {"the backup looks well, and cannot be restored", func(t *testing.T, repo string) {
		for _, path := range filesIn(t, filepath.Join(repo, "data")) {
			if info, err := os.Stat(path); err == nil && info.Size() > 1<<20 {
				must(t, os.Remove(path))
			}
		}
	}},
	"short packs": {"the disk lost its power", func(t *testing.T, repo string) {
		for _, path := range filesIn(t, filepath.Join(repo, "data")) {
			must(t, errors.Join(os.Chmod(path, 0o600), os.Truncate(path, 10)))
		}
	}},
	"other packs": {"the disk has turned bits", func(t *testing.T, repo string) {
		for _, path := range filesIn(t, filepath.Join(repo, "data")) {
			spoil(t, path, 0)
		}
	}},
	"index": {"nothing can be found", func(t *testing.T, repo string) { spoil(t, filesIn(t, filepath.Join(repo, "index"))[0], 50) }},
	"snapshot": {
		"nothing can be compared with",
		func(t *testing.T, repo string) { spoil(t, filesIn(t, filepath.Join(repo, "snapshots"))[0], 50) },
	},
	"config": {"it cannot be opened", func(t *testing.T, repo string) { spoil(t, filepath.Join(repo, "config"), 50) }},
}

// TestDamaged: a managed repository that is damaged is made anew by the next try, with a word.
func TestDamaged(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			fill(t, p.source())
			noise(t, p, 2<<20)
			p.copied("run-1")
			damage.do(t, p.repo())
			// Nothing is there any more that could pass for restored.
			must(t, os.RemoveAll(p.target()))
			must(t, os.Mkdir(p.target(), 0o755))
			codes, st := p.run(t.Context(), "run-2", true)
			if codes == [2]int{} {
				t.Fatalf("%s: the run succeeded", damage.reason)
			}
			for i, side := range st {
				if side == nil || side.Result == nil || side.Result.Outcome == task.OutcomeSucceeded {
					continue
				}
				t.Log(i, side.Result.Message)
				if side.Result.Retry != task.RetrySoon || !strings.Contains(side.Result.Message, "is damaged: the next try makes it anew") {
					t.Errorf("%s: side %d ended with %+v", damage.reason, i, side.Result)
				}
			}
			st = p.copied("run-2")
			if w := strings.Join(p.warnings(st), " "); !strings.Contains(w, "damaged and is made anew: everything is sent again") {
				t.Errorf("%s: it warns %q", damage.reason, w)
			}
			if w := p.warnings(p.copied("run-3")); len(w) > 0 {
				t.Errorf("%s: it was made anew again: %q", damage.reason, w)
			}
		})
	}
}

// TestDiscard: a repository loses its config before anything else, so that no half of one is
// left.
func TestDiscard(t *testing.T) {
	p := newPair(t)
	s := &side{dirs: p.held()}
	config, snapshot := filepath.Join(p.repo(), "config"), filepath.Join(p.repo(), "snapshots", "old")
	must(t, os.MkdirAll(filepath.Dir(snapshot), 0o755))
	must(t, os.WriteFile(snapshot, nil, 0o600))
	// That cannot be removed, not even by root.
	must(t, os.Remove(config))
	must(t, os.MkdirAll(filepath.Join(config, "in"), 0o755))
	if err := s.full(repository{location: p.repo()}); err == nil || !strings.Contains(err.Error(), "cannot be cleared") {
		t.Errorf("the repository was cleared: %v", err)
	}
	if _, err := os.Stat(snapshot); err != nil {
		t.Errorf("a repository with a config has lost its contents: %v", err)
	}
}

// TestHealed: what restic stores again because the index has lost it is whole.
func TestHealed(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	p.copied("run-1")
	first := filesIn(t, filepath.Join(p.repo(), "index"))
	for i := range 20 {
		must(t, os.WriteFile(filepath.Join(p.source(), fmt.Sprint("more ", i)), []byte(fmt.Sprint(i)), 0o644))
	}
	p.copied("run-2")
	for _, path := range first {
		must(t, os.Remove(path))
	}
	p.copied("run-3")
	p.copied("run-4")
}

// TestDamagedOfTheUsers: a repository of the user's own is not touched, and the words say what
// to do.
func TestDamagedOfTheUsers(t *testing.T) {
	for _, name := range []string{"no packs", "no contents", "index", "config"} {
		damage := damages[name]
		t.Run(name, func(t *testing.T) {
			p := ownPair(t, "claim:backups", nil)
			folder := filepath.Join(p.held().State, "home/shop-dst/data")
			p.seed(folder)
			fill(t, p.source())
			noise(t, p, 2<<20)
			p.copied("run-1")
			damage.do(t, folder)
			must(t, os.RemoveAll(p.target()))
			must(t, os.Mkdir(p.target(), 0o755))
			before := filesIn(t, folder)
			codes, st := p.run(t.Context(), "run-2", true)
			found := false
			for i, side := range st {
				if codes[i] != task.ExitPermanent {
					continue
				}
				found = true
				if r := side.Result; r.Reason != "RepositoryDamaged" || r.Retry != task.RetryLater || !strings.Contains(r.Message, "restic repair") {
					t.Errorf("%s: side %d ended with %+v", damage.reason, i, r)
				}
			}
			if !found {
				t.Errorf("%s: ended with %v: %+v %+v", damage.reason, codes, st[0], st[1])
			}
			left := filesIn(t, folder)
			for _, path := range before {
				if !slices.Contains(left, path) && !strings.Contains(path, "/locks/") {
					t.Errorf("%s was removed", path)
				}
			}
		})
	}
}

// TestBackupError: only what a person has to fix is left to a person.
func TestBackupError(t *testing.T) {
	vanished := func(i int) string { return fmt.Sprintf("/v/%d: open /v/%d: no such file or directory", i, i) }
	cases := map[string]struct {
		reason string
		exact  bool
		// problems is many times problem, and then last.
		problem func(int) string
		last    string
		want    bool
	}{
		"vanished": {reason: "a busy application removes many files", problem: vanished},
		"stopped":  {reason: "none should be removed then", problem: vanished, exact: true, want: true},
		"private":  {reason: "it will be so in a minute", problem: vanished, last: "/v/x: open /v/x: permission denied", want: true},
		"too long": {reason: "no system call takes it", problem: vanished, last: "/v/x: lstat /v/x: file name too long", want: true},
		"unreachable": {
			reason: "the server may be there in a minute", problem: vanished, exact: true,
			last: "/v: tree ab could not be loaded; the repository could be damaged: ReadFull(<data/ab>): connection refused",
		},
		"damaged": {
			reason: "the next try makes the repository anew", problem: vanished, exact: true,
			last: "/v: tree ab could not be loaded; the repository could be damaged: ReadFull(<data/ab>): <data/ab> does not exist",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			e := &runError{Verb: "backup", Code: exitPartial}
			for i := range 50 {
				e.note(tc.problem(i))
			}
			if tc.last != "" {
				e.note(tc.last)
			}
			s := &side{task: &task.Task{Run: task.Run{Exact: tc.exact}}}
			err := s.backupError(repository{}, e)
			if stuck := (*permanent)(nil); errors.As(err, &stuck) != tc.want {
				t.Errorf("%s: got %v", tc.reason, err)
			}
		})
	}
}

// TestPartial: what a backup could not read is judged by all of it, not by the first lines.
func TestPartial(t *testing.T) {
	vanished := func(i int) string { return fmt.Sprintf("/v/%d: open /v/%d: no such file or directory", i, i) }
	lost := func(i int) string {
		return fmt.Sprintf("/v/%d: parts of /v/%d not found in the repository index; storing the file again", i, i)
	}
	private := func(i int) string { return fmt.Sprintf("/v/%d: open /v/%d: permission denied", i, i) }
	broken := func(i int) string {
		return fmt.Sprintf("/v/%d: tree ab could not be loaded; the repository could be damaged: "+
			"ReadFull(<data/ab>): <data/ab> does not exist", i)
	}
	type verdict struct {
		Vanished, Healed, Damaged, Unloaded bool
	}
	cases := map[string]struct {
		reason   string
		problems []func(int) string
		want     verdict
	}{
		"vanished": {
			reason: "of many the first are kept, and all are counted", problems: repeat(vanished, 200),
			want: verdict{Vanished: true},
		},
		"one is private":     {reason: "the last of many", problems: append(repeat(vanished, 200), private), want: verdict{}},
		"healed":             {reason: "of many, too", problems: repeat(lost, 200), want: verdict{Healed: true}},
		"healed and private": {reason: "a file is missing", problems: append(repeat(lost, 200), private), want: verdict{}},
		"both":               {reason: "neither alone", problems: append(repeat(vanished, 20), lost), want: verdict{Vanished: true}},
		"damaged": {
			reason: "after many others", problems: append(repeat(vanished, 200), broken),
			want: verdict{Damaged: true, Unloaded: true},
		},
		"unreachable": {reason: "a server that is gone is no damage, and no file is missing", problems: []func(int) string{func(int) string {
			return "/v: tree ab could not be loaded; the repository could be damaged: ReadFull(<data/ab>): connection refused"
		}}, want: verdict{Unloaded: true}},
		"nothing": {reason: "restic named nothing", want: verdict{}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			e := &runError{Verb: "backup", Code: exitPartial}
			for i, problem := range tc.problems {
				e.note(problem(i))
			}
			got := verdict{e.onlyVanished(), e.onlyHealed(), e.Damaged, e.Unloaded}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func repeat(f func(int) string, n int) (out []func(int) string) {
	for range n {
		out = append(out, f)
	}
	return out
}
