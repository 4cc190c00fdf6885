package filecopy

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// manifest of a tree, and its entries.
func manifest(t *testing.T, root string, o Options) ([]byte, []*Entry) {
	t.Helper()
	s, entries := walk(t, root, o)
	return encoded(t, o, s, entries), entries
}

func encoded(t *testing.T, o Options, s *Summary, entries []*Entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, o)
	must(t, err)
	for _, e := range entries {
		must(t, w.Add(e))
	}
	must(t, w.Close(s))
	return out.Bytes()
}

// read takes a manifest apart.
func read(data []byte, o Options) (entries []*Entry, err error) {
	r, err := NewReader(bytes.NewReader(data), o)
	if err != nil {
		return nil, err
	}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return entries, err
		}
		entries = append(entries, e)
	}
}

func TestManifest(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	fill(t, root)
	for _, o := range []Options{{}, {Checksum: true}} {
		data, want := manifest(t, root, o)
		got, err := read(data, o)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestManifestDamaged: nothing but the whole manifest counts as one.
func TestManifestDamaged(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	fill(t, root)
	o := Options{Checksum: true}
	data, entries := manifest(t, root, o)
	for n := range data {
		if _, err := read(data[:n], o); err == nil {
			t.Fatalf("the first %d of %d bytes count as the whole", n, len(data))
		}
		changed := bytes.Clone(data)
		changed[n] ^= 1
		if got, err := read(changed, o); err == nil && n < len(data)-1 {
			// The times of folders and fractions of seconds are not in the digest.
			for i := range got {
				got[i], entries[i] = got[i].compared(), entries[i].compared()
			}
			if diff := cmp.Diff(entries, got); diff != "" {
				t.Fatalf("byte %d was changed, and it was not seen (-want +got):\n%s", n, diff)
			}
		}
	}
	slices.Reverse(entries)
	if _, err := read(encoded(t, o, &Summary{}, entries), o); err == nil || !strings.Contains(err.Error(), "comes after") {
		t.Errorf("entries in the wrong order were taken: %v", err)
	}
	if _, err := NewReader(bytes.NewReader(data), Options{}); err == nil || !strings.Contains(err.Error(), "one version") {
		t.Errorf("a manifest of another method was taken: %v", err)
	}
}

// FuzzDecode: whatever comes in, decoding ends, and what it takes is what encoding makes.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{}, "")
	f.Add((&Entry{Path: "a", Type: TypeFile, Xattrs: []Xattr{{Name: "user.a", Value: []byte("1")}}, Sum: []byte("sum")}).encode(nil, 0), "")
	f.Add((&Entry{Path: "a/b", Type: TypeLink, Seconds: -1, Target: "x", Same: "a/a"}).encode(nil, 2), "a/c")
	f.Fuzz(func(t *testing.T, data []byte, before string) {
		e, err := decode(data, before)
		if err != nil {
			return
		}
		again, err := decode(e.encode(nil, 0), "")
		must(t, err)
		if diff := cmp.Diff(e, again); diff != "" {
			t.Errorf("(-once +twice):\n%s", diff)
		}
	})
}

func TestOrder(t *testing.T) {
	// As a walk meets them: what is in a folder comes before the next name.
	want := []string{"a", "a/b", "a/b/c", "a/c", "a\x01", "a b", "a-b", "a.b", "a0", "aa", "b", "\xff"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, order)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
