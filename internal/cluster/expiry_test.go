package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/task"
)

// jwt with a payload; no other part of it is looked at.
func jwt(payload string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
}

// certificateUntil is a client certificate in PEM, as a kubeconfig holds it.
func certificateUntil(t *testing.T, end time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestCredentialsEnd(t *testing.T) {
	end, later := time.Unix(1_800_000_000, 0).UTC(), time.Unix(1_900_000_000, 0).UTC()
	cert := "client-certificate-data: " + certificateUntil(t, end)
	for name, tc := range map[string]struct {
		reason, user string
		kind         string
		at           time.Time
	}{
		"Token":       {"its claim says it", "token: " + jwt(`{"sub":"a","exp":1800000000}`), kindToken, end},
		"Fraction":    {"JSON has one kind of numbers", "token: " + jwt(`{"exp":1.8e9}`), kindToken, end},
		"Endless":     {"a token that lives as long as its Secret has no claim", "token: " + jwt(`{"sub":"a"}`), "", time.Time{}},
		"Opaque":      {"it says nothing", "token: abcdef.0123456789abcdef", "", time.Time{}},
		"NoJSON":      {"it is no JWT", "token: a.b.c", "", time.Time{}},
		"Text":        {"a claim of another type is none", "token: " + jwt(`{"exp":"soon"}`), "", time.Time{}},
		"Huge":        {"no time that can be written", "token: " + jwt(`{"exp":1e300}`), "", time.Time{}},
		"Certificate": {"it says it", cert, kindCertificate, end},
		"Password":    {"it has no end", "username: a, password: b", "", time.Time{}},
		"TokenLater":  {"the one that is left is taken", cert + ", token: " + jwt(`{"exp":1900000000}`), kindToken, later},
		"TokenEarlier": {"the one that is left is taken",
			cert + ", token: " + jwt(`{"exp":1}`), kindCertificate, end},
		"OneEndless": {"the one that is left is taken", cert + ", token: " + jwt(`{}`), "", time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			kind, at := CredentialsEnd([]byte(kubeconfig("", tc.user)))
			if at.IsZero() {
				kind = ""
			}
			if diff := cmp.Diff([]any{tc.kind, tc.at}, []any{kind, at}); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
	for _, broken := range []string{"", "::", "current-context: x"} {
		if _, at := CredentialsEnd([]byte(broken)); !at.IsZero() {
			t.Errorf("%q ends at %s", broken, at)
		}
	}
}

// TestExpiries: the endpoints that have a kubeconfig, each with its own.
func TestExpiries(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(kubeconfig("", "token: "+jwt(`{"exp":1800000000}`))), 0o600); err != nil {
		t.Fatal(err)
	}
	end := metav1.NewTime(time.Unix(1_800_000_000, 0).UTC())
	for name, tc := range map[string]struct {
		reason         string
		source, target string
		want           []task.Expiry
	}{
		"Home":    {"the kubelet renews the token of a Pod", "", "", nil},
		"Missing": {"connecting says it", "/nowhere", "", nil},
		"Target":  {"it is told from the source", "", file, []task.Expiry{{Role: task.RoleTarget, Kind: kindToken, At: end}}},
		"Both": {"each has its own", file, file,
			[]task.Expiry{{Role: task.RoleSource, Kind: kindToken, At: end}, {Role: task.RoleTarget, Kind: kindToken, At: end}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Expiries(&task.Task{Source: task.Endpoint{Kubeconfig: tc.source}, Target: task.Endpoint{Kubeconfig: tc.target}})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
