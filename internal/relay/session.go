package relay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/kubemove/kubemove/task"
)

const (
	// AgentPort is where the agent of a worker Pod listens for the coordinator, on loopback.
	AgentPort = 7069
	// chunk is the size of all copies: large enough that the cost of a message in between
	// (several proxies) does not matter.
	chunk = 256 << 10
	// window of a stream: what may be in flight. It bounds the memory of a stream, too.
	window = 4 << 20
	// maxLine bounds a control message: a status and its envelope.
	maxLine = task.MaxSize + 4<<10
	// handshakeTimeout bounds the first exchange on a stream.
	handshakeTimeout = 30 * time.Second
)

// Kinds of streams.
const (
	kindControl = "control"
	kindPeer    = "peer"
)

// header is the first line of a stream.
type header struct {
	Kind string `json:"kind"`
}

// config of a session. Pings and writes get a minute, since on a slow link they queue behind
// the windows of all streams; a half-closed stream may stay so for as long as it likes.
func config() *yamux.Config {
	c := yamux.DefaultConfig()
	c.MaxStreamWindowSize = window
	c.EnableKeepAlive = true
	c.KeepAliveInterval = 20 * time.Second
	c.ConnectionWriteTimeout = time.Minute
	c.StreamOpenTimeout = time.Minute
	c.StreamCloseTimeout = 0
	c.LogOutput = io.Discard
	return c
}

// open opens a stream of a kind.
func open(session *yamux.Session, kind string) (*yamux.Stream, error) {
	stream, err := session.OpenStream()
	if err != nil {
		return nil, fmt.Errorf("cannot open a %s stream: %w", kind, err)
	}
	if err := writeLine(stream, header{Kind: kind}); err != nil {
		stream.Close()
		return nil, fmt.Errorf("cannot open a %s stream: %w", kind, err)
	}
	return stream, nil
}

// accept returns the kind of a stream that the other side has opened.
func accept(stream net.Conn) (string, error) {
	if err := stream.SetReadDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return "", fmt.Errorf("cannot set a deadline: %w", err)
	}
	var h header
	if err := readLine(stream, 256, &h); err != nil {
		return "", fmt.Errorf("cannot read the header of a stream: %w", err)
	}
	return h.Kind, stream.SetReadDeadline(time.Time{})
}

// writeLine writes v as one line of JSON.
func writeLine(w io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(data) >= maxLine {
		return fmt.Errorf("a message of %d bytes is too long, at most %d are allowed", len(data), maxLine)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// readLine reads one line of JSON into v, byte by byte: what follows belongs to another
// else.
func readLine(r io.Reader, limit int, v any) error {
	line := make([]byte, 0, 128)
	var one [1]byte
	for {
		if _, err := io.ReadFull(r, one[:]); err != nil {
			return err
		}
		if one[0] == '\n' {
			return json.Unmarshal(line, v)
		}
		if len(line) == limit {
			return errors.New("a line is too long")
		}
		line = append(line, one[0])
	}
}
