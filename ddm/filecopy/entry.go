package filecopy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Type of an entry. The values are part of the encoding.
type Type byte

// The types that are copied. Sockets and device nodes are not.
const (
	TypeFile   Type = 'f'
	TypeFolder Type = 'd'
	TypeLink   Type = 'l'
	TypePipe   Type = 'p'
)

// String names the type for people.
func (t Type) String() string {
	switch t {
	case TypeFile:
		return "file"
	case TypeFolder:
		return "folder"
	case TypeLink:
		return "symbolic link"
	case TypePipe:
		return "FIFO"
	}
	return fmt.Sprintf("type %q", byte(t))
}

// Xattr is an extended attribute. Neither its name nor its value need be text.
type Xattr struct {
	Name  string
	Value []byte
}

// Entry is what a copy must keep of one path.
type Entry struct {
	// Path below the root, with slashes. It may hold any byte but NUL.
	Path string
	// Type of the path.
	Type Type
	// Mode holds the permissions with setuid, setgid and sticky, at most 07777. Always 0 for a
	// symbolic link, which has none of its own.
	Mode uint32
	// UID and GID of the owner.
	UID, GID uint32
	// Size of a file in bytes; 0 for all else.
	Size int64
	// Seconds and Nanos of the last change of the content, since 1970. Nanos are not compared:
	// not every file system keeps them. Of a folder neither is.
	Seconds int64
	Nanos   uint32
	// Target of a symbolic link.
	Target string
	// Same is the first path of the tree that is the same inode, if that is another one: both
	// are hard links of one file. Links from outside the tree do not count.
	Same string
	// Xattrs that KeepsXattr keeps, by name.
	Xattrs []Xattr
	// Sum is the BLAKE3 hash of the content, 32 bytes: in walks with checksums, and where the times
	// prove nothing, of files without Same.
	Sum []byte
}

// compared returns the entry without what is not compared.
func (e *Entry) compared() *Entry {
	c := *e
	c.Nanos = 0
	if c.Type == TypeFolder {
		c.Seconds = 0
	}
	return &c
}

// hashed tells whether the entry has content of its own.
func (e *Entry) hashed() bool { return e.Type == TypeFile && e.Same == "" }

func (e *Entry) mtime() time.Time { return time.Unix(e.Seconds, int64(e.Nanos)) }

// encode appends the entry to buf. The first shared bytes of its path are left out. All that
// can be of any length comes with its length, so that the encoding is unambiguous.
func (e *Entry) encode(buf []byte, shared int) []byte {
	text := func(s string) {
		buf = binary.AppendUvarint(buf, uint64(len(s)))
		buf = append(buf, s...)
	}
	buf = binary.AppendUvarint(buf, uint64(shared))
	text(e.Path[shared:])
	buf = append(buf, byte(e.Type))
	buf = binary.AppendUvarint(buf, uint64(e.Mode))
	buf = binary.AppendUvarint(buf, uint64(e.UID))
	buf = binary.AppendUvarint(buf, uint64(e.GID))
	buf = binary.AppendUvarint(buf, uint64(e.Size))
	buf = binary.AppendVarint(buf, e.Seconds)
	buf = binary.AppendUvarint(buf, uint64(e.Nanos))
	text(e.Target)
	text(e.Same)
	buf = binary.AppendUvarint(buf, uint64(len(e.Xattrs)))
	for _, x := range e.Xattrs {
		text(x.Name)
		text(string(x.Value))
	}
	text(string(e.Sum))
	return buf
}

var errDamaged = errors.New("the entry is damaged")

// decode reads what encode has written; before is the path that the left out bytes are of.
func decode(data []byte, before string) (*Entry, error) {
	f := fields{data: data}
	e := &Entry{}
	shared := f.count(uint64(len(before)))
	e.Path = before[:shared] + f.text()
	e.Type = Type(f.byte())
	e.Mode, e.UID, e.GID = uint32(f.uint()), uint32(f.uint()), uint32(f.uint())
	e.Size, e.Seconds, e.Nanos = int64(f.uint()), f.int(), uint32(f.uint())
	e.Target, e.Same = f.text(), f.text()
	// Each attribute takes two bytes at least: a damaged number allocates no more than that.
	for range f.count(uint64(len(f.data) / 2)) {
		e.Xattrs = append(e.Xattrs, Xattr{Name: f.text(), Value: []byte(f.text())})
	}
	if sum := f.text(); sum != "" {
		e.Sum = []byte(sum)
	}
	if f.bad || len(f.data) > 0 {
		return nil, errDamaged
	}
	return e, nil
}

// MarshalBinary encodes the entry alone.
func (e *Entry) MarshalBinary() ([]byte, error) { return e.encode(nil, 0), nil }

// UnmarshalBinary reads what MarshalBinary has written, of an entry that Read makes.
func (e *Entry) UnmarshalBinary(data []byte) error {
	got, err := decode(data, "")
	if err == nil {
		err = got.checkValues()
	}
	if err == nil {
		*e = *got
	}
	return err
}

// fields takes an encoding apart. After the first field that is not there all are zero.
type fields struct {
	data []byte
	bad  bool
}

func (f *fields) take(n int) []byte {
	if f.bad || n < 0 || n > len(f.data) {
		f.bad = true
		return nil
	}
	out := f.data[:n]
	f.data = f.data[n:]
	return out
}

func (f *fields) byte() byte {
	if b := f.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (f *fields) uint() uint64 {
	v, n := binary.Uvarint(f.data)
	f.skip(n)
	return v
}

func (f *fields) int() int64 {
	v, n := binary.Varint(f.data)
	f.skip(n)
	return v
}

// skip drops the n bytes of a number; there is none without any.
func (f *fields) skip(n int) {
	if n <= 0 {
		f.bad = true
		return
	}
	f.take(n)
}

// count is a number that cannot be more than limit.
func (f *fields) count(limit uint64) int {
	n := f.uint()
	if f.bad || n > limit {
		f.bad = true
		return 0
	}
	return int(n)
}

func (f *fields) text() string { return string(f.take(f.count(uint64(len(f.data))))) }
