package cluster

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/kubemove/kubemove/task"
)

// canary stands for a secret that a tenant has put into a kubeconfig, in the right field or not.
const canary = "c4n4ry"

var encodedCanary = base64.StdEncoding.EncodeToString([]byte(canary))

// TestMalformedKubeconfigKeepsItsSecrets: whatever is wrong with a kubeconfig, the message names
// the field and quotes nothing, and no cause that a log could print is kept.
func TestMalformedKubeconfigKeepsItsSecrets(t *testing.T) {
	const good = "token: right"
	server := func(s string) string {
		return strings.Replace(kubeconfig("", good), "https://example.org:6443", s, 1)
	}
	proxy := func(s string) string { return kubeconfig(`, proxy-url: "`+s+`"`, good) }
	cases := map[string]struct {
		reason string
		data   string
		field  string
	}{
		"NoYAML":    {"the YAML parser quotes what it cannot read", "users: [{user: {token: " + canary, "YAML"},
		"WrongType": {"the decoder quotes a value of another type", "apiVersion: v1\nkind: Config\nclusters: " + canary, "kind Config"},
		"WrongNumber": {"a number is quoted, too",
			strings.Replace(kubeconfig("", "token: 1234567"), "kind: Config", "kind: Config\npreferences: 1234567", 1), "kind Config"},
		"ServerPort":   {"the URL parser quotes the whole address", server("https://admin:" + canary + "@example.org:port"), "server"},
		"ServerSpace":  {"so it does with a space", server("https://admin:" + canary + " @example.org"), "server"},
		"ServerEscape": {"and with a bad escape", server("https://admin:%zz" + canary + "@example.org"), "server"},
		"ServerPassword": {"an address that can be read is quoted by every error of a request",
			server("https://admin:" + canary + "@example.org"), "server"},
		"ServerUser":    {"a token can stand for the user", server("https://" + canary + "@example.org"), "server"},
		"ServerQuery":   {"or lie in a parameter", server("https://example.org/?token=" + canary), "server"},
		"ServerScheme":  {"another scheme", server("ftp://admin:" + canary + "@example.org"), "server"},
		"ServerNoHost":  {"no host", server("https:///" + canary), "server"},
		"ProxyPort":     {"the URL parser quotes the whole address", proxy("http://me:" + canary + "@proxy:port"), "proxy-url"},
		"ProxyScheme":   {"another scheme", proxy("gopher://me:" + canary + "@proxy:3128"), "proxy-url"},
		"ProxyNoScheme": {"no scheme: the password is part of one", proxy("me:" + canary + "@proxy:3128"), "proxy-url"},
		"ProxyEscape":   {"a bad escape", proxy("http://me:%zz" + canary + "@proxy:3128"), "proxy-url"},
		"CAIsNotBase64": {"a certificate that was not encoded",
			kubeconfig(", certificate-authority-data: \"-- "+canary+"\"", good), "certificate-authority-data"},
		"CAIsNotPEM": {"something else, encoded",
			kubeconfig(", certificate-authority-data: "+encodedCanary, good), "certificate-authority-data"},
		"CertIsNotBase64": {"a certificate that was not encoded",
			kubeconfig("", `client-certificate-data: "-- `+canary+`", client-key-data: YQ==`), "client-certificate-data"},
		"KeyIsNotBase64": {"a key that was not encoded",
			kubeconfig("", `client-certificate-data: YQ==, client-key-data: "-- `+canary+`"`), "client-key-data"},
		"CertAndKeyNoPEM": {"something else, encoded",
			kubeconfig("", "client-certificate-data: "+encodedCanary+", client-key-data: "+encodedCanary), "client-certificate-data"},
		"CertWithoutKey":   {"half of it", kubeconfig("", "client-certificate-data: "+encodedCanary), "client-key-data"},
		"KeyWithoutCert":   {"the other half", kubeconfig("", "client-key-data: "+encodedCanary), "client-certificate-data"},
		"TokenOfTwoLines":  {"it can be no header", kubeconfig("", `token: "`+canary+`\n`+canary+`"`), "token"},
		"TokenAndPassword": {"two kinds of credentials", kubeconfig("", "token: "+canary+", username: a, password: "+canary), "password"},
		"ExecCommand": {"what is not the name of a program is not quoted",
			kubeconfig("", `exec: {apiVersion: client.authentication.k8s.io/v1, command: "TOKEN=`+canary+` aws", interactiveMode: Never}`), "exec"},
		"ExecArguments": {"nor what it is given", kubeconfig("", `exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, args: [`+
			canary+`], env: [{name: A, value: `+canary+`}], interactiveMode: Never}`), "exec"},
		"AuthProvider": {"nor its settings", kubeconfig("", "auth-provider: {name: gcp, config: {access-token: "+canary+"}}"), "auth-provider"},
		"InsecureWithCA": {"two ways to check the server",
			kubeconfig(", insecure-skip-tls-verify: true, certificate-authority-data: "+encodedCanary, good), "certificate-authority-data"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			cfg, _, err := ParseKubeconfig(SideTarget, []byte(tc.data))
			if err == nil {
				_, err = New(SideTarget, "shop", cfg)
			}
			if err == nil {
				t.Fatalf("%s\ngot no error", tc.reason)
			}
			if !strings.Contains(err.Error(), tc.field) {
				t.Errorf("%s\nthe message does not name %s: %v", tc.reason, tc.field, err)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				for _, secret := range []string{canary, encodedCanary, "1234567"} {
					if strings.Contains(e.Error(), secret) {
						t.Errorf("%s\n%q holds the secret", tc.reason, e)
					}
				}
			}
		})
	}
}

// TestErrorsOfRequestsHideSecrets: no error of a request has what the configuration keeps secret,
// no matter what has put it in: the server, a proxy or the library.
func TestErrorsOfRequestsHideSecrets(t *testing.T) {
	failing := func() *Cluster {
		proxy, err := url.Parse("http://me:" + url.QueryEscape(canary+"/proxy") + "@proxy:3128")
		if err != nil {
			t.Fatal(err)
		}
		return &Cluster{Side: SideTarget,
			Config: &rest.Config{Host: "https://" + canary + ":x@example.org", BearerToken: canary + "-token", Password: canary + "-password",
				Proxy: http.ProxyURL(proxy)}}
	}
	for name, message := range map[string]string{
		"Token":    "the server says: no account has the token " + canary + "-token",
		"Password": "wrong password " + canary + "-password",
		"Proxy":    "proxyconnect to http://me:" + url.QueryEscape(canary+"/proxy") + "@proxy:3128 failed",
		"Decoded":  "me and " + canary + "/proxy are not known here",
		"Server":   `Get "https://` + canary + `:***@example.org/version": EOF`,
		"First":    `parse "https://a:` + canary + `@x y": invalid character " " in host name`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, err := range []error{errors.New(message),
				&url.Error{Op: "Get", URL: "https://" + canary + "@example.org", Err: context.DeadlineExceeded}} {
				if got := failing().Wrap("reach it", err).Error(); strings.Contains(got, canary) {
					t.Errorf("the message holds a secret: %s", got)
				}
			}
		})
	}
}

// TestConnectHidesProxy: a proxy with a password that is not there.
func TestConnectHidesProxy(t *testing.T) {
	dir := t.TempDir() + "/kubeconfig"
	data := strings.Replace(kubeconfig(`, proxy-url: "http://me:`+canary+`@127.0.0.1:1"`, "token: right"), "https://example.org:6443",
		"https://127.0.0.1:1", 1)
	if err := os.WriteFile(dir, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Connect(t.Context(), SideTarget, task.Endpoint{Namespace: "shop", Kubeconfig: dir})
	if err == nil {
		t.Fatal("got no error")
	}
	if KindOf(err) != Unreachable || strings.Contains(err.Error(), canary) {
		t.Errorf("got kind %s: %v", KindOf(err), err)
	}
}
