package v1alpha1_test

import (
	"strings"
	"testing"
)

// TestCheckSchema proves that the conventions can fail.
func TestCheckSchema(t *testing.T) {
	bound := int64(3)
	text := schema{Type: "string", MaxLength: &bound, Description: "a text"}
	cases := map[string]struct {
		reason string
		schema schema
		want   string
	}{
		"Good": {
			reason: "A bounded string breaks nothing.",
			schema: schema{Type: "object", Properties: map[string]schema{"name": text}},
		},
		"UnboundedString": {
			reason: "A string needs a length, an enum or a format with a length.",
			schema: schema{Type: "object", Properties: map[string]schema{"name": {Type: "string", Description: "d"}}},
			want:   "string without a bound",
		},
		"UnboundedList": {
			reason: "A list needs a length.",
			schema: schema{Type: "array", ListType: "atomic", Items: &text},
			want:   "list without a bound",
		},
		"ListWithoutType": {
			reason: "A list says how it is merged.",
			schema: schema{Type: "array", MaxItems: &bound, Items: &text},
			want:   "list type",
		},
		"MapWithoutKeys": {
			reason: "A list that is a map names its keys.",
			schema: schema{Type: "array", MaxItems: &bound, ListType: "map", Items: &text},
			want:   "map without keys",
		},
		"UnboundedMap": {
			reason: "A map needs a bound on its size and on its values.",
			schema: schema{Type: "object", MaxProperties: &bound, AdditionalProperties: &text},
			want:   "map without a bound",
		},
		"Bool": {
			reason: "A bool can't grow.",
			schema: schema{Type: "object", Properties: map[string]schema{"fast": {Type: "boolean", Description: "d"}}},
			want:   "is a bool",
		},
		"Float": {
			reason: "Floats do not survive a round trip through JSON everywhere.",
			schema: schema{Type: "number"},
			want:   "no floats",
		},
		"NumberAsDuration": {
			reason: "Durations are strings in a spec.",
			schema: schema{Type: "object", Properties: map[string]schema{"healthTimeout": {Type: "integer", Description: "d"}}},
			want:   "is a duration",
		},
		"NoDescription": {
			reason: "Every field of a spec is described.",
			schema: schema{Type: "object", Properties: map[string]schema{"name": {Type: "string", MaxLength: &bound}}},
			want:   "no description",
		},
		"PreserveUnknown": {
			reason: "Unknown fields are pruned.",
			schema: schema{Type: "object", PreserveUnknown: true},
			want:   "preserves unknown fields",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(checkSchema("spec", c.schema), "\n")
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("%s\ngot %q, expected it to contain %q", c.reason, got, c.want)
			}
		})
	}
}
