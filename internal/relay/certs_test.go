package relay

import (
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/kubemove/kubemove/task"
)

func parse(t *testing.T, certPEM []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(certPEM)
	if block == nil {
		t.Fatal("no PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// A channel lives as long as its pair, which may wait for its switch for years.
func TestAuthoritySignsAgentsForYears(t *testing.T) {
	now := time.Now()
	ca, caKey, err := NewCA(now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parse(t, ca))
	for name, at := range map[string]time.Time{"at once": now, "before ten years are over": now.AddDate(9, 11, 0)} {
		t.Run(name, func(t *testing.T) {
			cert, _, err := IssueAgent(at, ca, caKey, task.RoleTarget, "run-volume")
			if err != nil {
				t.Fatal(err)
			}
			opts := x509.VerifyOptions{Roots: roots, DNSName: PeerName(task.RoleTarget, "run-volume"), CurrentTime: at}
			if _, err := parse(t, cert).Verify(opts); err != nil {
				t.Error(err)
			}
		})
	}
}
