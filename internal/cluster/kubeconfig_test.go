package cluster

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// kubeconfig with what a case puts into its cluster and its user.
func kubeconfig(cluster, user string) string {
	return `apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: "https://example.org:6443"` + cluster + `}}]
users: [{name: u, user: {` + user + `}}]
`
}

func TestParseKubeconfigRefuses(t *testing.T) {
	cases := map[string]struct {
		reason string
		data   string
		// words that the message must hold.
		words []string
	}{
		"Exec": {
			reason: "A kubeconfig of a tenant must not run programs in our Pod.",
			data:   kubeconfig("", `exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}`),
			words:  []string{"exec", "aws", "token"},
		},
		"AuthProvider": {
			reason: "Auth providers are programs, too.",
			data:   kubeconfig("", `auth-provider: {name: gcp}`),
			words:  []string{"auth-provider", "gcp", "token"},
		},
		"CertificateAuthorityFile": {
			reason: "A file reference would read a file of our Pod.",
			data:   kubeconfig(", certificate-authority: /etc/ca.crt", "token: hush"),
			words:  []string{"certificate-authority", "certificate-authority-data"},
		},
		"ClientCertificateFile": {
			reason: "A file reference would read a file of our Pod.",
			data:   kubeconfig("", "client-certificate: /x.crt, client-key-data: aHVzaA=="),
			words:  []string{"client-certificate-data"},
		},
		"ClientKeyFile": {
			reason: "A file reference would read a file of our Pod.",
			data:   kubeconfig("", "client-key: /x.key"),
			words:  []string{"client-key-data"},
		},
		"TokenFile": {
			reason: "It would send our Pod's own token to a server that the tenant names.",
			data:   kubeconfig("", "tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token"),
			words:  []string{"tokenFile", "user.token"},
		},
		"NoContext": {
			reason: "Without a current context it cannot be told which cluster is meant.",
			data:   "apiVersion: v1\nkind: Config\n",
			words:  []string{"current-context"},
		},
		"NoServer": {
			reason: "A context may name a cluster that is not there.",
			data:   "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n",
			words:  []string{"server"},
		},
		"NoUser": {
			reason: "A context may name a user that is not there.",
			data: "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters: " +
				"[{name: k, cluster: {server: \"https://x\"}}]\n",
			words: []string{"user"},
		},
		"Garbage": {
			reason: "The parser's error may quote the file, which holds a token.",
			data:   "users: [{user: {token: hush",
			words:  []string{"kind Config"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, _, err := ParseKubeconfig(SideTarget, []byte(tc.data))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%s\ngot error %v, want an *Error", tc.reason, err)
			}
			if diff := cmp.Diff([]string{string(Invalid), api.ReasonInvalidKubeconfig}, []string{string(e.Kind), e.Reason()}); diff != "" {
				t.Errorf("%s\nkind and reason: -want +got:\n%s", tc.reason, diff)
			}
			for _, w := range append(tc.words, SideTarget) {
				if !strings.Contains(e.Message, w) {
					t.Errorf("%s\nthe message lacks %q: %s", tc.reason, w, e.Message)
				}
			}
			if strings.Contains(e.Message, "hush") {
				t.Errorf("%s\nthe message holds a secret: %s", tc.reason, e.Message)
			}
		})
	}
}

func TestParseKubeconfigTakes(t *testing.T) {
	cases := map[string]struct {
		reason   string
		data     string
		warnings int
	}{
		"Token": {
			reason: "A token inline is what a kubeconfig should carry.",
			data:   kubeconfig("", "token: hush"),
		},
		"Insecure": {
			reason:   "Without a check of the certificate it works, with a warning.",
			data:     kubeconfig(", insecure-skip-tls-verify: true", "token: hush"),
			warnings: 1,
		},
		"OtherEntries": {
			reason: "Only the current context counts; others are not used.",
			data:   strings.Replace(kubeconfig("", "token: hush"), "users: [", "users: [{name: v, user: {tokenFile: /x}}, ", 1),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			cfg, warnings, err := ParseKubeconfig(SideTarget, []byte(tc.data))
			if err != nil {
				t.Fatalf("%s\ngot %v", tc.reason, err)
			}
			if diff := cmp.Diff([]any{"https://example.org:6443", "hush", tc.warnings},
				[]any{cfg.Host, cfg.BearerToken, len(warnings)}); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}
