package restic

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// lockedPair is a pair with a repository on an S3 server, and the folder of its locks.
func lockedPair(t *testing.T) (p *pair, locks string) {
	t.Helper()
	s := newS3(t, s3Secret)
	p = ownPair(t, "s3:http://"+s.address+"/moves", s3Credentials())
	folder := filepath.Join(s.root, "files/moves/home/shop-dst/data")
	p.seed(folder)
	return p, filepath.Join(folder, "locks", "*")
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	must(t, err)
	return found
}

// untilLocked calls do as soon as there is a lock.
func untilLocked(ctx context.Context, t *testing.T, locks string, do func()) {
	for ctx.Err() == nil {
		if len(files(t, locks)) > 0 {
			do()
			return
		}
	}
}

// TestOwnLock: the lock that a killed worker has left is gone after the next run.
func TestOwnLock(t *testing.T) {
	p, locks := lockedPair(t)
	host, err := os.Hostname()
	must(t, err)
	p.src.Host = host
	fill(t, p.source())
	noise(t, p, 64<<20)
	ctx, kill := context.WithCancel(t.Context())
	go untilLocked(ctx, t, locks, kill)
	p.run(ctx, "run-1", true)
	kill()
	if len(files(t, locks)) == 0 {
		t.Fatal("the killed worker has left no lock")
	}
	p.copied("run-2")
	if left := files(t, locks); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
}

// TestForeignLock: a person's own restic has locked the repository for itself. The lock is
// waited for, told with its host, and kept.
func TestForeignLock(t *testing.T) {
	lockPatience = 3 * time.Second
	t.Cleanup(func() { lockPatience = 2 * time.Minute })
	p, locks := lockedPair(t)
	fill(t, p.source())
	noise(t, p, 16<<20)
	p.copied("run-1")
	s := &side{dirs: p.src, name: "data"}
	var err error
	s.credentials, err = readCredentials(p.src.Credentials)
	must(t, err)
	s.place, err = newPlace(p.repository, &task.Channel{Namespace: "home", Name: "shop-dst"}, "data")
	must(t, err)
	repo, err := s.ownRepository()
	must(t, err)
	check := exec.Command("restic", "check", "--read-data", "--no-cache", "--limit-download", "100")
	check.Env = repo.command(t.Context(), "/", "check").Env
	must(t, check.Start())
	untilLocked(t.Context(), t, locks, func() { _ = check.Process.Kill() })
	_ = check.Wait()
	before := files(t, locks)

	host, err := os.Hostname()
	must(t, err)
	told := func(what string, code int, r *task.Result) {
		t.Helper()
		t.Log(r.Message)
		if code != task.ExitPermanent || r.Reason != api.ReasonRepositoryLocked || r.Retry != task.RetryLater ||
			!strings.Contains(r.Message, host) || !strings.Contains(r.Message, "lock was created at") ||
			!strings.Contains(r.Message, "restic unlock") {
			t.Errorf("%s ended with %d: %+v", what, code, r)
		}
	}
	codes, st := p.run(t.Context(), "run-2", true)
	told("the run", codes[0], st[0].Result)
	code, opened := p.opened(task.RoleSource)
	told("the opening", code, opened.Result)
	if after := files(t, locks); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("the lock was %v and is %v", before, after)
	}
	must(t, repo.run(t.Context(), "/", nil, "unlock", "--remove-all"))
	p.copied("run-3")
}

func TestOurs(t *testing.T) {
	s := &side{dirs: Dirs{Host: "kubemove-data-0123456789-source"}}
	cases := map[string]struct {
		reason string
		host   string
		want   bool
	}{
		"this Pod":    {"a container that was started again", "kubemove-data-0123456789-source", true},
		"another run": {"its Pod had another hash", "kubemove-www-data-abcdef0123-source", true},
		"the opening": {"its Pods have names of their own", "kubemove-data-abcdef0123-open-target", true},
		"a person":    {"a person's machine", "laptop", false},
		"a namesake":  {"no Pod of ours is named so", "kubemove-backup", false},
		"no host":     {"restic could not tell", "", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := s.ours(lock{Hostname: tc.host}); got != tc.want {
				t.Errorf("%s: %q counts as ours: %v", tc.reason, tc.host, got)
			}
		})
	}
}
