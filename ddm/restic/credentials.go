package restic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// What a Secret of the user may hold: the environment of restic, and the certificate authority
// of the server. The password of the repository is ours.
const authorityKey = "ca.crt"

var environmentKeys = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION",
	"RESTIC_REST_USERNAME", "RESTIC_REST_PASSWORD",
}

// credentials of a repository of the user's own.
type credentials struct {
	// environment of restic.
	environment []string
	// secrets that no text may show.
	secrets []string
}

// readCredentials reads what is mounted. What restic would find in its own environment, or on
// the machine, is left out: the Secret alone counts.
func readCredentials(dir string) (credentials, error) {
	var c credentials
	for _, key := range environmentKeys {
		data, err := os.ReadFile(filepath.Join(dir, key))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return c, fmt.Errorf("cannot read %s of the credentials: %w", key, err)
		}
		// An editor leaves a line break at the end of a file, which belongs to none of these.
		value := strings.TrimRight(string(data), "\r\n")
		if value == "" {
			continue
		}
		if strings.ContainsAny(value, "\x00\r\n") {
			return c, fmt.Errorf("%s of the credentials holds more than one line: correct it in the Secret of credentialsSecretRef", key)
		}
		c.environment = append(c.environment, key+"="+value)
		if key != "AWS_DEFAULT_REGION" && key != "RESTIC_REST_USERNAME" {
			c.secrets = append(c.secrets, value)
		}
	}
	file := filepath.Join(dir, authorityKey)
	if _, err := os.Stat(file); err == nil {
		c.environment = append(c.environment, "RESTIC_CACERT="+file)
	}
	return c, nil
}

// withoutCredentials is an environment without what speaks of repositories.
func withoutCredentials(environment []string) []string {
	var out []string
	for _, e := range environment {
		if !strings.HasPrefix(e, "RESTIC_") && !strings.HasPrefix(e, "AWS_") {
			out = append(out, e)
		}
	}
	return out
}

// userinfo in a URL.
var userinfo = regexp.MustCompile(`//[^/?#\s"'@]*@`)

// redact takes users and passwords out of URLs.
func redact(text string) string { return userinfo.ReplaceAllString(text, "//") }

// hide takes the secrets out of a text.
func (c credentials) hide(text string) string {
	for _, s := range c.secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	return redact(text)
}
