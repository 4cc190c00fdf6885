package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// bareRun is what B took, and the parts of it.
type bareRun struct {
	Serve, Init, Backup, Restore, Sync time.Duration
}

// total of B.
func (r bareRun) total() time.Duration { return r.Serve + r.Init + r.Backup + r.Restore + r.Sync }

// bare copies a folder with restic alone. Everything lies in dir.
type bare struct {
	programs programs
	dir      string
}

func (b bare) source() string     { return filepath.Join(b.dir, "source") }
func (b bare) target() string     { return filepath.Join(b.dir, "target") }
func (b bare) repository() string { return filepath.Join(b.dir, "state", "repo") }

// runBare writes the set into a new folder, copies it, and compares. The folder is removed.
func (b *Bench) runBare(ctx context.Context, s Set, seed uint64) (bareRun, error) {
	r := bare{programs: b.programs, dir: filepath.Join(b.dir, "bare")}
	for _, dir := range []string{r.source(), r.target(), filepath.Dir(r.repository())} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return bareRun{}, err
		}
	}
	defer os.RemoveAll(r.dir)
	want, err := s.write(ctx, r.source(), seed)
	if err != nil {
		return bareRun{}, err
	}
	took, err := r.copy(ctx)
	if err != nil {
		return took, fmt.Errorf("restic alone: %w", err)
	}
	return took, same(want, r.target())
}

// again copies once more what has not changed, after a copy, and says how long restic took for it.
func (b bare) again(ctx context.Context) (time.Duration, error) {
	address, stop, err := b.serve(ctx)
	if err != nil {
		return 0, err
	}
	defer stop()
	begun := time.Now()
	out, err := b.restic(ctx, "rest:http://"+address+"/repo/", b.source(), backupCall("bench", b.source()))
	if err != nil {
		return 0, err
	}
	snapshot, err := snapshotID(out)
	if err != nil {
		return 0, err
	}
	_, err = b.restic(ctx, b.repository(), "/", restoreCall(snapshot, b.source(), b.target()))
	return time.Since(begun), err
}

// copy is what is measured.
func (b bare) copy(ctx context.Context) (r bareRun, err error) {
	watch := time.Now()
	lap := func() time.Duration {
		now := time.Now()
		took := now.Sub(watch)
		watch = now
		return took
	}
	if err := os.WriteFile(b.passwordFile(), []byte(strings.Repeat("0123456789abcdef", 4)), 0o600); err != nil {
		return r, err
	}
	// As in the workers the repository is made before it is served.
	if _, err := b.restic(ctx, b.repository(), "/", initCall()); err != nil {
		return r, err
	}
	r.Init = lap()
	address, stop, err := b.serve(ctx)
	if err != nil {
		return r, err
	}
	defer stop()
	r.Serve = lap()
	out, err := b.restic(ctx, "rest:http://"+address+"/repo/", b.source(), backupCall("bench", b.source()))
	if err != nil {
		return r, err
	}
	snapshot, err := snapshotID(out)
	if err != nil {
		return r, err
	}
	r.Backup = lap()
	if _, err = b.restic(ctx, b.repository(), "/", restoreCall(snapshot, b.source(), b.target())); err != nil {
		return r, err
	}
	r.Restore = lap()
	err = syncFolder(b.target())
	r.Sync = lap()
	return r, err
}

func (b bare) passwordFile() string { return filepath.Join(b.dir, "password") }

// restic runs one call and returns what it prints.
func (b bare) restic(ctx context.Context, repository, dir string, args []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, b.programs.restic, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		append(environment, "RESTIC_REPOSITORY="+repository, "RESTIC_PASSWORD_FILE="+b.passwordFile(), "TMPDIR="+b.dir)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("restic %s: %w: %s", args[0], err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// snapshotID reads the summary in the output of a backup.
func snapshotID(out []byte) (string, error) {
	for line := range bytes.Lines(out) {
		var m struct {
			Type string `json:"message_type"`
			ID   string `json:"snapshot_id"`
		}
		if json.Unmarshal(line, &m) == nil && m.Type == "summary" && m.ID != "" {
			return m.ID, nil
		}
	}
	return "", fmt.Errorf("restic backup printed %d bytes without a summary that names a snapshot: expected restic 0.18.1", len(out))
}

// serve runs rest-server on loopback. stop ends it and waits for it.
func (b bare) serve(ctx context.Context) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address = l.Addr().String()
	if err := l.Close(); err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, b.programs.restServer, "--path", filepath.Dir(b.repository()), "--listen", address, "--no-auth")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop = func() {
		_ = cmd.Process.Kill()
		<-ended
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return address, stop, conn.Close()
		}
		select {
		case err := <-ended:
			ended <- err
			return "", nil, errors.Join(errors.New("rest-server has ended"), err)
		default:
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			stop()
			return "", nil, errors.Join(fmt.Errorf("rest-server does not answer at %s: %w", address, err), ctx.Err())
		}
	}
}
