package task

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMessagesFitTheAPI(t *testing.T) {
	long := strings.Repeat("é", 2000)
	for _, r := range []Result{Succeeded(long), Declined("Locked", long), Failed("Failed", long, RetrySoon)} {
		if len(r.Message) > MaxMessage || !utf8.ValidString(r.Message) {
			t.Errorf("%s: the message has %d bytes, valid: %v", r.Outcome, len(r.Message), utf8.ValidString(r.Message))
		}
	}
}

func TestCut(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		n    int
		want string
	}{
		"short":             {"abc", 3, "abc"},
		"long":              {"abcdefgh", 6, "abc..."},
		"inside a letter":   {"aaéé", 5, "aa..."},
		"behind a letter":   {"aéaaa", 6, "aéaaa"},
		"no room for dots":  {"abcdef", 2, ".."},
		"nothing":           {"abc", 0, ""},
		"only wide letters": {"ééé", 4, "..."},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Cut(c.text, c.n); got != c.want {
				t.Errorf("Cut(%q, %d) is %q, want %q", c.text, c.n, got, c.want)
			}
		})
	}
}
