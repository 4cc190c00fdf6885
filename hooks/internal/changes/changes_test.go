package changes_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/hooks/internal/changes"
)

// What has changed is told as short as it can be, and the next document follows from it.
func TestBetween(t *testing.T) {
	for name, c := range map[string]struct{ reason, before, after, want string }{
		"First":        {"there is nothing to compare it with", `null`, `{"a":1,"b":[1]}`, `{"a":1,"b":[1]}`},
		"Same":         {"nothing is to be told", `{"a":{"b":[1,{}]},"c":[]}`, `{"a":{"b":[1,{}]},"c":[]}`, `null`},
		"Member":       {"the other members stay", `{"a":1,"b":{"c":1,"d":2}}`, `{"a":1,"b":{"c":1,"d":3}}`, `{"b":{"d":3}}`},
		"Removed":      {"null is gone", `{"a":1,"b":{"c":1,"d":2}}`, `{"b":{"d":2}}`, `{"a":null,"b":{"c":null}}`},
		"Emptied":      {"an empty object is there", `{"a":{"b":1}}`, `{"a":{}}`, `{"a":{"b":null}}`},
		"NewEmpty":     {"an empty object that was not there is told", `{}`, `{"a":{}}`, `{"a":{}}`},
		"NewEmptyList": {"so is an empty list", `{}`, `{"a":[]}`, `{"a":[]}`},
		"Plain":        {"a list of values is told whole", `{"a":[1,2]}`, `{"a":[1,3]}`, `{"a":[1,3]}`},
		"Shorter":      {"a list that has lost an element is told whole", `[{"name":"x"},{"name":"y"}]`, `[{"name":"y"}]`, `[{"name":"y"}]`},
		"Order": {"so is one in another order", `[{"name":"x"},{"name":"y"}]`, `[{"name":"y"},{"name":"x"}]`,
			`[{"name":"y"},{"name":"x"}]`},
		"Element": {"of objects with a type only those are told that are different",
			`[{"type":"x","v":1},{"type":"y","v":1,"w":1}]`, `[{"type":"x","v":1},{"type":"y","v":2}]`, `{"y":{"v":2,"w":null}}`},
		"ByName": {"the type is the same twice, the name is not",
			`[{"type":"x","name":"a","v":1},{"type":"x","name":"b","v":1}]`, `[{"type":"x","name":"a","v":2},{"type":"x","name":"b","v":1}]`,
			`{"a":{"v":2}}`},
		"Nested": {"a list within an element", `[{"name":"x","l":[{"name":"y","v":1}]}]`, `[{"name":"x","l":[{"name":"y","v":2}]}]`,
			`{"x":{"l":{"y":{"v":2}}}}`},
		"OtherType": {"what was a text is an object", `{"a":"b"}`, `{"a":{"b":1}}`, `{"a":{"b":1}}`},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := decode(t, c.before), decode(t, c.after)
			got := changes.Between(before, after)
			if d := cmp.Diff(decode(t, c.want), got); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
			next := before
			if got != nil {
				var err error
				if next, err = changes.Apply(before, got); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(after, next); d != "" {
				t.Errorf("%s: applied: -want +got\n%s", c.reason, d)
			}
			if d := cmp.Diff(decode(t, c.before), before); d != "" {
				t.Errorf("the document before was changed:\n%s", d)
			}
		})
	}
}

// A change that does not belong to the document is an error, and no guess.
func TestApplyToAnother(t *testing.T) {
	if got, err := changes.Apply(decode(t, `{"l":[{"name":"x"}]}`), decode(t, `{"l":{"y":{"v":1}}}`)); err == nil {
		t.Errorf("got %v, want an error: the list has no y", got)
	}
}

// A text is written so that its lines can be compared, and read as it was.
func TestText(t *testing.T) {
	for name, c := range map[string]struct{ reason, document, want string }{
		"JSON": {"JSON in a text has lines, its members in their order", `{"a":"{\"z\":1,\"b\":[\"x\"]}"}`,
			"a: |-\n  {\n    \"z\": 1,\n    \"b\": [\n      \"x\"\n    ]\n  }\n"},
		"OtherJSON": {"JSON with blanks of its own stays as it is", `{"a":"{ \"z\":1}"}`, "a: '{ \"z\":1}'\n"},
		"NoJSON":    {"so does what only begins like it", `{"a":"{x"}`, "a: '{x'\n"},
		"Long":      {"a long text is one line", `{"a":"` + strings.Repeat("word ", 40) + `end"}`, "a: " + strings.Repeat("word ", 40) + "end\n"},
		"Types": {"texts that look like something else stay texts", `{"a":"true","b":true,"c":"1","d":"2026-11-21T08:00:00Z","e":null}`,
			"a: \"true\"\nb: true\nc: \"1\"\nd: \"2026-11-21T08:00:00Z\"\ne: null\n"},
	} {
		t.Run(name, func(t *testing.T) {
			document := decode(t, c.document)
			text, err := changes.Text(document)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, string(text)); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
			again, err := changes.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(document, again); d != "" {
				t.Errorf("%s: read again: -want +got\n%s", c.reason, d)
			}
		})
	}
}

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
