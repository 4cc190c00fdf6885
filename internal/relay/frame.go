package relay

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
)

// A frame is a length of four bytes and that many bytes of data. These lengths are control
// frames, without data.
const (
	// endFrame: the sender has no more data (half-close).
	endFrame = 0
	// stopFrame: the sender of the frame can't deliver data any more, its mobilizer has closed.
	stopFrame = 0xFFFFFFFE
	// resetFrame: the sender's mobilizer has reset the connection.
	resetFrame = 0xFFFFFFFF

	frameHeader = 4
)

// ErrReset says that the connection of the mobilizer on the other side was reset, or that the route to
// it was cut.
var ErrReset = errors.New("the peer's connection was reset")

// Counts of a connection that was carried, in bytes.
type Counts struct{ Sent, Received int64 }

// carrier joins a mobilizer's connection with a secured peer stream.
type carrier struct {
	local net.Conn
	peer  *Secure
	// sent: everything of the mobilizer was sent, with its end. received: everything of the
	// peer was received, with its end. stopped: the peer takes no more.
	sent, received, stopped atomic.Bool
	counts                  Counts
}

// Carry copies between the connection of a mobilizer and a peer stream in both directions, and
// closes both when it returns. A nil error means that both directions ended in order.
func Carry(local net.Conn, peer *Secure) (Counts, error) {
	c := &carrier{local: local, peer: peer}
	sending := make(chan error, 1)
	go func() {
		err := c.send()
		if err != nil {
			// The receiver waits for a peer that may never speak again.
			c.abort()
		}
		sending <- err
	}()
	receiveErr := c.receive()
	if receiveErr != nil {
		c.abort()
	}
	sendErr := <-sending
	peer.Close()
	local.Close()
	if receiveErr != nil {
		return c.counts, receiveErr
	}
	return c.counts, sendErr
}

// send moves the mobilizer's data to the peer.
func (c *carrier) send() error {
	buf := make([]byte, frameHeader+chunk)
	for {
		n, err := c.local.Read(buf[frameHeader:])
		if n > 0 && !c.stopped.Load() {
			binary.BigEndian.PutUint32(buf, uint32(n))
			if err := c.peer.send(buf[:frameHeader+n]); err != nil {
				return fmt.Errorf("cannot send to the peer: %w", err)
			}
			c.counts.Sent += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF):
			c.sent.Store(true)
			err := c.control(endFrame)
			if c.received.Load() {
				// Nothing is left for receive: the peer, which closes too, lets it return.
				c.peer.Close()
			}
			return err
		case err != nil && c.stopped.Load() && c.received.Load():
			// We have closed it ourselves: the peer takes no more.
			return nil
		case err != nil:
			_ = c.control(resetFrame)
			return fmt.Errorf("cannot read from the mobilizer: %w", err)
		}
	}
}

// receive moves the peer's data to the mobilizer. When the mobilizer does not take it any more the
// rest is dropped, and the peer is told so: whether that is an error is up to the mobilizer's
// own end of the connection, which send sees.
func (c *carrier) receive() error {
	buf := make([]byte, chunk)
	drop := false
	for {
		var head [frameHeader]byte
		if _, err := io.ReadFull(c.peer, head[:]); err != nil {
			if c.received.Load() && c.sent.Load() {
				return nil
			}
			return fmt.Errorf("%w: %w", ErrReset, err)
		}
		switch n := binary.BigEndian.Uint32(head[:]); n {
		case resetFrame:
			return ErrReset
		case stopFrame:
			c.stopped.Store(true)
			c.hangUp()
		case endFrame:
			c.received.Store(true)
			closeWrite(c.local)
			c.hangUp()
			if c.sent.Load() {
				return nil
			}
			// The peer may still say that it takes no more.
		default:
			if n > chunk {
				return fmt.Errorf("%w: a frame of %d bytes, at most %d are allowed", ErrReset, n, chunk)
			}
			if _, err := io.ReadFull(c.peer, buf[:n]); err != nil {
				return fmt.Errorf("%w: %w", ErrReset, err)
			}
			if drop {
				continue
			}
			c.counts.Received += int64(n)
			if _, err := c.local.Write(buf[:n]); err != nil {
				drop = true
				_ = c.control(stopFrame)
			}
		}
	}
}

// hangUp resets the mobilizer's connection once everything for it was delivered and nothing of
// it is taken any more: it learns that its peer is gone.
func (c *carrier) hangUp() {
	if c.received.Load() && c.stopped.Load() && !c.sent.Load() {
		Reset(c.local)
	}
}

// abort ends both connections at once.
func (c *carrier) abort() {
	Reset(c.local)
	c.peer.abort()
}

// control sends a frame without data.
func (c *carrier) control(frame uint32) error {
	return c.peer.send(binary.BigEndian.AppendUint32(nil, frame))
}

// closeWrite half-closes a connection, as far as it can.
func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// Reset closes a connection so that the other end can tell from an orderly end.
func Reset(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
