package restic

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kubemove/kubemove/task"
)

// blocks of 512 bytes that a file takes on the disk.
func blocks(info os.FileInfo) int64 {
	if info == nil {
		return 0
	}
	return info.Sys().(*syscall.Stat_t).Blocks
}

// TestUnreadable: a file that cannot be read fails the run and is named. Root reads everything,
// so this runs as another user.
func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		asOtherUser(t)
		return
	}
	p := newPair(t)
	fill(t, p.source())
	must(t, os.Chmod(filepath.Join(p.source(), "big"), 0))
	kept := filepath.Join(p.target(), "kept")
	must(t, os.WriteFile(kept, nil, 0o644))
	codes, st := p.run(t.Context(), "run-1", true)
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("the partial snapshot was restored: %v", err)
	}
	if codes[0] != task.ExitPermanent {
		t.Errorf("the source ended with %d, want %d", codes[0], task.ExitPermanent)
	}
	if r := st[0].Result; r == nil || r.Outcome != task.OutcomeFailed || !strings.Contains(r.Message, "big") {
		t.Errorf("the result does not name the file: %+v", r)
	}
}

// TestAsUser: a worker without any right of root copies what belongs to its user.
func TestAsUser(t *testing.T) {
	if os.Getuid() == 0 {
		asOtherUser(t)
		return
	}
	p := newPair(t)
	fill(t, p.source())
	must(t, os.Chmod(p.source(), 0o711))
	p.copied("run-1")
	if info, err := os.Stat(p.target()); err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("the root has mode %v, %v", info.Mode(), err)
	}
}

// TestResticIsKilled: restic is killed in the middle of the backup; the run fails, and the next
// one succeeds.
func TestResticIsKilled(t *testing.T) {
	p := newPair(t)
	fill(t, p.source())
	noise := make([]byte, 96<<20)
	_, err := rand.Read(noise)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(p.source(), "noise"), noise, 0o644))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	killed := make(chan bool, 1)
	go func() {
		for ctx.Err() == nil {
			if packs, _ := filepath.Glob(filepath.Join(p.repo(), "data", "*", "*")); len(packs) > 0 {
				killed <- killBackup(p.source())
				return
			}
		}
	}()
	codes, st := p.run(t.Context(), "run-1", true)
	if !<-killed {
		t.Fatal("restic backup was not found among the processes")
	}
	if codes[0] != task.ExitFailed || st[0].Result.Retry != task.RetrySoon {
		t.Errorf("the source ended with %d, %+v; want a failure that is tried again", codes[0], st[0].Result)
	}
	p.copied("run-1")
}

// killBackup kills the restic that backs the folder up.
func killBackup(folder string) bool {
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range all {
		line, _ := os.ReadFile(file)
		args := strings.Split(string(line), "\x00")
		if len(args) > 2 && filepath.Base(args[0]) == "restic" && args[1] == "backup" && slices.Contains(args, folder) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			return err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil
		}
	}
	return false
}

// asOtherUser runs the calling test in a process of another user.
func asOtherUser(t *testing.T) {
	t.Helper()
	another(t, func(cmd *exec.Cmd) ([]byte, error) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		return cmd.CombinedOutput()
	})
}

// bareRoot is set in a process of a root without capabilities.
const bareRoot = "RESTIC_TEST_BARE_ROOT"

// asBareRoot runs the calling test in a process of root that has no capability.
func asBareRoot(t *testing.T) {
	t.Helper()
	another(t, func(cmd *exec.Cmd) (out []byte, err error) {
		cmd.Env = append(cmd.Env, bareRoot+"=1")
		var done sync.WaitGroup
		done.Go(func() {
			// The thread ends with this function: it is never unlocked.
			runtime.LockOSThread()
			// SECBIT_NOROOT, and locked: a program that root executes gets no capabilities.
			if err = unix.Prctl(unix.PR_SET_SECUREBITS, 0b11, 0, 0, 0); err == nil {
				out, err = cmd.CombinedOutput()
			}
		})
		done.Wait()
		return out, err
	})
}

// another runs the calling test in another process.
func another(t *testing.T, run func(*exec.Cmd) ([]byte, error)) {
	t.Helper()
	dir, err := os.MkdirTemp("", "another")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	self, err := os.ReadFile(os.Args[0])
	must(t, err)
	program := filepath.Join(dir, "test")
	must(t, os.WriteFile(program, self, 0o755))
	tools, err := exec.LookPath("restic")
	must(t, err)
	must(t, os.Chmod(filepath.Dir(tools), 0o755))
	cmd := exec.Command(program, "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir, "RESTIC_TEST_TOOLS="+filepath.Dir(tools))
	cmd.Dir = dir
	out, err := run(cmd)
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("in another process: %v\n%s", err, out)
	}
}
