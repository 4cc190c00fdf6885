package agent

import (
	"context"
	"sync"

	"github.com/kubemove/kubemove/internal/relay"
)

// connection holds the one session with the coordinator that counts.
type connection struct {
	mu      sync.Mutex
	current *relay.Session
	changed chan struct{}
}

// replace makes a session the current one and ends the one before.
func (c *connection) replace(session *relay.Session) {
	c.mu.Lock()
	old := c.current
	c.current = session
	close(c.changed)
	c.changed = make(chan struct{})
	c.mu.Unlock()
	if old != nil && old != session {
		old.Close()
	}
}

// alive tells whether a coordinator is connected.
func (c *connection) alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return isAlive(c.current)
}

func isAlive(session *relay.Session) bool {
	if session == nil {
		return false
	}
	select {
	case <-session.Done():
		return false
	default:
		return true
	}
}

// wait returns the current session, waiting for one that is alive.
func (c *connection) wait(ctx context.Context) (*relay.Session, error) {
	for {
		c.mu.Lock()
		session, changed := c.current, c.changed
		c.mu.Unlock()
		if isAlive(session) {
			return session, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
