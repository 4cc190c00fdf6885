package cluster

import (
	"fmt"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// ParseKubeconfig makes a configuration of the kubeconfig's current context, and warnings
// about it. The kubeconfig comes from a tenant and is used in a Pod with other credentials
// around, so whatever runs a program or reads a file is refused.
func ParseKubeconfig(side string, data []byte) (*rest.Config, []string, error) {
	cfg, err := clientcmd.Load(data)
	if err != nil {
		return nil, nil, refuse(side, unreadable(data))
	}
	if problem := checkKubeconfig(cfg); problem != "" {
		return nil, nil, refuse(side, problem)
	}
	out, err := clientcmd.NewDefaultClientConfig(*cfg, &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, nil, invalidKubeconfig(side)
	}
	var warnings []string
	if out.Insecure {
		warnings = append(warnings, fmt.Sprintf("the kubeconfig of the %s sets insecure-skip-tls-verify: "+
			"it is not checked that it is the right cluster; put its certificate authority into certificate-authority-data instead", side))
	}
	return out, warnings, nil
}

// checkKubeconfig says what is wrong with the current context; empty: nothing.
func checkKubeconfig(cfg *clientcmdapi.Config) string {
	ctx, ok := cfg.Contexts[cfg.CurrentContext]
	if !ok {
		return fmt.Sprintf("has the current-context %q, which is not among its contexts: set it with `kubectl config use-context`",
			cfg.CurrentContext)
	}
	cl, ok := cfg.Clusters[ctx.Cluster]
	if !ok || cl.Server == "" {
		return fmt.Sprintf("has no server for the cluster %q of its current context: add the cluster with its server", ctx.Cluster)
	}
	const flatten = "put its content inline (%s-data), for example with `kubectl config view --raw --minify --flatten`"
	if cl.CertificateAuthority != "" {
		return "refers to a file in certificate-authority, which does not exist where it is used: " +
			fmt.Sprintf(flatten, "certificate-authority")
	}
	user := cfg.AuthInfos[ctx.AuthInfo]
	if user == nil {
		return fmt.Sprintf("has no user %q, which its current context names: add the user with a token or a client certificate", ctx.AuthInfo)
	}
	const token = "KubeMove runs no programs that a kubeconfig names: " +
		"use the token of a ServiceAccount (user.token) or client-certificate-data and client-key-data"
	switch {
	case user.Exec != nil:
		return fmt.Sprintf("runs a credential plugin (exec%s). %s", named(user.Exec.Command), token)
	case user.AuthProvider != nil:
		return fmt.Sprintf("uses an auth-provider%s. %s", named(user.AuthProvider.Name), token)
	case user.ClientCertificate != "":
		return "refers to a file in client-certificate, which does not exist where it is used: " + fmt.Sprintf(flatten, "client-certificate")
	case user.ClientKey != "":
		return "refers to a file in client-key, which does not exist where it is used: " + fmt.Sprintf(flatten, "client-key")
	case user.TokenFile != "":
		return "refers to a file in tokenFile, which does not exist where it is used: put the token itself into user.token"
	}
	if problem := checkCluster(cl); problem != "" {
		return problem
	}
	return checkCredentials(user)
}

func refuse(side, problem string) *Error {
	return &Error{Kind: Invalid, Side: side, reason: api.ReasonInvalidKubeconfig,
		Message: fmt.Sprintf("the kubeconfig of the %s %s", side, problem)}
}

// invalidKubeconfig is for what the checks of the fields have let pass. The library's own words are
// left out, as they may quote a field, and so is the error, which could be printed elsewhere.
func invalidKubeconfig(side string) *Error {
	return refuse(side, "cannot be used: the client library refuses the fields of its cluster or its user together. "+
		"Expected server, certificate-authority-data and a token. Make it again, for example with `kubectl config view --raw --minify --flatten`")
}

// clientMessage is the first line of an error of the client library, which may be long, without
// secrets.
func (c *Cluster) clientMessage(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return task.Cut(c.hide(s), 600)
}
