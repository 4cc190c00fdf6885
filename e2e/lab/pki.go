package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// authority signs the certificates of one cluster.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// subject is what a certificate is for.
type subject struct {
	// file is the name without extension that it is written under.
	file         string
	name         string
	organization string
	dnsNames     []string
	ips          []net.IP
}

// newAuthority makes ca.crt and ca.key in dir, and the key pair that signs
// tokens of service accounts.
func newAuthority(dir, name string) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	a := &authority{dir: dir}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	var err error
	if a.cert, a.key, err = a.write("ca", template); err != nil {
		return nil, err
	}
	accounts, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return a, writeKey(filepath.Join(dir, "sa.key"), accounts)
}

// issue writes a certificate and its key for both ends of a connection.
func (a *authority) issue(s subject) error {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: s.name},
		DNSNames:    s.dnsNames,
		IPAddresses: s.ips,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if s.organization != "" {
		template.Subject.Organization = []string{s.organization}
	}
	_, _, err := a.write(s.file, template)
	return err
}

// write signs the template, with itself while there is no authority yet.
func (a *authority) write(file string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	// An hour back, for clocks that differ a little.
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = template.NotBefore.AddDate(10, 0, 0)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, nil, fmt.Errorf("sign the certificate %s: %w", file, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	path := filepath.Join(a.dir, file)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(path+".crt", block, 0o644); err != nil {
		return nil, nil, err
	}
	return cert, key, writeKey(path+".key", key)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

// kubeconfig writes a kubeconfig for the user whose certificate is in file.
func (a *authority) kubeconfig(path, cluster, server, file string) error {
	var files [3][]byte
	for i, name := range []string{"ca.crt", file + ".crt", file + ".key"} {
		data, err := os.ReadFile(filepath.Join(a.dir, name))
		if err != nil {
			return err
		}
		files[i] = data
	}
	config := clientcmdapi.NewConfig()
	config.Clusters[cluster] = &clientcmdapi.Cluster{
		Server:                   server,
		CertificateAuthorityData: files[0],
	}
	config.AuthInfos[file] = &clientcmdapi.AuthInfo{
		ClientCertificateData: files[1],
		ClientKeyData:         files[2],
	}
	config.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: file}
	config.CurrentContext = cluster
	return clientcmd.WriteToFile(*config, path)
}

// subjectsOf lists every certificate that a cluster needs.
func subjectsOf(spec clusterSpec) []subject {
	return []subject{
		{
			file: "apiserver", name: "kube-apiserver",
			dnsNames: []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + clusterDomain, "localhost"},
			ips:      []net.IP{spec.ip(), net.IPv4(127, 0, 0, 1), spec.serviceIP(1)},
		},
		{file: "admin", name: "admin", organization: "system:masters"},
		{file: "controller-manager", name: "system:kube-controller-manager"},
		{file: "scheduler", name: "system:kube-scheduler"},
		{file: "proxy", name: "system:kube-proxy"},
		{
			file: "node", name: "system:node:" + spec.name, organization: "system:nodes",
			dnsNames: []string{spec.name}, ips: []net.IP{spec.ip()},
		},
		{file: "aggregator", name: "aggregator"},
		{file: "kubelet-client", name: "apiserver-kubelet-client", organization: "system:masters"},
	}
}
