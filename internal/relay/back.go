package relay

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Streams go both ways, but connections need not: it is the source that looks for an address of the target.
// So a stream that the target opens reaches the source through the coordinator. There the two agents agree
// on its route: the source calls back over a direct connection, where it has one, and names the token that
// the target has asked with; else the stream itself carries the data. In both cases the source is the client
// in TLS.

const (
	// protoBack is what a connection asks for (ALPN) that answers a stream of the target.
	protoBack = "kubemove-back"
	// tokenLength of a token in bytes, as text.
	tokenLength = 32
	// callTimeout is how long the source may take to call back, or to say that it does not.
	callTimeout = dialTimeout + 2*handshakeTimeout
)

// call is the first line of a stream that the target opens, callAnswer the source's answer.
type call struct {
	Token string `json:"token"`
}

type callAnswer struct {
	// Direct: the data travels over the connection with the token.
	Direct bool `json:"direct,omitempty"`
	// Problem: it cannot travel at all.
	Problem string `json:"problem,omitempty"`
}

// NewToken is one that cannot be guessed.
func NewToken() string {
	var b [tokenLength / 2]byte
	_, _ = rand.Read(b[:]) // It never fails.
	return hex.EncodeToString(b[:])
}

// Call asks the source, on a stream to it, for a route. With direct the source has called back with the
// token, and the stream has ended; else the stream is to be secured.
func Call(stream net.Conn, token string) (direct bool, err error) {
	if err := stream.SetDeadline(time.Now().Add(callTimeout)); err != nil {
		return false, err
	}
	if err := writeLine(stream, call{Token: token}); err != nil {
		return false, fmt.Errorf("cannot call the source: %w", err)
	}
	var answer callAnswer
	if err := readLine(stream, maxLine, &answer); err != nil {
		return false, fmt.Errorf("the source has not answered: %w", err)
	}
	if answer.Problem != "" {
		return false, errors.New("the source: " + answer.Problem)
	}
	return answer.Direct, stream.SetDeadline(time.Time{})
}

// Called reads what the target asks with.
func Called(stream net.Conn) (token string, err error) {
	if err := stream.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return "", err
	}
	var c call
	if err := readLine(stream, 256, &c); err != nil {
		return "", fmt.Errorf("cannot read what the target asks for: %w", err)
	}
	if len(c.Token) != tokenLength {
		return "", fmt.Errorf("the target has asked with a token of %d bytes, expected %d: use agents of one version", len(c.Token), tokenLength)
	}
	return c.Token, stream.SetDeadline(time.Time{})
}

// Answer tells the target which route the data takes; with a problem it takes none.
func Answer(stream net.Conn, direct bool, problem error) error {
	answer := callAnswer{Direct: direct}
	if problem != nil {
		answer.Problem = problem.Error()
	}
	if err := stream.SetWriteDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return err
	}
	if err := writeLine(stream, answer); err != nil {
		return fmt.Errorf("cannot answer the target: %w", err)
	}
	return stream.SetWriteDeadline(time.Time{})
}

// CallBack connects to the agent of the target for a stream that it has asked for.
func CallBack(ctx context.Context, address, token string, config *tls.Config) (*Secure, error) {
	asking := config.Clone()
	asking.NextProtos = []string{protoBack}
	secure, err := DialDirect(ctx, address, asking)
	if err != nil {
		return nil, err
	}
	if protocol := secure.conn.ConnectionState().NegotiatedProtocol; protocol != protoBack {
		_ = secure.Close()
		return nil, fmt.Errorf("%s speaks %q, expected %q", address, protocol, protoBack)
	}
	if err := secure.send([]byte(token)); err != nil {
		_ = secure.Close()
		return nil, fmt.Errorf("cannot call back %s: %w", address, err)
	}
	return secure, nil
}

// Token that the source calls back with; empty: the connection is one that the source opens by itself.
func (s *Secure) Token() (string, error) {
	if s.conn.ConnectionState().NegotiatedProtocol != protoBack {
		return "", nil
	}
	if err := s.raw.Conn.SetReadDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return "", err
	}
	token := make([]byte, tokenLength)
	if _, err := io.ReadFull(s, token); err != nil {
		return "", fmt.Errorf("cannot read with which token the source calls back: %w", err)
	}
	return string(token), s.raw.Conn.SetReadDeadline(time.Time{})
}
