package agent

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// StartPort is where the agent answers the startup probe of its container, on every address of the Pod, from the start of the
// mobilizer on. A process that is started for each probe would cost more than all that waits.
const StartPort = 7073

// startGate is closed until the coordinator says go. It is a file, so that it outlives a restart of the agent, and from then on
// a port that can be connected to.
type startGate struct {
	file string
	// listen where the startup probe connects to; nil: there is none.
	listen func() (net.Listener, error)

	mu       sync.Mutex
	answered net.Listener
}

// listenStart listens for the startup probe.
func listenStart() (net.Listener, error) {
	l, err := net.Listen("tcp", ":"+strconv.Itoa(StartPort))
	if err != nil {
		return nil, fmt.Errorf("cannot listen on port %d of the Pod: %w", StartPort, err)
	}
	return l, nil
}

func (g *startGate) isOpen() bool { return Started(g.file) }

func (g *startGate) open() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(g.file), 0o755); err != nil {
		return fmt.Errorf("cannot make the folder of the start mark: %w", err)
	}
	f, err := os.OpenFile(g.file, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("cannot write the start mark: %w", err)
	}
	return errors.Join(f.Close(), g.answer())
}

// resume answers the startup probe if an agent before this one was told to start.
func (g *startGate) resume() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.isOpen() {
		return nil
	}
	return g.answer()
}

// answer each connection, until the gate is closed.
func (g *startGate) answer() error {
	if g.listen == nil || g.answered != nil {
		return nil
	}
	l, err := g.listen()
	if err != nil {
		return err
	}
	g.answered = l
	go func() {
		for {
			conn, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				_ = conn.Close()
			}
		}
	}()
	return nil
}

// close ends the answers.
func (g *startGate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.answered != nil {
		_ = g.answered.Close()
	}
}

// Started tells whether the coordinator has said go.
func Started(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
