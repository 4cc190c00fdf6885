package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"
)

// The fields of a kubeconfig are checked here, before a parser of the client library sees them:
// its errors quote what they cannot read, and an address may hold a password.

// unreadable says why a kubeconfig could not be decoded, without quoting it.
func unreadable(data []byte) string {
	var loose struct {
		Clusters []struct {
			Cluster map[string]any `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User map[string]any `json:"user"`
		} `json:"users"`
	}
	const again = "Make it again, for example with `kubectl config view --raw --minify --flatten`"
	if err := yaml.Unmarshal(data, &loose); err != nil {
		return "is not one: expected YAML of kind Config. " + again
	}
	for _, c := range loose.Clusters {
		if !isBase64(c.Cluster["certificate-authority-data"]) {
			return "has something in certificate-authority-data that is not base64: expected a certificate in PEM, encoded. " + again
		}
	}
	for _, u := range loose.Users {
		for _, field := range []string{"client-certificate-data", "client-key-data"} {
			if !isBase64(u.User[field]) {
				return fmt.Sprintf("has something in %s that is not base64: expected PEM, encoded. %s", field, again)
			}
		}
	}
	return "is not one: a field of it has another type than in YAML of kind Config. " + again
}

func isBase64(value any) bool {
	text, ok := value.(string)
	_, err := base64.StdEncoding.DecodeString(text)
	return value == nil || ok && err == nil
}

// checkCluster says what is wrong with the fields of a cluster; empty: nothing.
func checkCluster(c *clientcmdapi.Cluster) string {
	if problem := checkServer(c.Server); problem != "" {
		return problem
	}
	if c.ProxyURL != "" {
		u, err := url.Parse(c.ProxyURL)
		if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme) {
			return "has a proxy-url that is none: expected http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT, " +
				"with special characters of user and password escaped as %XX"
		}
	}
	switch {
	case len(c.CertificateAuthorityData) == 0:
	case c.InsecureSkipTLSVerify:
		return "has certificate-authority-data and insecure-skip-tls-verify: remove insecure-skip-tls-verify"
	case !x509.NewCertPool().AppendCertsFromPEM(c.CertificateAuthorityData):
		return "has no certificate in certificate-authority-data: expected PEM, encoded in base64"
	}
	return ""
}

// checkServer takes an address as the client library does: HOST:PORT or a URL. One with a user or
// with parameters is refused, as errors of requests repeat it.
func checkServer(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" {
		if u, err = url.Parse("https://" + text); err == nil && strings.Trim(u.Path, "/") != "" {
			err = url.EscapeError("")
		}
	}
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "has a server that is no address: expected https://HOST:PORT"
	case u.User != nil:
		return "has a server with a user or a password in it: expected https://HOST:PORT; put the credentials into the user (user.token)"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "has a server with a ? or a # in it: expected https://HOST:PORT"
	}
	return ""
}

// checkCredentials says what is wrong with the credentials of a user; empty: nothing.
func checkCredentials(u *clientcmdapi.AuthInfo) string {
	hasCert, hasKey := len(u.ClientCertificateData) > 0, len(u.ClientKeyData) > 0
	switch {
	case strings.ContainsFunc(u.Token, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "has a user.token with line breaks or other control characters: expected one line; make it again"
	case u.Token != "" && (u.Username != "" || u.Password != ""):
		return "has both user.token and user.username or user.password: keep the token"
	case hasCert && !hasKey:
		return "has client-certificate-data without client-key-data: add the key"
	case hasKey && !hasCert:
		return "has client-key-data without client-certificate-data: add the certificate"
	case hasCert:
		if _, err := tls.X509KeyPair(u.ClientCertificateData, u.ClientKeyData); err != nil {
			return "has something else in client-certificate-data and client-key-data than a certificate and its key: " +
				"expected both in PEM, encoded in base64"
		}
	}
	return ""
}

// programName is what may be quoted of the name of a program.
var programName = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,100}$`)

// named is ": NAME" for the name of a program; empty for anything else.
func named(text string) string {
	word, _, _ := strings.Cut(text, " ")
	if !programName.MatchString(word) {
		return ""
	}
	return ": " + word
}
