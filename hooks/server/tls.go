package server

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificate that is read again when its file has changed: its issuer renews it.
type certificate struct {
	cert, key string

	mu     sync.Mutex
	loaded *tls.Certificate
	at     time.Time
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	info, err := os.Stat(c.cert)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil && (err != nil || info.ModTime().Equal(c.at)) {
		return c.loaded, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil && c.loaded != nil {
		// Half of a new pair is there: the old one serves until the other half is.
		return c.loaded, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate: %w", err)
	}
	c.loaded, c.at = &pair, info.ModTime()
	return c.loaded, nil
}

// tlsConfig of the hooks; nil without a certificate.
func (o options) tlsConfig() (*tls.Config, error) {
	if o.tlsCert == "" {
		return nil, nil
	}
	c := &certificate{cert: o.tlsCert, key: o.tlsKey}
	if _, err := c.get(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, nil
}
