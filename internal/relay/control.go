package relay

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/kubemove/kubemove/task"
)

// Message types on a control stream.
const (
	// TypeHello (agent): the first message; RunID, Role, Started.
	TypeHello = "hello"
	// TypeGo (coordinator): the mobilizer may start, with Task if it serves several passes: another Task
	// begins the next of them. The agent answers TypeStarted.
	TypeGo = "go"
	// TypeStarted (agent): Go was received and will outlive a restart of the agent.
	TypeStarted = "started"
	// TypeStatus (agent): the newest status of the mobilizer. Final: it has ended and
	// this is its final status; the coordinator answers TypeReceived.
	TypeStatus = "status"
	// TypeReceived (coordinator): the final status has arrived.
	TypeReceived = "received"
	// TypeDirect (coordinator, to the source): look for a direct route to one of Addresses, where the
	// agent of the target listens; Only: and use no other.
	TypeDirect = "direct"
	// TypeLimit (coordinator, to the source): carry at most BytesPerSecond from now on; 0: as many as there are.
	TypeLimit = "limit"
	// TypeRoute (agent of the source): the answer; Address was reached, or none and Problem
	// says why.
	TypeRoute = "route"
)

// Message is one line on a control stream. Readers skip types that they do not know.
type Message struct {
	Type    string       `json:"type"`
	RunID   string       `json:"runID,omitempty"`
	Role    task.Role    `json:"role,omitempty"`
	Started bool         `json:"started,omitempty"`
	Final   bool         `json:"final,omitempty"`
	Status  *task.Status `json:"status,omitempty"`
	Task    *task.Task   `json:"task,omitempty"`

	Addresses []string `json:"addresses,omitempty"`
	Only      bool     `json:"only,omitempty"`
	Address   string   `json:"address,omitempty"`
	Problem   string   `json:"problem,omitempty"`

	BytesPerSecond int64 `json:"bytesPerSecond,omitempty"`
}

// Control is one end of a control stream.
type Control struct {
	stream io.ReadWriteCloser
	lines  *bufio.Scanner
	mu     sync.Mutex
}

// NewControl wraps a control stream whose header has been read.
func NewControl(stream io.ReadWriteCloser) *Control {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 0, 4<<10), maxLine)
	return &Control{stream: stream, lines: lines}
}

// Send writes a message; it may be called concurrently.
func (c *Control) Send(m Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := writeLine(c.stream, m); err != nil {
		return fmt.Errorf("cannot send %s: %w", m.Type, err)
	}
	return nil
}

// Receive waits for the next message.
func (c *Control) Receive() (Message, error) {
	var m Message
	if !c.lines.Scan() {
		if err := c.lines.Err(); err != nil {
			return m, err
		}
		return m, io.EOF
	}
	if err := json.Unmarshal(c.lines.Bytes(), &m); err != nil {
		return m, fmt.Errorf("cannot decode a control message: %w", err)
	}
	return m, nil
}

// Close ends the stream.
func (c *Control) Close() error { return c.stream.Close() }
