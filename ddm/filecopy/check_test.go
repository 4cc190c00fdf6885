package filecopy

import (
	"strings"
	"testing"
)

// TestManifestForeign: an entry that leads out of the tree, or has what no walk finds, is refused.
func TestManifestForeign(t *testing.T) {
	file := func(path string) *Entry { return &Entry{Path: path, Type: TypeFile} }
	with := func(change func(*Entry)) *Entry {
		e := file("b")
		change(e)
		return e
	}
	cases := map[string]struct {
		reason string
		entry  *Entry
		want   string
	}{
		"Dots":      {"a file with dots in its name is one", file("..a/.b/..."), ""},
		"Link":      {"of a path that came before", with(func(e *Entry) { e.Same = "a" }), ""},
		"Up":        {"it is not in the tree", file("a/../../x"), "below the root"},
		"Absolute":  {"nor is that", file("/etc/passwd"), "below the root"},
		"Here":      {"no walk finds it", file("a/./b"), "below the root"},
		"NUL":       {"no path holds one", file("a\x00b"), "below the root"},
		"LinkUp":    {"the target would be linked to what lies outside", with(func(e *Entry) { e.Same = "../a" }), "hard link"},
		"LinkLater": {"the first path comes first", with(func(e *Entry) { e.Same = "c" }), "hard link"},
		"Type":      {"device nodes are not copied", with(func(e *Entry) { e.Type = 'b' }), "not copied"},
		"Mode":      {"there are twelve bits", with(func(e *Entry) { e.Mode = 0o170000 }), "mode"},
		"Nanos":     {"a second has no more", with(func(e *Entry) { e.Nanos = 1e9 }), "nanoseconds"},
		"Attribute": {
			"those of the system are not copied",
			with(func(e *Entry) { e.Xattrs = []Xattr{{Name: "trusted.overlay.opaque"}} }), "attribute",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			count := newCounter(MethodMetadata)
			count.add(tc.entry)
			_, err := read(encoded(t, Options{}, count.summary(), []*Entry{tc.entry}), Options{})
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: got %v, want %q", tc.reason, err, tc.want)
			}
		})
	}
	root := &Entry{Type: TypeFolder, Xattrs: []Xattr{{Name: "security.selinux"}}}
	data, err := root.MarshalBinary()
	must(t, err)
	if err := new(Entry).UnmarshalBinary(data); err == nil {
		t.Error("a root with an attribute of the system was taken")
	}
}
