// Package support is what a support bundle holds: texts and objects without what is secret in them, and the archive of these. It is
// pure.
package support

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/internal/planfile"
)

// Left stands for what was left out.
const Left = "(left out)"

// shortest value of a Secret that is looked for in texts: a shorter one would be found in every other word.
const shortest = 6

// Redactor leaves out what is secret: what it knows to be the value of a Secret, and what looks like one.
type Redactor struct{ values []string }

// Know the values of a Secret. Those of a YAML text, such as a kubeconfig, are known one by one as well.
func (r *Redactor) Know(secret *unstructured.Unstructured) {
	data, _, _ := unstructured.NestedStringMap(secret.Object, "data")
	for _, encoded := range data {
		r.know(encoded)
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			continue
		}
		r.know(string(decoded))
		for line := range strings.Lines(string(decoded)) {
			r.know(line)
		}
		var parsed map[string]any
		if yaml.Unmarshal(decoded, &parsed) == nil {
			r.knowLeaves(parsed)
		}
	}
	// The longest first: one may be a part of another.
	slices.SortFunc(r.values, func(a, b string) int { return len(b) - len(a) })
	r.values = slices.Compact(r.values)
}

func (r *Redactor) know(value string) {
	if value = strings.TrimSpace(value); len(value) >= shortest {
		r.values = append(r.values, value)
	}
}

// knowLeaves that are secret by their keys.
func (r *Redactor) knowLeaves(value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			if text, is := below.(string); is && isSecretKey(key) {
				r.know(text)
			}
			r.knowLeaves(below)
		}
	case []any:
		for _, below := range v {
			r.knowLeaves(below)
		}
	}
}

const secretWord = `(?:pass(?:word|wd|phrase)?|token|secret|credentials?|api[-_]?key|access[-_]?key(?:[-_]?id)?|private[-_]?key|` +
	`client[-_]key|session[-_]?key|master[-_]?key|auth(?:orization)?|bearer|cookie|[a-z-]+-data)`

// secretKey is the name of a field, a variable or a flag whose value is secret; namedKey is one that names an object or a field.
var (
	secretKey = regexp.MustCompile(`(?i)(?:^|[-_.a-z])` + secretWord + `$`)
	namedKey  = regexp.MustCompile(`(?i)(?:name|names|ref|refs)$`)
)

func isSecretKey(key string) bool { return secretKey.MatchString(key) && !namedKey.MatchString(key) }

// patterns of what is secret in a text, and what stands in its place.
var patterns = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|$)`), Left},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?`), Left},
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+`), "$1 " + Left},
	{regexp.MustCompile(`://[^/?#\s"'@]*@`), "://" + Left + "@"},
	{regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{12,}\b`), Left},
	// A name with its value, as in YAML, JSON, a query, a variable or a flag.
	{regexp.MustCompile(`(?i)([-\w.]*` + secretWord + `\\?["']?\s*[:=]\s*)` +
		`(?:\\?"(?:[^"\\]|\\[^"])*\\?"|'[^']*'|[^\s,;&"'}]+)`), "${1}" + Left},
	{regexp.MustCompile(`(?im)((?:^|[\s"'(\[])--?[-\w]*` + secretWord + `(?:["']\s*,\s*["']?|\s+))[^\s"',-][^\s"',]*`), "${1}" + Left},
}

// long words of letters and digits that may be keys in base64; a hash in hexadecimal is none.
var (
	long  = regexp.MustCompile(`[A-Za-z0-9+/_-]{40,}={0,2}`)
	upper = regexp.MustCompile(`[A-Z]`)
	lower = regexp.MustCompile(`[a-z]`)
	digit = regexp.MustCompile(`\d`)
)

// Text without what is secret in it.
func (r *Redactor) Text(text string) string {
	for _, value := range r.values {
		text = strings.ReplaceAll(text, value, Left)
	}
	for _, p := range patterns {
		text = p.what.ReplaceAllString(text, p.with)
	}
	return long.ReplaceAllStringFunc(text, func(word string) string {
		if upper.MatchString(word) && lower.MatchString(word) && digit.MatchString(word) {
			return Left
		}
		return word
	})
}

// Object without what is secret in it. Of a Secret only the names of its keys are left; of environments, of annotations that are not
// KubeMove's and of kustomizations the values are left out, as these may hold anything.
func (r *Redactor) Object(o *unstructured.Unstructured) map[string]any {
	out := o.DeepCopy()
	if o.GetKind() == "Secret" {
		redacted := planfile.Redacted(*out)
		out = &redacted
	}
	out.SetManagedFields(nil)
	cleaned, _ := r.value("", out.Object).(map[string]any)
	return cleaned
}

// value of a field without what is secret in it.
func (r *Redactor) value(key string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, below := range v {
			switch {
			case key == "annotations" && !isOurs(name):
				below = Left
			case key == "kustomization":
				below = leaves(below)
			}
			out[r.Text(name)] = r.value(name, below)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, below := range v {
			if variable, is := below.(map[string]any); is && key == "env" && variable["value"] != nil {
				variable["value"] = Left
			}
			// The value of a flag may be the next argument.
			if i > 0 && isSecretFlag(v[i-1]) {
				below = Left
			}
			out[i] = r.value(key, below)
		}
		return out
	case string:
		if isSecretKey(key) {
			return Left
		}
		return r.Text(v)
	}
	return value
}

func isSecretFlag(argument any) bool {
	flag, _ := argument.(string)
	return strings.HasPrefix(flag, "-") && isSecretKey(flag)
}

// isOurs says whether an annotation is one that KubeMove reads or writes. A ledger holds former values of an object.
func isOurs(annotation string) bool {
	return strings.HasPrefix(annotation, "kubemove.io/") && annotation != "kubemove.io/ledger"
}

// leaves of a value, all of them left out.
func leaves(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, below := range v {
			out[name] = leaves(below)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = leaves(v[i])
		}
		return out
	case string:
		return Left
	}
	return value
}
