package cutover

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
)

// Who may read a MoveSwitch need not be allowed to read the Secrets of the application, and its
// programs may log what these hold.

const hidden = "***"

var (
	// inURL is the user of a URL, with the password.
	inURL = regexp.MustCompile(`://[^/\s:@]*:([^/\s@]+)@`)
	// setting is a text with a telling name and its value.
	setting = regexp.MustCompile(
		`(?i)([\w.-]*(?:password|passwd|passphrase|secret|token|api_?key|access_?key|credential|authorization)[\w.-]*"?\s*[:=]\s*)` +
			`(?:"([^"]*)"|((?:Bearer |Basic )?[^\s",;&}]+))`)
	// keyLike is a word that only programs write.
	keyLike = regexp.MustCompile(`[A-Za-z0-9+=_]{20,}`)
	digit   = regexp.MustCompile(`\d`)
	letter  = regexp.MustCompile(`[A-Za-z]`)
)

// redactor hides what Secrets hold.
type redactor struct {
	// values, the longest first: one may be a part of another.
	values []string
}

func newRedactor(secrets []string) *redactor {
	r := &redactor{}
	add := func(value string) {
		if value = strings.TrimSpace(value); len(value) >= 3 {
			r.values = append(r.values, value, base64.StdEncoding.EncodeToString([]byte(value)), base64.RawStdEncoding.EncodeToString([]byte(value)))
		}
	}
	for _, secret := range secrets {
		add(secret)
		for line := range strings.Lines(secret) {
			add(line)
		}
		for _, part := range inURL.FindAllStringSubmatch(secret, -1) {
			add(part[1])
		}
		for _, part := range setting.FindAllStringSubmatch(secret, -1) {
			add(part[2] + part[3])
		}
	}
	slices.SortFunc(r.values, func(a, b string) int { return len(b) - len(a) })
	return r
}

// cluster hides the values in words of the cluster, which may quote a program.
func (r *redactor) cluster(text string) string {
	for _, value := range r.values {
		text = strings.ReplaceAll(text, value, hidden)
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
	return inURL.ReplaceAllString(text, "://"+hidden+"@")
}

// program hides in words of a program what only looks like a secret, too.
func (r *redactor) program(text string) string {
	text = setting.ReplaceAllStringFunc(r.cluster(text), func(found string) string {
		part := setting.FindStringSubmatch(found)
		if part[3] == "" {
			return part[1] + `"` + hidden + `"`
		}
		return part[1] + hidden
	})
	return keyLike.ReplaceAllStringFunc(text, func(word string) string {
		if digit.MatchString(word) && letter.MatchString(word) {
			return hidden
		}
		return word
	})
}

// secretsOf are the names of the Secrets that the containers of a Pod get.
func secretsOf(p *corev1.Pod) []string {
	var out []string
	for i := range p.Spec.Volumes {
		v := &p.Spec.Volumes[i]
		if v.Secret != nil {
			out = append(out, v.Secret.SecretName)
		}
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			if source.Secret != nil {
				out = append(out, source.Secret.Name)
			}
		}
	}
	for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		for _, from := range c.EnvFrom {
			if from.SecretRef != nil {
				out = append(out, from.SecretRef.Name)
			}
		}
		for _, env := range c.Env {
			if env.ValueFrom != nil && env.ValueFrom.SecretKeyRef != nil {
				out = append(out, env.ValueFrom.SecretKeyRef.Name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
