package cluster

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
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
