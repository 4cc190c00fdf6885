package restic

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

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
// so this runs as somebody else.
func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		asNobody(t)
		return
	}
	p := newPair(t)
	fill(t, p.source())
	must(t, os.Chmod(filepath.Join(p.source(), "big"), 0))
	codes, st := p.run(t.Context(), "run-1", true)
	if codes[0] != task.ExitPermanent {
		t.Errorf("the source ended with %d, want %d", codes[0], task.ExitPermanent)
	}
	if r := st[0].Result; r == nil || r.Outcome != task.OutcomeFailed || !strings.Contains(r.Message, "big") {
		t.Errorf("the result does not name the file: %+v", r)
	}
}

// asNobody runs the calling test in a process of another user.
func asNobody(t *testing.T) {
	dir, err := os.MkdirTemp("", "nobody")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
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
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as another user: %v\n%s", err, out)
	}
}
