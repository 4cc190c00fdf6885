package changes

import (
	"bytes"
	"encoding/json"
	"strings"

	// It breaks no lines, so that a text that has changed is one line in a diff.
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Text of a document: YAML, in which JSON within a text has lines too.
func Text(document any) ([]byte, error) {
	return yaml.Marshal(texts(document, laidOut))
}

// Parse reads what Text has written.
func Parse(text []byte) (any, error) {
	var document any
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	return texts(document, compact), nil
}

// texts are the document with each text changed.
func texts(document any, change func(string) string) any {
	switch x := document.(type) {
	case string:
		return change(x)
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, v := range x {
			out[k] = texts(v, change)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i, v := range x {
			out[i] = texts(v, change)
		}
		return out
	}
	return document
}

// laidOut is a compact JSON object on several lines, and every other text as it is.
func laidOut(s string) string {
	if !strings.HasPrefix(s, "{") {
		return s
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(s), "", "  "); err != nil || compact(b.String()) != s {
		return s
	}
	return b.String()
}

// compact is the reverse.
func compact(s string) string {
	if !strings.HasPrefix(s, "{\n") {
		return s
	}
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		return s
	}
	return b.String()
}
