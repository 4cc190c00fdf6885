package worker

import (
	"context"
	"sync"

	"github.com/kubemove/kubemove/internal/relay"
)

// sessions holds the one session with the driver that counts.
type sessions struct {
	mu      sync.Mutex
	current *relay.Session
	changed chan struct{}
}

// replace makes a session the current one and ends the one before.
func (s *sessions) replace(session *relay.Session) {
	s.mu.Lock()
	old := s.current
	s.current = session
	close(s.changed)
	s.changed = make(chan struct{})
	s.mu.Unlock()
	if old != nil && old != session {
		old.Close()
	}
}

// alive tells whether a driver is connected.
func (s *sessions) alive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return isAlive(s.current)
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
func (s *sessions) wait(ctx context.Context) (*relay.Session, error) {
	for {
		s.mu.Lock()
		session, changed := s.current, s.changed
		s.mu.Unlock()
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
