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
	"strings"
	"time"
)

// The two workers speak over the same port that the repository is served on: a connection
// that begins with this word carries one line of JSON from the source, and the answer of the
// target. Everything else is HTTP, and goes to rest-server.
const greeting = "KUBEMOVE "

// The events that the source tells.
const (
	// eventSnapshot: the backup is whole; Snapshot names it. Never told of a partial one.
	eventSnapshot = "snapshot"
	// eventDone: the source needs the repository no more.
	eventDone = "done"
	// eventFailed: there will be no snapshot.
	eventFailed = "failed"
)

// event is what the source tells the target.
type event struct {
	RunID    string `json:"runID"`
	Kind     string `json:"kind"`
	Snapshot string `json:"snapshot,omitempty"`
	// Root of the volume, which restic leaves as it finds it.
	Root *root `json:"root,omitempty"`
	// Message of a failure.
	Message string `json:"message,omitempty"`
}

// taken is the target's answer.
const taken = "taken\n"

const (
	// tellPatience is how long the source tries to reach the target; tellPause between tries.
	tellPatience = 2 * time.Minute
	tellPause    = 500 * time.Millisecond
	// tellTimeout bounds one try.
	tellTimeout = 20 * time.Second
)

// tell delivers an event to the target: it returns once the target has taken it.
func tell(ctx context.Context, address string, e event) error {
	deadline := time.Now().Add(tellPatience)
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
	ctx, cancel := context.WithTimeout(ctx, tellTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("cannot reach the target: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "%s%s\n", greeting, line); err != nil {
		return fmt.Errorf("cannot tell the target %s: %w", e.Kind, err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the target has not taken %s: %w", e.Kind, err)
	}
	if answer != taken {
		return fmt.Errorf("the target refused %s: %s", e.Kind, strings.TrimSpace(answer))
	}
	return nil
}

// front listens where the source connects and tells its events from the requests to the
// repository, which it hands on to rest-server.
type front struct {
	listener net.Listener
	backend  string
	runID    string
	events   chan event
}

// listen opens the front. Requests go to the Unix socket backend.
func listen(address, backend, runID string) (*front, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for the source: %w", err)
	}
	f := &front{listener: l, backend: backend, runID: runID, events: make(chan event, 16)}
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
	defer conn.Close()
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
func (f *front) take(r io.Reader, w io.Writer) {
	const limit = 64 << 10
	var e event
	line, err := bufio.NewReader(io.LimitReader(r, limit)).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line[len(greeting):], &e)
	}
	if err == nil && e.RunID != f.runID {
		err = fmt.Errorf("this is run %s", f.runID)
	}
	if err != nil {
		_, _ = fmt.Fprintf(w, "refused: %v\n", err)
		return
	}
	select {
	case f.events <- e:
		_, _ = io.WriteString(w, taken)
	default:
		_, _ = io.WriteString(w, "refused: too many events\n")
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
	conn.Close()
	backend.Close()
	<-done
}

// await waits for an event of one of the kinds, and fails with the source or with the server.
func (f *front) await(ctx context.Context, server *server, kind string) (event, error) {
	for {
		select {
		case <-ctx.Done():
			return event{}, ctx.Err()
		case err := <-server.ended:
			return event{}, fmt.Errorf("rest-server has ended: %w", err)
		case e := <-f.events:
			switch e.Kind {
			case kind:
				return e, nil
			case eventFailed:
				return event{}, errors.New("the source has failed: " + e.Message)
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
	return filepath.Join(dir, "s"), func() { os.RemoveAll(dir) }, nil
}
