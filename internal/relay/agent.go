package relay

import (
	"fmt"
	"io"
	"net"

	"github.com/hashicorp/yamux"
)

// Handler gets the streams that the coordinator opens, each in a goroutine of its own.
type Handler struct {
	// Control gets the control stream.
	Control func(*Control)
	// Peer gets the peer streams that the other side opens.
	Peer func(net.Conn)
}

// Session is the agent's end of its session with the coordinator.
type Session struct {
	mux *yamux.Session
}

// NewSession speaks with the coordinator that has connected.
func NewSession(conn io.ReadWriteCloser) (*Session, error) {
	mux, err := yamux.Server(conn, config())
	if err != nil {
		return nil, fmt.Errorf("cannot begin a session: %w", err)
	}
	return &Session{mux: mux}, nil
}

// Serve hands out streams until the session ends.
func (s *Session) Serve(h Handler) error {
	for {
		stream, err := s.mux.AcceptStream()
		if err != nil {
			return fmt.Errorf("the session with the coordinator has ended: %w", err)
		}
		go dispatch(stream, h)
	}
}

func dispatch(stream net.Conn, h Handler) {
	kind, err := accept(stream)
	switch {
	case err != nil:
	case kind == kindControl && h.Control != nil:
		h.Control(NewControl(stream))
		return
	case kind == kindPeer && h.Peer != nil:
		h.Peer(stream)
		return
	}
	stream.Close()
}

// OpenPeer opens a peer stream towards the other side.
func (s *Session) OpenPeer() (net.Conn, error) { return open(s.mux, kindPeer) }

// Close ends the session and all its streams.
func (s *Session) Close() error { return s.mux.Close() }

// Done is closed when the session has ended.
func (s *Session) Done() <-chan struct{} { return s.mux.CloseChan() }
