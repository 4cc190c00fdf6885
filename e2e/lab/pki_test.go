package lab

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
)

func readCertificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	block, _ := pem.Decode(data)
	require.NotNil(t, block)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return cert
}

func TestCertificates(t *testing.T) {
	spec := place(0).specs()[1]
	l := &Lab{Dir: t.TempDir(), RunDir: "/run/unused"}
	n := l.node(spec)
	require.NoError(t, n.writeCredentials())

	ca := readCertificate(t, n.path("pki", "ca.crt"))
	require.True(t, ca.IsCA)
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	for name, hosts := range map[string][]string{
		"apiserver": {"kubernetes", "kubernetes.default.svc", "10.210.0.3", "127.0.0.1", "10.97.0.1"},
		"node":      {"dst", "10.210.0.3"},
	} {
		cert := readCertificate(t, n.path("pki", name+".crt"))
		for _, host := range hosts {
			_, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: host})
			require.NoError(t, err, "%s for %s", name, host)
		}
		_, err := cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: "10.96.0.1"})
		require.Error(t, err, "the other cluster's address")
	}
	node := readCertificate(t, n.path("pki", "node.crt"))
	require.Equal(t, "system:node:dst", node.Subject.CommonName)
	require.Equal(t, []string{"system:nodes"}, node.Subject.Organization)
}

func TestKubeconfigLeadsToTheCluster(t *testing.T) {
	l := &Lab{Dir: t.TempDir()}
	n := l.node(place(0).specs()[0])
	require.NoError(t, n.writeCredentials())
	config, err := clientcmd.BuildConfigFromFlags("", n.kubeconfig("admin"))
	require.NoError(t, err)
	require.Equal(t, "https://10.210.0.2:6443", config.Host)
	require.NotEmpty(t, config.CAData)
	require.NotEmpty(t, config.CertData)
	info, err := os.Stat(filepath.Join(l.Dir, "src", "pki", "admin.key"))
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
}
