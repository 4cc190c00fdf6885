package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// startGate is closed until the coordinator says go. It is a file, so that the startup probe, a process
// of its own, sees it, and so that it outlives a restart of the agent.
type startGate struct {
	file string
	mu   sync.Mutex
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
	return f.Close()
}

// Started tells whether the coordinator has said go: what the startup probe asks.
func Started(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
