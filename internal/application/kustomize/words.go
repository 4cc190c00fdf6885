package kustomize

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// ownWords is a problem in words of this package, which quote nothing.
type ownWords string

func (w ownWords) Error() string { return string(w) }

func ownError(format string, args ...any) error { return ownWords(fmt.Sprintf(format, args...)) }

var (
	// operationOf a JSON patch that cannot be applied.
	operationOf = regexp.MustCompile(`\b(add|remove|replace|move|copy|test) operation does not apply`)
	// lineOf a text that is no YAML.
	lineOf = regexp.MustCompile(`\byaml: (?:unmarshal errors:\s*)?line (\d+)`)
)

// known problems by what Kustomize, and the parsers that it uses, say of them in lower case.
var known = []struct{ says, words string }{
	{"does not apply: doc is missing", "it names a path that the object does not have"},
	{"testing value", "the value that it tests for is another one"},
	{"testing path", "the value that it tests for is another one"},
	{"invalid map key", "it has a key that is no text"},
	{"already set in map", "it has a key twice"},
	{"already defined", "it has a key twice"},
	{"unknown anchor", "it has an alias (*NAME) without its anchor (&NAME)"},
	{"error parsing regexp", "a field of it is no regular expression"},
	{"wrong node kind", "a field of it has another type than in the object, such as a list in the place of a map"},
	{"panic", "Kustomize has ended with a panic"},
	{"yaml", "it is no YAML"},
	{"json", "it is no JSON, or a field of it has another type than in the object"},
}

// inWords says what is wrong in words of our own. Those of Kustomize and of the parsers quote the
// patch, values of objects and what they could not read, and all of that may hold secrets.
func inWords(err error) string {
	var own ownWords
	if errors.As(err, &own) {
		return string(own)
	}
	text := err.Error()
	var where string
	if m := operationOf.FindStringSubmatch(text); m != nil {
		where = " (its operation " + m[1] + ")"
	} else if m := lineOf.FindStringSubmatch(text); m != nil {
		where = " (line " + m[1] + ")"
	}
	lower := strings.ToLower(text)
	for _, k := range known {
		if strings.Contains(lower, k.says) {
			return k.words + where
		}
	}
	return "Kustomize cannot apply it" + where
}
