package restic

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/kubemove/kubemove/ddm/filecopy"
	"github.com/kubemove/kubemove/task"
)

// The two workers speak over the same port that the repository is served on: a connection
// that begins with this word carries one line of JSON, for a manifest that as well, and the
// answer of the side that listens. Everything else is HTTP, and goes to rest-server.
const greeting = "KUBEMOVE "

// The events that the source tells the target, and, where that reads from the source's repository, the last
// two the other way round.
const (
	// eventSnapshot: the backup is whole; Snapshot names it. Never told of a partial one.
	eventSnapshot = "snapshot"
	// eventManifest: what the volume holds at the source. Only told in exact runs.
	eventManifest = "manifest"
	// eventDone: the side needs nothing more of the other.
	eventDone = "done"
	// eventFailed: the side has failed.
	eventFailed = "failed"
)

// event is what a side tells the other.
type event struct {
	RunID    string `json:"runID"`
	Kind     string `json:"kind"`
	Snapshot string `json:"snapshot,omitempty"`
	// Root of the volume, as an encoded filecopy.Entry: restic leaves it as it finds it.
	Root []byte `json:"root,omitempty"`
	// Sparse files of the volume.
	Sparse []filecopy.Sparse `json:"sparse,omitempty"`
	// Size in bytes of the manifest, which follows the line.
	Size int64 `json:"size,omitempty"`
	// Damaged: the failure is that of the repository.
	Damaged bool `json:"damaged,omitempty"`
	// Message of a failure, its reason, and whether to try again.
	Message string     `json:"message,omitempty"`
	Reason  string     `json:"reason,omitempty"`
	Retry   task.Retry `json:"retry,omitempty"`

	// body is the manifest at the source, file its path at the target.
	body io.ReadSeeker
	file string
}

// taken is the answer.
const taken = "taken\n"

const (
	// tellPatience is how long a side tries to reach the other; tellPause between tries.
	tellPatience = 2 * time.Minute
	tellPause    = 500 * time.Millisecond
	// tellTimeout bounds one try, and of a manifest each piece.
	tellTimeout = 20 * time.Second
	// tellPiece of a manifest in bytes; the patience is a second longer for each.
	tellPiece = 256 << 10
	// maxLine of an event in bytes. There may be many sparse files.
	maxLine = 64 << 20
	// maxAnswer in bytes.
	maxAnswer = 16 << 10
)

// tell delivers an event to the other side: it returns once that has taken it.
func tell(ctx context.Context, address string, e event) error {
	deadline := time.Now().Add(tellPatience + time.Duration(e.Size/tellPiece)*time.Second)
	for {
		err := tellOnce(ctx, address, e)
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		if err := sleep(ctx, tellPause); err != nil {
			return err
		}
	}
}

func tellOnce(ctx context.Context, address string, e event) error {
	dialer := net.Dialer{Timeout: tellTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("cannot reach the other side: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	extend(conn)
	_, err = fmt.Fprintf(conn, "%s%s\n", greeting, line)
	if err == nil && e.body != nil {
		if _, err = e.body.Seek(0, io.SeekStart); err == nil {
			err = carry(conn, conn, e.body, e.Size)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot tell the other side %s: %w", e.Kind, err)
	}
	extend(conn)
	answer, err := bufio.NewReader(io.LimitReader(conn, maxAnswer)).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the other side has not taken %s: %w", e.Kind, err)
	}
	if answer != taken {
		return fmt.Errorf("the other side refused %s: %s", e.Kind, clipped(answer, filecopy.MaxMessage))
	}
	return nil
}

// extend gives a connection time for the next step.
func extend(conn net.Conn) { _ = conn.SetDeadline(time.Now().Add(tellTimeout)) }

// carry copies exactly size bytes over a connection, with time for each piece.
func carry(conn net.Conn, w io.Writer, r io.Reader, size int64) error {
	for size > 0 {
		extend(conn)
		n, err := io.CopyN(w, r, min(size, tellPiece))
		if err != nil {
			return err
		}
		size -= n
	}
	return nil
}

// front listens where the other side connects and tells its events from the requests to the
// repository, which it hands on to rest-server.
type front struct {
	listener net.Listener
	backend  string
	// dir is where manifests are kept.
	dir    string
	runID  string
	peer   task.Role
	events chan event
	// damaged is called when the other side finds the repository damaged.
	damaged func() error
}

// listen opens the front. Requests go to the Unix socket backend, manifests into its folder.
func listen(address, backend, runID string, peer task.Role, damaged func() error) (*front, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the %s: %w", peer, err)
	}
	f := &front{
		listener: l, backend: backend, dir: filepath.Dir(backend), runID: runID, peer: peer,
		events: make(chan event, 16), damaged: damaged,
	}
	go f.serve()
	return f, nil
}

func (f *front) close() { f.listener.Close() }

func (f *front) serve() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		go f.connection(conn.(*net.TCPConn))
	}
}

func (f *front) connection(conn *net.TCPConn) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	// An HTTP request is longer than the greeting, so Peek never waits in vain.
	if word, err := r.Peek(len(greeting)); err != nil {
		return
	} else if string(word) == greeting {
		f.take(r, conn)
		return
	}
	backend, err := net.Dial("unix", f.backend)
	if err != nil {
		slog.Error("cannot reach rest-server", "error", err.Error())
		return
	}
	pipe(conn, r, backend.(*net.UnixConn))
}

// take reads an event and answers it.
func (f *front) take(r *bufio.Reader, conn net.Conn) {
	e, err := f.read(r, conn)
	extend(conn)
	if err != nil {
		_, _ = fmt.Fprintf(conn, "refused: %v\n", err)
		return
	}
	select {
	case f.events <- e:
		_, _ = io.WriteString(conn, taken)
	default:
		_, _ = io.WriteString(conn, "refused: too many events\n")
	}
}

// read reads an event, and keeps its manifest.
func (f *front) read(r *bufio.Reader, conn net.Conn) (e event, err error) {
	extend(conn)
	line, err := readLine(r, maxLine)
	if err == nil {
		err = json.Unmarshal(line[len(greeting):], &e)
	}
	if err == nil && e.RunID != f.runID {
		err = fmt.Errorf("this is run %s", f.runID)
	}
	if err == nil {
		err = e.check()
	}
	if err == nil && e.Kind == eventFailed && e.Damaged {
		// Before the other side hears that it was taken: then this worker may be ended, too.
		err = f.damaged()
	}
	if err != nil || e.Kind != eventManifest {
		return e, err
	}
	// Told again, it gets a file of its own: the first may be read already.
	file, err := os.CreateTemp(f.dir, "manifest")
	if err != nil {
		return e, fmt.Errorf("cannot keep the manifest: %w", err)
	}
	e.file = file.Name()
	err = carry(conn, file, r, e.Size)
	if err = errors.Join(err, file.Close()); err != nil {
		return e, errors.Join(fmt.Errorf("cannot keep the manifest: %w", err), os.Remove(e.file))
	}
	return e, nil
}

// readLine reads a line of at most limit bytes.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > limit {
			return nil, fmt.Errorf("the event is longer than %d bytes", limit)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// pipe joins a connection, of which r holds the first bytes, with the backend.
func pipe(conn *net.TCPConn, r io.Reader, backend *net.UnixConn) {
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(backend, r)
		_ = backend.CloseWrite()
		close(done)
	}()
	_, _ = io.Copy(conn, backend)
	// The answer has ended, whatever the request still holds.
	_ = conn.Close()
	_ = backend.Close()
	<-done
}

// await waits for an event of a kind, and fails with the other side or with the server.
func (f *front) await(ctx context.Context, server *server, kind string) (event, error) {
	for {
		select {
		case <-ctx.Done():
			return event{}, ctx.Err()
		case err := <-server.end():
			return event{}, fmt.Errorf("rest-server has ended: %w", err)
		case e := <-f.events:
			switch e.Kind {
			case kind:
				return e, nil
			case eventFailed:
				return event{}, &peerFailure{fmt.Errorf("the %s has failed: %s", f.peer, e.Message), e.Reason, e.Retry}
			}
			// A repetition of one that was taken, whose answer got lost.
		}
	}
}

// socket is where rest-server listens: a short path, since the kernel allows no long one.
func socket() (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "rest")
	if err != nil {
		return "", nil, fmt.Errorf("cannot make a folder for the socket: %w", err)
	}
	return filepath.Join(dir, "s"), func() { _ = os.RemoveAll(dir) }, nil
}
