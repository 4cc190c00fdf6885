package restic

import (
	stdcmp "cmp"
	"context"
	"embed"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// template is an empty repository with the password "secret". Its key was made by restic's own
// code, with the parameters that restic has for tests (scrypt with N 128, r 1, p 1): that of an
// ordinary repository takes every start of restic half a second to a second to derive.
//
//go:embed testdata/repository
var template embed.FS

// stateSide is where the repository of every pair is that does not lie elsewhere. With
// RESTIC_TEST_REPOSITORY=source all tests have it at the source.
var stateSide = task.Role(stdcmp.Or(os.Getenv("RESTIC_TEST_REPOSITORY"), string(task.RoleTarget)))

// onEachSide runs a test with the repository at the target, and at the source.
func onEachSide(t *testing.T, test func(*testing.T)) {
	was := stateSide
	for _, role := range []task.Role{task.RoleTarget, task.RoleSource} {
		t.Run("repository at the "+string(role), func(t *testing.T) {
			stateSide = role
			t.Cleanup(func() { stateSide = was })
			test(t)
		})
	}
}

// pair is both workers of one volume, in folders. The peer streams are plain loopback ports, on
// which each side listens, and which the other one dials, if not dials has another.
type pair struct {
	t            *testing.T
	src, dst     Dirs
	ports, dials map[task.Role]string
	// stateSide is that of the managed repository, and of one in a claim.
	stateSide task.Role
	// verification of the runs.
	verification string
	// repository of the user's own; empty: the managed one.
	repository string
	// whole is what the target's worker is told of its volume.
	whole bool
}

// newPair has an empty repository.
func newPair(t *testing.T) *pair {
	t.Helper()
	p := freshPair(t)
	p.seed(p.repo())
	s := &side{dirs: p.held()}
	opened, err := s.fingerprint()
	must(t, err)
	must(t, s.remember(opened))
	return p
}

// freshPair has no repository yet.
func freshPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t, ports: map[task.Role]string{}, dials: map[task.Role]string{}, stateSide: stateSide}
	var held []net.Listener // Until all are found.
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		held = append(held, l)
		p.ports[role], p.dials[role.Other()] = l.Addr().String(), l.Addr().String()
	}
	for _, l := range held {
		must(t, l.Close())
	}
	p.src, p.dst = p.dirs(), p.dirs()
	p.dst.SourceVolumes = p.src.Volumes
	return p
}

// dirs of one side.
func (p *pair) dirs() Dirs {
	root := p.t.TempDir()
	d := Dirs{Task: filepath.Join(root, "task.json"), NextTask: filepath.Join(root, "next.json"), Status: filepath.Join(root, "status.json"),
		Volumes: filepath.Join(root, "volumes"), State: filepath.Join(root, "state"), Credentials: filepath.Join(root, "credentials")}
	for _, dir := range []string{d.Volumes, d.State, d.Credentials, filepath.Join(d.Volumes, "data")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(d.Credentials, "password"), []byte("secret"), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return d
}

func (p *pair) source() string { return filepath.Join(p.src.Volumes, "data") }
func (p *pair) repo() string {
	return filepath.Join((&side{dirs: p.held()}).state(), repositoryName)
}

// snapshots of the managed repository.
func (p *pair) snapshots() []earlier {
	p.t.Helper()
	all, err := repository{location: p.repo(), passwordFile: filepath.Join(p.src.Credentials, "password")}.earlierSnapshots(p.t.Context())
	must(p.t, err)
	return all
}

// held are the folders of the side that has the repository.
func (p *pair) held() Dirs {
	if p.stateSide == task.RoleSource {
		return p.src
	}
	return p.dst
}

// warnings of the side that has the repository.
func (p *pair) warnings(st [2]*task.Status) []string {
	if p.stateSide == task.RoleSource {
		return st[0].Warnings
	}
	return st[1].Warnings
}
func (p *pair) target() string { return filepath.Join(p.dst.Volumes, "data") }

func (p *pair) task(d Dirs, role task.Role, run string, exact bool) {
	p.t.Helper()
	p.taskIn(d.Task, role, run, exact, false)
}

func (p *pair) taskIn(file string, role task.Role, run string, exact, passes bool) {
	p.t.Helper()
	t := task.Task{
		APIVersion: task.APIVersion, Verb: task.VerbSync, Role: role,
		Run:     task.Run{ID: run, Exact: exact, Verification: p.verification},
		Volumes: []task.Volume{{Name: "data", Target: "data"}},
		Peer:    &task.Peer{Dial: p.dials[role], Listen: p.ports[role]}, StateSide: p.stateSide, Passes: passes,
		Channel: &task.Channel{Namespace: "home", Name: "shop-dst"},
	}
	if role == task.RoleTarget {
		t.Volumes[0].Whole = p.whole
	}
	if p.repository != "" {
		t.Parameters = map[string]string{"repository": p.repository}
	}
	data, err := json.Marshal(t)
	if err != nil {
		p.t.Fatal(err)
	}
	must(p.t, os.WriteFile(file+".tmp", data, 0o600))
	must(p.t, os.Rename(file+".tmp", file))
}

// run carries out one run and returns both exit codes and statuses. When the source fails, the
// coordinator would end the target: so does this.
func (p *pair) run(ctx context.Context, run string, exact bool) (codes [2]int, st [2]*task.Status) {
	p.t.Helper()
	p.task(p.src, task.RoleSource, run, exact)
	p.task(p.dst, task.RoleTarget, run, exact)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var both sync.WaitGroup
	both.Go(func() {
		if codes[0] = Run(ctx, p.src); codes[0] != 0 {
			cancel()
		}
	})
	both.Go(func() {
		if codes[1] = Run(ctx, p.dst); codes[1] != 0 {
			cancel()
		}
	})
	both.Wait()
	return codes, [2]*task.Status{p.status(p.src), p.status(p.dst)}
}

// status that a side has written; nil: none.
func (p *pair) status(d Dirs) *task.Status {
	p.t.Helper()
	data, err := os.ReadFile(d.Status)
	if err != nil {
		return nil
	}
	st, err := task.DecodeStatus(data)
	must(p.t, err)
	return st
}

// copied runs once more and expects equal volumes.
func (p *pair) copied(run string) [2]*task.Status {
	p.t.Helper()
	st := p.synced(run)
	if d := p.diff(); d != "" {
		p.t.Fatalf("contents differ:\n%s", d)
	}
	return st
}

// synced runs once more and expects that both sides agree.
func (p *pair) synced(run string) [2]*task.Status {
	p.t.Helper()
	codes, st := p.run(p.t.Context(), run, true)
	if codes != [2]int{} {
		p.t.Fatalf("exit codes %v; source: %+v, target: %+v", codes, st[0].Result, st[1].Result)
	}
	a, b := st[0].Volumes[0], st[1].Volumes[0]
	if diff := cmp.Diff(a.Verification, b.Verification); diff != "" {
		p.t.Fatalf("the sides differ (-source +target):\n%s\n%s", diff, p.diff())
	}
	if a.Stage != api.StageSynced || b.Stage != api.StageSynced {
		p.t.Errorf("stages %s and %s", a.Stage, b.Stage)
	}
	return st
}

func (p *pair) diff() string {
	out, _ := exec.Command("diff", "-r", "--no-dereference", p.source(), p.target()).CombinedOutput()
	return string(out)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
