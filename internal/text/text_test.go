package text

import (
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ reason, in, want string }{
		"Words":   {"an ordinary text stays", "claim data is too small", "claim data is too small"},
		"Letters": {"so do letters of all languages", "größer 大", "größer 大"},
		"Escape":  {"a terminal would carry it out", "a\x1b[2Jb", `a\x1b[2Jb`},
		"Title":   {"with BEL it would set a title", "\x1b]0;x\x07", `\x1b]0;x\a`},
		"Lines":   {"a cell is one line", " a\r\nb\tc\n", "a b c"},
		"Invalid": {"not all bytes are text", "a\xffb", `a\xffb`},
		"Bidi":    {"the order of letters is not turned", "a\u202eb", `a\u202eb`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Plain(c.in); got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

// FuzzPlain: whatever a cluster says, a terminal gets letters and nothing else, in one line.
func FuzzPlain(f *testing.F) {
	f.Add("a\x1b[31mred")
	f.Add("\xff\xfe\u202e\x00\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		for _, got := range []string{Plain(s), strings.ReplaceAll(Lines(s), "\n", "")} {
			if !utf8.ValidString(got) {
				t.Errorf("%q gives %q, which is no valid text", s, got)
			}
			if i := strings.IndexFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
				t.Errorf("%q gives %q, which has a control character at %d", s, got, i)
			}
		}
	})
}

func TestQuote(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatalf("there is no shell to ask: %v", err)
	}
	for name, word := range map[string]string{
		"Plain": "shop-dst", "Empty": "", "Blank": "a b", "Patch": `{"spec":{"approvedPlan":"1f"}}`, "Quote": "it's", "Only": "'",
		"Dollar": "$HOME `id` \\", "Newline": "a\nb", "Glob": "*?[a]", "Tilde": "~root", "Comment": "#a", "Bang": "!x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := exec.Command(sh, "-c", "printf %s "+Quote(word)).Output()
			if err != nil || string(out) != word {
				t.Errorf("a shell reads %s as %q (%v), want %q", Quote(word), out, err, word)
			}
		})
	}
}

func TestTook(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"0 s": -time.Hour, "59 s": 59*time.Second + 900*time.Millisecond, "1 min": time.Minute, "5 min 3 s": 303 * time.Second,
		"1 h": time.Hour, "1 h 15 min": 75 * time.Minute, "3 d 2 h": 74*time.Hour + time.Minute,
	} {
		if got := Took(d); got != want {
			t.Errorf("%s gives %q, want %q", d, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]struct {
		s     string
		width int
	}{"short": {"short", 5}, "a l...": {"a long one", 6}, "größ...": {"größenwahn", 7}, "ab": {"abc", 2}, "": {"abc", 0}} {
		if got := Cut(in.s, in.width); got != want {
			t.Errorf("%q in %d gives %q, want %q", in.s, in.width, got, want)
		}
	}
}

func TestEstimate(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]string{10: "10 s", 60: "1 min", 61: "61 s", 300: "5 min", 3600: "1 h", 4500: "1 h 15 min"} {
		if got := Estimate(seconds); got != want {
			t.Errorf("%d seconds are %q, want %q", seconds, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1<<20 - 1: "1.0 MiB", 3 << 40: "3.0 TiB"} {
		if got := Size(n); got != want {
			t.Errorf("%d bytes are %q, want %q", n, got, want)
		}
	}
}
