package cluster

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// userinfo in a URL: everything before the last @ of the authority.
var userinfo = regexp.MustCompile(`://[^/?#\s"']*@`)

// shortest secret that is looked for: a shorter one would be found in every other word.
const shortest = 4

// hide takes out of a text what the configuration keeps secret, and users and passwords of URLs.
// The server and proxies write a part of the texts of errors.
func (c *Cluster) hide(text string) string {
	for _, s := range c.secrets() {
		if len(s) >= shortest {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return userinfo.ReplaceAllString(text, "://")
}

// secrets of the configuration, each as it is and as a URL holds it.
func (c *Cluster) secrets() []string {
	if c.Config == nil {
		return nil
	}
	out := []string{c.Config.BearerToken, c.Config.Password}
	if c.Config.Proxy != nil {
		// It comes from a kubeconfig, so it is the same for every request.
		if proxy, err := c.Config.Proxy(&http.Request{URL: &url.URL{}}); err == nil && proxy != nil && proxy.User != nil {
			password, _ := proxy.User.Password()
			_, escaped, _ := strings.Cut(proxy.User.String(), ":")
			out = append(out, password, escaped)
		}
	}
	return out
}

// WithoutContent is the error about a Secret without what that holds: the server quotes webhooks and
// policies, and these may quote the object.
func WithoutContent(obj *unstructured.Unstructured, err error) error {
	var status *apierrors.StatusError
	if !isSecret(obj) || !errors.As(err, &status) {
		return err
	}
	out := &apierrors.StatusError{ErrStatus: *status.ErrStatus.DeepCopy()}
	out.ErrStatus.Message = hideContent(obj, out.ErrStatus.Message)
	if d := out.ErrStatus.Details; d != nil {
		for i := range d.Causes {
			d.Causes[i].Message = hideContent(obj, d.Causes[i].Message)
		}
	}
	return out
}

func isSecret(obj *unstructured.Unstructured) bool {
	return obj.GetKind() == "Secret" && obj.GroupVersionKind().Group == ""
}

// hideContent takes out of a text what a Secret holds, as it is and as the API has it; of a value with
// several lines each one.
func hideContent(obj *unstructured.Unstructured, text string) string {
	if !isSecret(obj) {
		return text
	}
	var values []string
	add := func(value string) {
		for _, part := range append([]string{value}, strings.Split(value, "\n")...) {
			if part = strings.TrimSpace(part); len(part) >= shortest {
				values = append(values, part)
			}
		}
	}
	data, _, _ := unstructured.NestedMap(obj.Object, "data")
	for _, value := range data {
		encoded, _ := value.(string)
		add(encoded)
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			add(string(decoded))
		}
	}
	plain, _, _ := unstructured.NestedMap(obj.Object, "stringData")
	for _, value := range plain {
		if text, ok := value.(string); ok {
			add(text)
			add(base64.StdEncoding.EncodeToString([]byte(text)))
		}
	}
	// The longest first: one may be a part of another.
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	for _, value := range values {
		text = strings.ReplaceAll(text, value, "***")
	}
	return text
}
