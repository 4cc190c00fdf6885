package restic

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/ddm/filecopy"
	"github.com/kubemove/kubemove/task"
)

// target restores what the source has backed up, and counts what is there then.
func (s *side) target(ctx context.Context) error {
	x, err := s.connect(ctx)
	if err == nil {
		defer x.close()
		err = s.receive(ctx, x)
	}
	return s.failed(ctx, err)
}

func (s *side) receive(ctx context.Context, x *exchange) error {
	err := s.withRoom(ctx, x, func(ctx context.Context) (err error) {
		if s.made, err = x.await(ctx, eventSnapshot); err == nil {
			err = checkSnapshot(s.made.Snapshot)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := s.write(ctx, x); err != nil {
		return err
	}
	if _, err := x.await(ctx, eventDone); err != nil {
		return err
	}
	if s.peerListens() {
		return s.tell(ctx, event{Kind: eventDone})
	}
	return nil
}

// write makes the volume equal to the snapshot, on the disk, and compares it with the source.
func (s *side) write(ctx context.Context, x *exchange) error {
	if s.has(s.made) {
		return s.verifyTarget(ctx, x)
	}
	s.status.stage(api.StageCopying)
	if err := prepare(s.tree); err != nil {
		return err
	}
	disk, err := s.tree.OpenDisk()
	if err != nil {
		return err
	}
	defer disk.Close()
	if err := s.restore(ctx, x.repo, s.made); err != nil {
		return s.explain(x.repo, err)
	}
	synced := disk.Begin()
	if err := s.verifyTarget(ctx, x); err != nil {
		return err
	}
	return synced()
}

// overwrite says of which files that are there restic may take size and time for a proof.
type overwrite string

const (
	// overwriteChanged: of all.
	overwriteChanged overwrite = "if-changed"
	// overwriteAlways reads every file, and writes what differs. restic gives size and time also to
	// files whose content it could not restore, and they may be on the disk before the content is.
	overwriteAlways overwrite = "always"
)

// restore makes the prepared volume equal to the snapshot.
func (s *side) restore(ctx context.Context, repo repository, made event) error {
	how := overwriteChanged
	if !s.verified {
		how = overwriteAlways
		s.tree.DropCache()
	}
	folder := filepath.Join(s.dirs.SourceVolumes, s.name)
	err := s.restoreOnce(ctx, repo, made, folder, how)
	if r := new(runError); errors.As(err, &r) && r.Blocked {
		if err := s.clearFolders(ctx, repo, made.Snapshot, folder); err != nil {
			return fmt.Errorf("cannot remove the folders that became something else at the source: %w", err)
		}
		// Other files may have failed, too.
		err = s.restoreOnce(ctx, repo, made, folder, overwriteAlways)
	}
	if err != nil {
		return restoreError(err)
	}
	differs, err := s.tree.ApplyRoot(made.Root)
	if len(differs) > 0 {
		s.status.warn("the root of the volume stays as it is at the target (source != target): %s", strings.Join(differs, ", "))
	}
	return errors.Join(err, s.makeHoles(ctx, s.made.Sparse))
}

// restoreOnce restores a folder of the snapshot into the prepared volume.
func (s *side) restoreOnce(ctx context.Context, repo repository, made event, folder string, how overwrite) error {
	if err := checkSnapshot(made.Snapshot); err != nil {
		return err
	}
	if err := dropSparse(s.tree, made.Sparse); err != nil {
		return err
	}
	var summary message
	args := slices.Concat(s.settings.restore(repo.location), restoreFlags(how), leaveOut(s.volume, "/"),
		[]string{made.Snapshot + ":" + folder, "--target", s.volume})
	err := repo.run(ctx, "/", func(m message) {
		switch m.Type {
		case "summary":
			summary = m
		case "status":
			s.status.update(func(v *task.VolumeProgress) {
				v.BytesDone, v.BytesTotal = m.BytesRestored+m.BytesSkipped, m.TotalBytes
				v.FilesDone, v.FilesTotal = m.FilesRestored+m.FilesSkipped, m.TotalFiles
			})
		}
	}, "restore", args...)
	// What is skipped is not part of the total.
	if err == nil && summary.Type != "" && summary.TotalFiles+summary.FilesSkipped == 0 {
		err = s.tree.Clear()
	}
	return err
}

// restoreFlags make the target equal to the snapshot. Attributes of the system's own the
// worker may not set, and after the first that it may not restic sets no others.
func restoreFlags(how overwrite) []string {
	flags := []string{"--delete", "--overwrite", string(how), "--sparse", "--no-lock"}
	for _, p := range filecopy.KeptXattrs() {
		flags = append(flags, "--include-xattr", p)
	}
	return flags
}

// restoreError: a full volume or a missing right stays so until a person fixes it.
func restoreError(err error) error {
	var r *runError
	if !errors.As(err, &r) {
		return err
	}
	switch {
	case r.says("no space left on device"):
		return &permanent{fmt.Errorf("the target's volume is full: make its claim larger: %w", err)}
	case r.says("disk quota exceeded"):
		return &permanent{fmt.Errorf("the target's volume is full, as its quota is used up: make its claim larger: %w", err)}
	case r.says("file name too long"):
		return &permanent{fmt.Errorf("the target's volume takes no path or name as long as one of the source's: shorten it there: %w", err)}
	case r.says("too many links"):
		return &permanent{fmt.Errorf("the file system of the target's volume keeps fewer hard links of a file than the source has: "+
			"use a StorageClass with another one, such as XFS: %w", err)}
	case r.says("file too large"):
		return &permanent{fmt.Errorf("the file system of the target's volume takes no file as large as one of the source's: "+
			"use a StorageClass with another one, such as XFS: %w", err)}
	case r.says("permission denied"), r.says("operation not permitted"):
		return &permanent{fmt.Errorf("the worker may not write everything to the target's volume: let it run as a user who can: %w", err)}
	}
	return fmt.Errorf("not everything was written to the target's volume: %w", err)
}

// openManaged makes the managed repository, or frees it from what a killed run has left. This
// worker alone can reach it now: every lock in it is stale. A repository that the password
// does not open, or that is damaged, is of no use: it is made anew, and everything is
// sent again.
func (s *side) openManaged(ctx context.Context, repo repository) error {
	s.repeatNote()
	opened, err := s.fingerprint()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(repo.location, "config")); err == nil {
		if s.clean(repo, opened) {
			return nil
		}
		why := errDamaged
		if !s.isMarkedDamaged() {
			why = repo.run(ctx, "/", nil, "unlock", "--remove-all")
		}
		switch {
		case why == nil:
			return s.remember(opened)
		case errors.Is(why, errDamaged), isDamaged(why):
			s.note("the repository is damaged and is made anew: everything is sent again")
		case isCode(why, exitWrongPassword), isCode(why, exitNoRepository):
			s.note("the repository could not be opened any more and is made anew: everything is sent again")
		default:
			return why
		}
		slog.Warn("making the repository anew", "error", why.Error())
	}
	if err := discard(repo.location); err != nil {
		return fmt.Errorf("cannot clear the repository: %w", err)
	}
	if err := repo.run(ctx, "/", nil, "init"); err != nil {
		return err
	}
	return s.remember(opened)
}

// clean tells whether nothing is to be done: the repository was opened with this password
// before, and no lock is left. To ask restic costs a second while the application is
// down.
func (s *side) clean(repo repository, opened string) bool {
	was, err := os.ReadFile(s.openedFile())
	if err != nil || string(was) != opened {
		return false
	}
	locks, err := os.ReadDir(filepath.Join(repo.location, "locks"))
	return err == nil && len(locks) == 0
}

// fingerprint tells passwords apart without giving them away: they are 256 bits of chance, which no
// hash leads back to.
func (s *side) fingerprint() (string, error) {
	password, err := os.ReadFile(s.passwordFile())
	if err != nil {
		return "", fmt.Errorf("cannot read the password of the repository: %w", err)
	}
	sum := sha256.Sum256(append([]byte("kubemove repository\x00"), password...))
	return hex.EncodeToString(sum[:8]), nil
}

// state is the worker's own folder in the repository's volume: a worker that ran as another
// user has left one that this one may not even read.
func (s *side) state() string { return filepath.Join(s.dirs.State, "uid-"+strconv.Itoa(os.Getuid())) }

// openedFile holds the fingerprint of the password that the repository was opened with.
func (s *side) openedFile() string { return filepath.Join(s.state(), "opened") }

func (s *side) remember(opened string) error {
	if err := os.WriteFile(s.openedFile(), []byte(opened), 0o600); err != nil {
		return fmt.Errorf("cannot write to the repository's volume: %w", err)
	}
	return nil
}

// server is a running rest-server.
type server struct {
	cmd   *exec.Cmd
	ended chan error
	done  chan struct{}
}

// serve offers the folder on a socket of this container. Who may connect to the Pod is the
// agent's to decide: it asks for the certificate of the peer.
func serve(ctx context.Context, dir, path string) (*server, error) {
	cmd := exec.CommandContext(ctx, "rest-server", "--path", dir, "--listen", "unix:"+path, "--no-auth")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start rest-server: %w", err)
	}
	s := &server{cmd: cmd, ended: make(chan error, 1), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		err := cmd.Wait()
		if err == nil {
			err = errors.New("it ended by itself")
		}
		s.ended <- err
	}()
	err := s.awaitSocket(ctx, path)
	return s, err
}

// awaitSocket waits until the server takes connections.
func (s *server) awaitSocket(ctx context.Context, path string) error {
	for {
		conn, err := net.Dial("unix", path)
		if err == nil {
			return conn.Close()
		}
		select {
		case err := <-s.ended:
			return fmt.Errorf("rest-server has ended: %w", err)
		default:
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			s.stop()
			return err
		}
	}
}

// end of the server; a repository that others serve has none.
func (s *server) end() <-chan error {
	if s == nil {
		return nil
	}
	return s.ended
}

// stop ends the server and waits for it.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(5 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.done
	}
}
