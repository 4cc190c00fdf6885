package target

import (
	"bytes"
	"encoding/pem"
	"net"
	"net/url"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubemove/kubemove/internal/cluster"
)

// InCluster is the address of the API server for the Pods of its own cluster.
const InCluster = "https://kubernetes.default.svc"

// Access to the cluster of a target, as its kubeconfig has it.
type Access struct {
	Server        string
	TLSServerName string
	ProxyURL      string
	// Authorities that have signed the server's certificate, in PEM; empty: those of the system.
	Authorities []byte
	// Insecure: the server's certificate is not checked.
	Insecure  bool
	Namespace string
	Token     string
}

// Kubeconfig with everything inline.
func (a Access) Kubeconfig() ([]byte, error) {
	const name = "kubemove"
	c := clientcmdapi.NewConfig()
	c.Clusters[name] = &clientcmdapi.Cluster{
		Server: a.Server, TLSServerName: a.TLSServerName, ProxyURL: a.ProxyURL,
		CertificateAuthorityData: a.Authorities, InsecureSkipTLSVerify: a.Insecure && len(a.Authorities) == 0,
	}
	c.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: a.Token}
	c.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: a.Namespace}
	c.CurrentContext = name
	return clientcmd.Write(*c)
}

// Authorities joins those of the caller's kubeconfig with the one that the cluster gives to its Pods. A caller without any relies on
// those of the system; with the cluster's own in the place of them the server would not be accepted, unless Pods use another address.
func Authorities(callers, clusters []byte, otherAddress bool) []byte {
	if len(callers) == 0 && !otherAddress {
		return nil
	}
	var out []byte
	seen := map[string]bool{}
	for _, data := range [][]byte{callers, clusters} {
		for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
			if block.Type == "CERTIFICATE" && !seen[string(block.Bytes)] {
				seen[string(block.Bytes)] = true
				out = append(out, pem.EncodeToMemory(block)...)
			}
		}
	}
	return bytes.TrimSpace(out)
}

// IsLoopback says whether an address leads to the machine of the caller alone.
func IsLoopback(server string) bool {
	u, err := url.Parse(server)
	if err != nil {
		return false
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// IsInCluster says whether an address works for Pods of the home cluster alone.
func IsInCluster(server string) bool {
	u, err := url.Parse(server)
	return err == nil && strings.HasPrefix(u.Hostname()+".", "kubernetes.default.svc.")
}

// Check a kubeconfig as the Jobs of a move do, and return the warnings.
func Check(kubeconfig []byte) ([]string, error) {
	_, warnings, err := cluster.ParseKubeconfig(cluster.SideTarget, kubeconfig)
	return warnings, err
}
