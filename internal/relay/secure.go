package relay

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/kubemove/kubemove/task"
)

// Secure is a peer stream under TLS.
type Secure struct {
	conn *tls.Conn
	raw  *corked
}

// SecureClient starts TLS on a peer stream as the agent of the source, whichever side has opened it.
func SecureClient(ctx context.Context, stream net.Conn, config *tls.Config) (*Secure, error) {
	raw := &corked{Conn: stream}
	return handshake(ctx, tls.Client(raw, config), raw)
}

// SecureServer starts TLS on a peer stream as the agent of the target, whichever side has opened it.
func SecureServer(ctx context.Context, stream net.Conn, config *tls.Config) (*Secure, error) {
	raw := &corked{Conn: stream}
	return handshake(ctx, tls.Server(raw, config), raw)
}

func handshake(ctx context.Context, conn *tls.Conn, raw *corked) (*Secure, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Conn.Close()
		return nil, fmt.Errorf("cannot secure a peer stream: %w", err)
	}
	raw.cork()
	return &Secure{conn: conn, raw: raw}, nil
}

// Read returns data of the peer.
func (s *Secure) Read(p []byte) (int, error) { return s.conn.Read(p) }

// send writes one frame, all of its TLS records in one piece.
func (s *Secure) send(frame []byte) error {
	if _, err := s.conn.Write(frame); err != nil {
		return err
	}
	return s.raw.flush()
}

// Close ends the stream in both directions.
func (s *Secure) Close() error { return s.raw.Conn.Close() }

// abort ends the stream and every call that still waits for it.
func (s *Secure) abort() {
	_ = s.raw.Conn.Close()
	_ = s.raw.Conn.SetDeadline(time.Unix(1, 0))
}

// corked gathers the small writes of TLS (records of 16 KiB) until flush, because each write
// is a message of its own to every proxy in between.
type corked struct {
	net.Conn
	mu  sync.Mutex
	out *bufio.Writer
}

func (c *corked) cork() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = bufio.NewWriterSize(c.Conn, chunk+chunk/8)
}

// Write implements net.Conn.
func (c *corked) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out == nil {
		return c.Conn.Write(p)
	}
	return c.out.Write(p)
}

func (c *corked) flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Flush()
}

// PeerKey names the run of one volume in certificates.
func PeerKey(runID, volume string) string {
	sum := sha256.Sum256([]byte(runID + "\x00" + volume))
	return hex.EncodeToString(sum[:16])
}

// PeerName is the name in the certificate of an agent: it binds the certificate to the side
// and to the run of one volume.
func PeerName(role task.Role, key string) string {
	return string(role) + "." + key + ".kubemove.internal"
}

// TLSConfig of an agent: it shows its own certificate and accepts one peer, the agent of the
// other side for the same key.
func TLSConfig(role task.Role, key string, certPEM, keyPEM, caPEM []byte) (*tls.Config, error) {
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, errors.New("the agent's tls.crt and tls.key are no certificate with its key in PEM")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(caPEM) {
		return nil, errors.New("cannot use ca.crt: no certificate in it")
	}
	c := &tls.Config{
		MinVersion:                  tls.VersionTLS13,
		Certificates:                []tls.Certificate{cert},
		DynamicRecordSizingDisabled: true,
		SessionTicketsDisabled:      true,
	}
	if role == task.RoleSource {
		c.RootCAs, c.ServerName = pool, PeerName(task.RoleTarget, key)
		return c, nil
	}
	c.ClientCAs, c.ClientAuth = pool, tls.RequireAndVerifyClientCert
	c.NextProtos = []string{protoProbe, protoBack}
	c.VerifyConnection = func(state tls.ConnectionState) error {
		return state.PeerCertificates[0].VerifyHostname(PeerName(task.RoleSource, key))
	}
	return c, nil
}
