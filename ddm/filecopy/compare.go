package filecopy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Content is what differs when nothing but the content of a file does.
const Content = "content"

// Difference of the two sides at one path. One of them is nil where the path is missing.
type Difference struct{ Source, Target *Entry }

// Path that differs.
func (d Difference) Path() string {
	if d.Source != nil {
		return d.Source.Path
	}
	return d.Target.Path
}

// What differs, in words; in what is compared the source comes first. It is empty when nothing
// does.
func (d Difference) What() []string {
	s, t := d.Source, d.Target
	switch {
	case t == nil:
		return []string{"missing at the target"}
	case s == nil:
		return []string{"only at the target"}
	case s.Type != t.Type:
		return []string{fmt.Sprintf("type %s != %s", s.Type, t.Type)}
	}
	var out []string
	add := func(differs bool, format string, args ...any) {
		if differs {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(s.Size != t.Size, "size %d != %d", s.Size, t.Size)
	// Of several hard links only the first is read.
	add(s.Size == t.Size && s.Same == t.Same && !bytes.Equal(s.Sum, t.Sum), Content)
	add(s.Target != t.Target, "link target %s != %s", Quote(s.Target), Quote(t.Target))
	add(s.Same != t.Same, "%s != %s", same(s), same(t))
	add(s.Mode != t.Mode, "mode %04o != %04o", s.Mode, t.Mode)
	add(s.UID != t.UID || s.GID != t.GID, "owner %d:%d != %d:%d", s.UID, s.GID, t.UID, t.GID)
	add(s.compared().Seconds != t.compared().Seconds, "mtime %s != %s", date(s), date(t))
	return append(out, attributes(s.Xattrs, t.Xattrs)...)
}

// attributes says which extended attributes differ.
func attributes(source, target []Xattr) []string {
	var out []string
	find := func(in []Xattr, name string) (value []byte, ok bool) {
		i := slices.IndexFunc(in, func(x Xattr) bool { return x.Name == name })
		if i < 0 {
			return nil, false
		}
		return in[i].Value, true
	}
	for _, x := range source {
		value, ok := find(target, x.Name)
		switch {
		case !ok:
			out = append(out, "xattr "+printable(x.Name)+" is missing at the target")
		case !bytes.Equal(value, x.Value):
			out = append(out, "xattr "+printable(x.Name)+" has another value")
		}
	}
	for _, x := range target {
		if _, ok := find(source, x.Name); !ok {
			out = append(out, "xattr "+printable(x.Name)+" is only at the target")
		}
	}
	return out
}

func same(e *Entry) string {
	if e.Same == "" {
		return "a file of its own"
	}
	return "a hard link of " + Quote(e.Same)
}

func date(e *Entry) string { return time.Unix(e.Seconds, 0).UTC().Format(time.RFC3339) }

// Quote makes a path printable, and short: of a long one it shows both ends.
func Quote(path string) string {
	const limit = 120
	q := strconv.Quote(path)
	if len(q) <= limit {
		return q
	}
	return strings.ToValidUTF8(q[:limit/2], "") + "..." + strings.ToValidUTF8(q[len(q)-limit/2:], "")
}

// printable leaves a name as it is, unless it needs quotes.
func printable(name string) string {
	if quoted := Quote(name); strings.Trim(quoted, `"`) != name {
		return quoted
	}
	return name
}

// Comparison of a tree with the manifest of another.
type Comparison struct {
	manifest *Reader
	sum      func(*Entry) ([]byte, error)
	differs  func(Difference) error
	next     *Entry // of the manifest
	ended    bool
	a, b     []byte
}

// NewComparison compares with the manifest, and hands every path that differs to differs, in
// order. Where the manifest has a hash, and the tree was read without, it asks sum for that. An
// error of either ends the comparison.
func NewComparison(manifest *Reader, sum func(*Entry) ([]byte, error), differs func(Difference) error) *Comparison {
	return &Comparison{manifest: manifest, sum: sum, differs: differs}
}

// Add takes the next entry of the tree.
func (c *Comparison) Add(e *Entry) error {
	for {
		if err := c.advance(); err != nil {
			return err
		}
		where := 1
		if c.next != nil {
			where = order(c.next.Path, e.Path)
		}
		switch {
		case where > 0:
			return c.differs(Difference{Target: e})
		case where == 0:
			d := Difference{Source: c.next, Target: e}
			c.next = nil
			if err := c.read(d); err != nil {
				return err
			}
			if c.equal(d) {
				return nil
			}
			return c.differs(d)
		}
		if err := c.missing(); err != nil {
			return err
		}
	}
}

// read completes the tree's entry where both have content that may be the same.
func (c *Comparison) read(d Difference) (err error) {
	if s, t := d.Source, d.Target; s.Sum != nil && t.Sum == nil && t.hashed() && s.Size == t.Size {
		t.Sum, err = c.sum(t)
	}
	return err
}

// equal compares what the digest covers.
func (c *Comparison) equal(d Difference) bool {
	c.a = d.Source.compared().encode(c.a[:0], 0)
	c.b = d.Target.compared().encode(c.b[:0], 0)
	return bytes.Equal(c.a, c.b)
}

// End tells that the tree has no more entries.
func (c *Comparison) End() error {
	for {
		if err := c.advance(); err != nil || c.next == nil {
			return err
		}
		if err := c.missing(); err != nil {
			return err
		}
	}
}

// missing reports the next entry of the manifest, which the tree does not have.
func (c *Comparison) missing() error {
	d := Difference{Source: c.next}
	c.next = nil
	return c.differs(d)
}

// advance reads on in the manifest, unless an entry waits.
func (c *Comparison) advance() error {
	if c.next != nil || c.ended {
		return nil
	}
	e, err := c.manifest.Next()
	if errors.Is(err, io.EOF) {
		c.ended = true
		return nil
	}
	c.next = e
	return err
}
