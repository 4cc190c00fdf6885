package cluster

import (
	"fmt"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// ParseKubeconfig makes a configuration of the kubeconfig's current context, and warnings
// about it. The kubeconfig comes from a tenant and is used in a Pod with other credentials
// around, so whatever runs a program or reads a file is refused.
func ParseKubeconfig(side string, data []byte) (*rest.Config, []string, error) {
	cfg, err := clientcmd.Load(data)
	if err != nil {
		// The parser's own words may quote the file, which holds credentials.
		return nil, nil, refuse(side, "is not one: expected YAML of kind Config. Make it again, for example with `kubectl config view --raw --minify --flatten`")
	}
	if problem := checkKubeconfig(cfg); problem != "" {
		return nil, nil, refuse(side, problem)
	}
	out, err := clientcmd.NewDefaultClientConfig(*cfg, &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, nil, invalidKubeconfig(side, err)
	}
	var warnings []string
	if out.Insecure {
		warnings = append(warnings, fmt.Sprintf("the kubeconfig of the %s sets insecure-skip-tls-verify: "+
			"nobody checks that it is the right cluster; put its certificate authority into certificate-authority-data instead", side))
	}
	return out, warnings, nil
}

// checkKubeconfig says what is wrong with the current context; empty: nothing.
func checkKubeconfig(cfg *clientcmdapi.Config) string {
	ctx, ok := cfg.Contexts[cfg.CurrentContext]
	if !ok {
		return fmt.Sprintf("has the current-context %q, which is not among its contexts: set it with `kubectl config use-context`", cfg.CurrentContext)
	}
	cl, ok := cfg.Clusters[ctx.Cluster]
	if !ok || cl.Server == "" {
		return fmt.Sprintf("has no server for the cluster %q of its current context: add the cluster with its server", ctx.Cluster)
	}
	const flatten = "put its content inline (%s-data), for example with `kubectl config view --raw --minify --flatten`"
	if cl.CertificateAuthority != "" {
		return "refers to a file in certificate-authority, which does not exist where it is used: " + fmt.Sprintf(flatten, "certificate-authority")
	}
	user := cfg.AuthInfos[ctx.AuthInfo]
	if user == nil {
		return fmt.Sprintf("has no user %q, which its current context names: add the user with a token or a client certificate", ctx.AuthInfo)
	}
	const token = "KubeMove runs no programs that a kubeconfig names: use the token of a ServiceAccount (user.token) or client-certificate-data and client-key-data"
	switch {
	case user.Exec != nil:
		return fmt.Sprintf("runs a credential plugin (exec: %s). %s", firstWord(user.Exec.Command), token)
	case user.AuthProvider != nil:
		return fmt.Sprintf("uses an auth-provider (%s). %s", firstWord(user.AuthProvider.Name), token)
	case user.ClientCertificate != "":
		return "refers to a file in client-certificate, which does not exist where it is used: " + fmt.Sprintf(flatten, "client-certificate")
	case user.ClientKey != "":
		return "refers to a file in client-key, which does not exist where it is used: " + fmt.Sprintf(flatten, "client-key")
	case user.TokenFile != "":
		return "refers to a file in tokenFile, which does not exist where it is used: put the token itself into user.token"
	}
	return ""
}

func refuse(side, problem string) *Error {
	return &Error{Kind: Invalid, Side: side, reason: api.ReasonInvalidKubeconfig, Message: fmt.Sprintf("the kubeconfig of the %s %s", side, problem)}
}

func invalidKubeconfig(side string, err error) *Error {
	return &Error{Kind: Invalid, Side: side, reason: api.ReasonInvalidKubeconfig, Err: err, Message: fmt.Sprintf("the kubeconfig of the %s cannot be used: "+
		"%s. Make it again, for example with `kubectl config view --raw --minify --flatten`", side, clientMessage(err))}
}

// clientMessage is the first line of an error of the client library, which never holds
// credentials but may be long.
func clientMessage(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return shorten(s, 600)
}

func firstWord(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return shorten(w, 100)
}

func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}
