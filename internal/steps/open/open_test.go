package open

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

var pair = task.Object{Name: "shop-dst", UID: "u"}

// leaf signed by the authority.
func leaf(t *testing.T, ca tls.Certificate, at time.Time) *x509.Certificate {
	t.Helper()
	root, err := x509.ParseCertificate(ca.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{"target"}, NotBefore: at.Add(-time.Minute), NotAfter: at.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, root, key.Public(), ca.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAuthoritySignsLeaves(t *testing.T) {
	now := time.Now()
	cert, key, err := newAuthority(now)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(cert) {
		t.Fatal("the certificate is no PEM")
	}
	for _, at := range []time.Time{now, now.AddDate(9, 11, 0)} {
		opts := x509.VerifyOptions{Roots: roots, DNSName: "target", CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
		if _, err := leaf(t, ca, at).Verify(opts); err != nil {
			t.Errorf("at %s: %v", at, err)
		}
	}
}

func TestEnsureMakesTheChannelOnce(t *testing.T) {
	ctx := t.Context()
	home := &cluster.Cluster{Side: cluster.SideHome, Namespace: "shop", Kube: fake.NewClientset()}
	if _, err := LoadChannel(ctx, home, pair.Name); cluster.KindOf(err) != cluster.NotFound {
		t.Fatalf("a channel that was not opened is not there, got %v", err)
	}
	if err := ensure(ctx, home, pair); err != nil {
		t.Fatal(err)
	}
	first, err := LoadChannel(ctx, home, pair.Name)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Master) != masterLength {
		t.Errorf("the key has %d bytes", len(first.Master))
	}
	if err := ensure(ctx, home, pair); err != nil {
		t.Fatal(err)
	}
	second, err := LoadChannel(ctx, home, pair.Name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error("a channel that exists was made anew: repositories could not be read any more")
	}
	if err := ensure(ctx, home, task.Object{Name: pair.Name, UID: "another"}); cluster.KindOf(err) != cluster.Conflict {
		t.Errorf("the Secret of an earlier pair of the same name was taken, error %v", err)
	}
}

func TestLoadChannelRefusesHalfOnes(t *testing.T) {
	ctx := t.Context()
	s, err := newSecret("shop", pair, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	delete(s.Data, keyMaster)
	home := &cluster.Cluster{Side: cluster.SideHome, Namespace: "shop", Kube: fake.NewClientset(s)}
	_, err = LoadChannel(ctx, home, pair.Name)
	if cluster.KindOf(err) != cluster.Invalid {
		t.Errorf("got %v, want an error of the kind Invalid", err)
	}
	if err != nil && strings.Contains(err.Error(), string(s.Data[keyKey])) {
		t.Error("the error holds the key")
	}
}

func TestSecretName(t *testing.T) {
	for _, name := range []string{"shop-dst", strings.Repeat("a", 253), strings.Repeat("a.", 126)} {
		if problems := validation.IsDNS1123Subdomain(SecretName(name)); len(problems) > 0 {
			t.Errorf("%q: %v", SecretName(name), problems)
		}
	}
	if got := SecretName("shop-dst"); got != "shop-dst-channel" {
		t.Errorf("got %q", got)
	}
}
