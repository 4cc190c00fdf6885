package restic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/ddm/filecopy"
)

// TestMain builds the real restic and rest-server from their modules and puts them on PATH.
func TestMain(m *testing.M) {
	if dir := os.Getenv("RESTIC_TEST_TOOLS"); dir != "" { // A test that runs itself as another user.
		_ = os.Setenv("PATH", dir+":"+os.Getenv("PATH"))
		m.Run()
		return
	}
	dir, err := os.MkdirTemp("", "restic")
	if err != nil {
		panic(err)
	}
	for module, packages := range map[string][]string{
		"tools": {"github.com/restic/restic/cmd/restic", "github.com/restic/rest-server/cmd/rest-server"},
		// In a module of its own: what it needs must not decide about what restic is built with.
		"s3server": {"github.com/versity/versitygw/cmd/versitygw"},
	} {
		build := exec.Command("go", append([]string{"build", "-o", dir + "/"}, packages...)...)
		build.Dir = module
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			panic(fmt.Sprintf("cannot build %v: %v\n%s", packages, err, out))
		}
	}
	_ = os.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	m.Run()
	_ = os.RemoveAll(dir)
}

func fill(t *testing.T, root string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(root, "deep", "er"), 0o750))
	for i := range 50 {
		must(t, os.WriteFile(filepath.Join(root, "deep", fmt.Sprintf("file %d\n\xff", i)), bytes.Repeat([]byte{byte(i)}, 100*i), 0o640))
	}
	must(t, os.WriteFile(filepath.Join(root, "big"), bytes.Repeat([]byte("0123456789abcdef"), 1<<18), 0o600))
	must(t, os.Symlink("deep/er", filepath.Join(root, "link")))
	must(t, os.Symlink("/nowhere", filepath.Join(root, "dangling")))
	must(t, os.Link(filepath.Join(root, "big"), filepath.Join(root, "deep", "hard")))
	f, err := os.Create(filepath.Join(root, "sparse"))
	must(t, err)
	must(t, f.Truncate(64<<20))
	must(t, f.Close())
}

// TestCopy copies a tree, then what has changed in it.
func TestCopy(t *testing.T) { onEachSide(t, testCopy) }

func testCopy(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	must(t, os.WriteFile(filepath.Join(p.target(), "foreign"), []byte("from an earlier time"), 0o644))
	p.copied("run-1")
	if s, err := os.Stat(filepath.Join(p.target(), "sparse")); err != nil || blocks(s) > 1000 {
		t.Errorf("the sparse file takes %d blocks: %v", blocks(s), err)
	}
	a, err := os.Stat(filepath.Join(p.target(), "big"))
	must(t, err)
	b, err := os.Stat(filepath.Join(p.target(), "deep", "hard"))
	must(t, err)
	if !os.SameFile(a, b) {
		t.Error("the hard link became a file of its own")
	}

	must(t, os.Remove(filepath.Join(p.source(), "link")))
	must(t, os.RemoveAll(filepath.Join(p.source(), "deep", "er")))
	must(t, os.WriteFile(filepath.Join(p.source(), "big"), []byte("short"), 0o600))
	must(t, os.Chmod(filepath.Join(p.source(), "sparse"), 0o444))
	p.copied("run-2")
}

func TestEmptyVolume(t *testing.T) { onEachSide(t, testEmptyVolume) }

func testEmptyVolume(t *testing.T) {
	freshPair(t).copied("run-1")
}

// TestWhileItChanges copies a source that goes on changing: both sides count the snapshot.
func TestWhileItChanges(t *testing.T) { onEachSide(t, testWhileItChanges) }

func testWhileItChanges(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	codes, st := p.run(t.Context(), "run-1", false)
	if codes != [2]int{} {
		t.Fatalf("exit codes %v: %+v %+v", codes, st[0].Result, st[1].Result)
	}
	if diff := cmp.Diff(st[0].Volumes[0].Verification, st[1].Volumes[0].Verification); diff != "" {
		t.Errorf("the sides differ (-source +target):\n%s", diff)
	}
}

// TestKilled: whatever a killed run has left, the next one succeeds.
func TestKilled(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	ctx, cancel := context.WithCancel(t.Context())
	var once sync.WaitGroup
	once.Go(func() {
		for ctx.Err() == nil {
			if files, _ := filepath.Glob(filepath.Join(p.repo(), "locks", "*")); len(files) > 0 {
				cancel()
			}
		}
	})
	codes, _ := p.run(ctx, "run-1", true)
	cancel()
	once.Wait()
	if codes == [2]int{} {
		t.Log("the run ended before it could be killed")
	}
	must(t, os.WriteFile(filepath.Join(p.repo(), "locks", strings.Repeat("ab", 32)), []byte("garbage"), 0o600))
	p.copied("run-1")
}

// TestOtherPassword: a repository that cannot be opened any more is made anew.
func TestOtherPassword(t *testing.T) { onEachSide(t, testOtherPassword) }

func testOtherPassword(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	p.copied("run-1")
	for _, d := range []Dirs{p.src, p.dst} {
		must(t, os.WriteFile(filepath.Join(d.Credentials, "password"), []byte("another"), 0o600))
	}
	st := p.copied("run-2")
	if len(p.warnings(st)) == 0 {
		t.Error("nothing says that everything is sent again")
	}
}

// TestFullRepository: the snapshots of earlier runs make room; when there are none, a person
// has to.
func TestFullRepository(t *testing.T) {
	p := newPair(t)
	s := &side{dirs: p.held()}
	repo := repository{location: p.repo()}
	must(t, os.MkdirAll(filepath.Join(repo.location, "snapshots"), 0o755))
	var stuck *permanent
	if err := s.full(repo); !errors.As(err, &stuck) {
		t.Errorf("nothing can be dropped, yet: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(repo.location, "snapshots", "old"), nil, 0o600))
	if err := s.full(repo); errors.As(err, &stuck) || !errors.Is(err, errFull) {
		t.Errorf("an earlier snapshot can be dropped, yet: %v", err)
	}
	if _, err := os.Stat(repo.location); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the repository is still there: %v", err)
	}

	free := int64(minFree)
	ctx, cancel := watchSpace(t.Context(), func() (int64, error) {
		free--
		return free, nil
	})
	defer cancel(nil)
	<-ctx.Done()
	if !errors.Is(context.Cause(ctx), errFull) {
		t.Errorf("the cause is %v", context.Cause(ctx))
	}
}

// TestMismatchIsSeen: what the target holds besides the source's files is found.
func TestMismatchIsSeen(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	p.copied("run-1")
	must(t, os.WriteFile(filepath.Join(p.target(), "more"), nil, 0o644))
	a, b := counted(t, p.source()), counted(t, p.target())
	if a.Digest == b.Digest || a.Files == b.Files {
		t.Error("the trees count as equal")
	}
}

// counted is what a tree holds.
func counted(t *testing.T, root string) *filecopy.Summary {
	t.Helper()
	tree, err := filecopy.Open(root)
	must(t, err)
	defer tree.Close()
	s, err := tree.Walk(t.Context(), filecopy.Options{})
	must(t, err)
	return s
}
