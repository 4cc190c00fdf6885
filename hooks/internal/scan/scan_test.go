package scan

import "testing"

func TestText(t *testing.T) {
	for name, c := range map[string]struct {
		reason, value, want string
		bad                 bool
	}{
		"Plain":   {"as it is written", `"batch/v1 Job"`, "batch/v1 Job", false},
		"Empty":   {"nothing", `""`, "", false},
		"Escapes": {"they are read", `"a\u0041\n\"\\"`, "aA\n\"\\", false},
		"Unicode": {"it stays", `"größe"`, "größe", false},
		"Broken":  {"no text of JSON has such bytes: they are replaced as encoding/json does", "\"a\xff\"", "a\ufffd", false},
		"Control": {"a line break within a string is no JSON", "\"a\nb\"", "", true},
		"Null":    {"it says nothing", `null`, "", false},
		"Number":  {"it is no string", `12`, "", true},
		"Object":  {"it is no string", `{"a":"b"}`, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Text([]byte(c.value))
			if got != c.want || (err != nil) != c.bad {
				t.Errorf("%s: got %q, %v", c.reason, got, err)
			}
		})
	}
}
