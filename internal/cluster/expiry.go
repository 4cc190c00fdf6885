package cluster

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubemove/kubemove/task"
)

// Kinds of credentials, in words.
const (
	kindCertificate = "client certificate"
	kindToken       = "token"
)

// Expiries says when the credentials in the kubeconfigs of both endpoints end. One that cannot be read says nothing here:
// connecting says it.
func Expiries(t *task.Task) []task.Expiry {
	var out []task.Expiry
	for _, e := range []struct {
		role task.Role
		file string
	}{{task.RoleSource, t.Source.Kubeconfig}, {task.RoleTarget, t.Target.Kubeconfig}} {
		if e.file == "" {
			continue // The account of the Pod, whose token is renewed.
		}
		data, err := os.ReadFile(e.file)
		if err != nil {
			continue
		}
		if kind, at := CredentialsEnd(data); !at.IsZero() {
			out = append(out, task.Expiry{Role: e.role, Kind: kind, At: metav1.NewTime(at)})
		}
	}
	return out
}

// CredentialsEnd says when the user of the kubeconfig's current context is refused; the zero time: never, or that cannot be
// told. An API server takes a certificate or a token, whichever it still accepts, so the later end counts.
func CredentialsEnd(kubeconfig []byte) (kind string, at time.Time) {
	cfg, err := clientcmd.Load(kubeconfig)
	if err != nil || cfg.Contexts[cfg.CurrentContext] == nil {
		return "", time.Time{}
	}
	user := cfg.AuthInfos[cfg.Contexts[cfg.CurrentContext].AuthInfo]
	if user == nil {
		return "", time.Time{}
	}
	certificate, token := certificateEnd(user.ClientCertificateData), tokenEnd(user.Token)
	hasCertificate, hasToken := len(user.ClientCertificateData) > 0, user.Token != ""
	switch {
	case hasCertificate && hasToken && (certificate.IsZero() || token.IsZero()):
		return "", time.Time{}
	case token.After(certificate):
		return kindToken, token
	}
	return kindCertificate, certificate
}

// certificateEnd of the first certificate, which is the client's own.
func certificateEnd(data []byte) time.Time {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			return c.NotAfter.UTC()
		}
		return time.Time{}
	}
	return time.Time{}
}

// latestEnd that a token may have: the last year that is written with four digits.
const latestEnd = 253402300799

// tokenEnd is the claim exp of a JSON Web Token. Its signature is the API server's business.
func tokenEnd(token string) time.Time {
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Exp float64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Exp < 1 || claims.Exp > latestEnd {
		return time.Time{}
	}
	return time.Unix(int64(claims.Exp), 0).UTC()
}
