package filecopy

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWhat: every field that counts has words, and those that do not count have none.
func TestWhat(t *testing.T) {
	cases := map[string]struct {
		reason string
		change func(*Entry)
		want   []string
	}{
		"nothing":     {reason: "equal entries", change: func(*Entry) {}},
		"nanoseconds": {reason: "not every file system keeps them", change: func(e *Entry) { e.Nanos = 7 }},
		"mode":        {reason: "as people write it", change: func(e *Entry) { e.Mode = 0o4600 }, want: []string{"mode 0644 != 4600"}},
		"user":        {reason: "the owner is both", change: func(e *Entry) { e.UID = 7 }, want: []string{"owner 1:2 != 7:2"}},
		"group":       {reason: "the owner is both", change: func(e *Entry) { e.GID = 7 }, want: []string{"owner 1:2 != 1:7"}},
		"size": {
			reason: "then the content differs anyway", change: func(e *Entry) { e.Size, e.Sum = 6, []byte("other") },
			want: []string{"size 5 != 6"},
		},
		"content": {reason: "nothing else shows it", change: func(e *Entry) { e.Sum = []byte("other") }, want: []string{Content}},
		"time": {
			reason: "as a date", change: func(e *Entry) { e.Seconds = -1 },
			want: []string{"mtime 2023-11-14T22:13:20Z != 1969-12-31T23:59:59Z"},
		},
		"type": {
			reason: "the rest means nothing then", change: func(e *Entry) { e.Type, e.Mode = TypeFolder, 0o755 },
			want: []string{"type file != folder"},
		},
		"target": {reason: "of a link", change: func(e *Entry) { e.Target = "a\n" }, want: []string{`link target "" != "a\n"`}},
		"hard link": {
			reason: "its content is that of the first", change: func(e *Entry) { e.Same, e.Sum = "a", nil },
			want: []string{`a file of its own != a hard link of "a"`},
		},
		"attribute gone": {
			reason: "by name", change: func(e *Entry) { e.Xattrs = nil },
			want: []string{"xattr user.a is missing at the target"},
		},
		"attribute other": {
			reason: "values may be large", change: func(e *Entry) { e.Xattrs = []Xattr{{"user.a", []byte("2")}} },
			want: []string{"xattr user.a has another value"},
		},
		"attribute more": {reason: "its name may be anything", change: func(e *Entry) {
			e.Xattrs = append([]Xattr{{"user.\xff", nil}}, e.Xattrs...)
		}, want: []string{`xattr "user.\xff" is only at the target`}},
		"two things": {reason: "all are named", change: func(e *Entry) { e.Mode, e.Seconds = 0, 0 },
			want: []string{"mode 0644 != 0000", "mtime 2023-11-14T22:13:20Z != 1970-01-01T00:00:00Z"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			entry := func() *Entry {
				return &Entry{Path: "x", Type: TypeFile, Mode: 0o644, UID: 1, GID: 2, Size: 5, Seconds: 1_700_000_000, Nanos: 5,
					Xattrs: []Xattr{{"user.a", []byte("1")}}, Sum: []byte("sum")}
			}
			d := Difference{Source: entry(), Target: entry()}
			tc.change(d.Target)
			got := d.What()
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if equal := new(Comparison).equal(d); equal != (len(got) == 0) {
				t.Errorf("%s: they count as equal: %t", tc.reason, equal)
			}
		})
	}
}

// TestComparison merges two lists of paths.
func TestComparison(t *testing.T) {
	cases := map[string]struct {
		reason         string
		source, target string
		want           string
	}{
		"both empty":   {reason: "an empty volume is a volume"},
		"equal":        {reason: "nothing differs", source: "a a/b c", target: "a a/b c"},
		"gone":         {reason: "at the beginning, inside and at the end", source: "a a/b a-b c", target: "a-b", want: "-a -a/b -c"},
		"more":         {reason: "at the beginning, inside and at the end", source: "a-b", target: "a a/b a-b c", want: "+a +a/b +c"},
		"all gone":     {reason: "to the last", source: "a b", want: "-a -b"},
		"nothing else": {reason: "to the last", target: "a b", want: "+a +b"},
		"both":         {reason: "each at its place", source: "a b d", target: "a c d", want: "-b +c"},
		"changed":      {reason: "an entry that differs is both", source: "a b=1 c", target: "a b=2 c", want: "b"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			data := encoded(t, Options{}, summed(entries(tc.source)), entries(tc.source))
			in, err := NewReader(bytes.NewReader(data), Options{})
			must(t, err)
			var got []string
			c := NewComparison(in, nil, func(d Difference) error {
				mark := map[string]string{"missing at the target": "-", "only at the target": "+"}[d.What()[0]]
				got = append(got, mark+d.Path())
				return nil
			})
			for _, e := range entries(tc.target) {
				must(t, c.Add(e))
			}
			must(t, c.End())
			if text := strings.Join(got, " "); text != tc.want {
				t.Errorf("%s: got %q, want %q", tc.reason, text, tc.want)
			}
		})
	}
}

// entries of a list such as "a b=1": paths, with another mode where one is given.
func entries(list string) []*Entry {
	var out []*Entry
	for _, word := range strings.Fields(list) {
		path, mode, _ := strings.Cut(word, "=")
		out = append(out, &Entry{Path: path, Type: TypeFile, Mode: uint32(len(mode)) + 10*uint32((mode + "0")[0])})
	}
	return out
}

func summed(entries []*Entry) *Summary {
	c := newCounter(MethodMetadata)
	for _, e := range entries {
		c.add(e)
	}
	return c.summary()
}

// TestComparisonEnds: an error of the receiver of the differences ends it, a damaged manifest
// is no difference.
func TestComparisonEnds(t *testing.T) {
	data := encoded(t, Options{}, summed(entries("a b")), entries("a b"))
	enough := errors.New("enough")
	compare := func(data []byte) *Comparison {
		in, err := NewReader(bytes.NewReader(data), Options{})
		must(t, err)
		return NewComparison(in, nil, func(Difference) error { return enough })
	}
	if err := compare(data).Add(entries("b")[0]); !errors.Is(err, enough) {
		t.Errorf("got %v, want %v", err, enough)
	}
	if err := compare(data).End(); !errors.Is(err, enough) {
		t.Errorf("got %v, want %v", err, enough)
	}
	c := compare(data[:len(data)-1])
	for _, e := range entries("a b") {
		must(t, c.Add(e))
	}
	if err := c.End(); err == nil || errors.Is(err, enough) {
		t.Errorf("a manifest without its end was compared: %v", err)
	}
}

func TestQuote(t *testing.T) {
	cases := map[string]struct{ path, want string }{
		"plain":   {"a b", `"a b"`},
		"strange": {"a\n\xff\"", `"a\n\xff\""`},
		"long": {
			strings.Repeat("long/", 1000) + "end",
			`"` + strings.Repeat("long/", 12)[:59] + "..." + strings.Repeat("long/", 12)[4:] + `end"`,
		},
		"long and strange": {strings.Repeat("ü", 1000), `"` + strings.Repeat("ü", 29) + "..." + strings.Repeat("ü", 29) + `"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Quote(tc.path); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// TestRehashed: content is compared where the walk of the manifest says so, and only there,
// though the digest stays that of the metadata.
func TestRehashed(t *testing.T) {
	source, target := t.TempDir(), t.TempDir()
	now := time.Now().Truncate(time.Second)
	for name, hour := range map[string]time.Duration{"old": 2, "young": 1, "linked": 1} {
		for root, content := range map[string]string{source: "good", target: "evil"} {
			put(t, filepath.Join(root, name), content)
			must(t, os.Chtimes(filepath.Join(root, name), now, now.Add(-hour*time.Hour)))
		}
	}
	for _, root := range []string{source, target} {
		must(t, os.Link(filepath.Join(root, "linked"), filepath.Join(root, "too")))
	}
	rehash := Options{MustRehash: func(mtime, ctime time.Time) bool {
		if ctime.Before(now) {
			t.Errorf("the file was not changed at %s", ctime)
		}
		return mtime.After(now.Add(-2 * time.Hour))
	}}
	var entries []*Entry
	o := rehash
	o.Each = func(e *Entry) error { entries = append(entries, e); return nil }
	s, err := open(t, source).Walk(t.Context(), o)
	must(t, err)
	in, err := NewReader(bytes.NewReader(encoded(t, rehash, s, entries)), Options{})
	must(t, err)
	var got []string
	copied := open(t, target)
	c := NewComparison(in,
		func(e *Entry) ([]byte, error) { return copied.Sum(t.Context(), e.Path) },
		func(d Difference) error {
			got = append(got, d.Path()+": "+strings.Join(d.What(), ", "))
			return nil
		})
	read, err := copied.Walk(t.Context(), Options{Each: c.Add})
	must(t, err)
	must(t, c.End())
	if diff := cmp.Diff([]string{"linked: content", "young: content"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s.Digest != read.Digest || !strings.HasPrefix(s.Digest, MethodMetadata+":") {
		t.Errorf("the digests are %s and %s", s.Digest, read.Digest)
	}
}
