package filecopy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A manifest is every entry of a tree, in the order of Walk: a line with the version of the
// encoding and the method, the entries, each with its length before it, a length of 0, and at
// the end what was counted, and the digest.
const manifestVersion = "kubemove tree 1 "

// maxRecord bounds an entry: a path, a link target, and attributes of at most 64 KiB each.
const maxRecord = 64 << 20

// Writer writes a manifest.
type Writer struct {
	w    *bufio.Writer
	buf  []byte
	last string
}

// NewWriter begins a manifest of a walk with the options.
func NewWriter(w io.Writer, o Options) (*Writer, error) {
	out := &Writer{w: bufio.NewWriterSize(w, 1<<16)}
	_, err := out.w.WriteString(manifestVersion + o.method() + "\n")
	return out, err
}

// Add writes the next entry.
func (w *Writer) Add(e *Entry) error {
	shared := 0
	for shared < min(len(e.Path), len(w.last)) && e.Path[shared] == w.last[shared] {
		shared++
	}
	w.last = e.Path
	w.buf = e.encode(w.buf[:0], shared)
	return w.record(w.buf)
}

// record writes data with its length.
func (w *Writer) record(data []byte) error {
	var length [binary.MaxVarintLen64]byte
	if _, err := w.w.Write(binary.AppendUvarint(length[:0], uint64(len(data)))); err != nil {
		return err
	}
	_, err := w.w.Write(data)
	return err
}

// Close ends the manifest with what the walk has counted; without it a reader refuses it.
func (w *Writer) Close(s *Summary) error {
	if err := w.record(nil); err != nil {
		return err
	}
	if err := w.record([]byte(trailer(s, s.Allocated))); err != nil {
		return err
	}
	return w.w.Flush()
}

func trailer(s *Summary, allocated int64) string {
	return fmt.Sprintf("%d %d %d %s", allocated, s.Files, s.Bytes, s.Digest)
}

// Reader reads a manifest.
type Reader struct {
	r       *bufio.Reader
	buf     []byte
	last    string
	count   *counter
	summary *Summary
}

// NewReader reads the beginning of a manifest, and refuses one of another version, or of
// another method than that of the options.
func NewReader(r io.Reader, o Options) (*Reader, error) {
	in := &Reader{r: bufio.NewReaderSize(r, 1<<16), count: newCounter(o.method())}
	line, err := in.r.ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest: %w", unexpected(err))
	}
	if got, want := strings.TrimSuffix(string(line), "\n"), manifestVersion+o.method(); got != want {
		return nil, fmt.Errorf("the manifest begins with %q, expected %q: use one version of the mobilizer on both sides", got, want)
	}
	return in, nil
}

// Next returns the next entry; io.EOF after the last, once the manifest is known to be whole.
func (r *Reader) Next() (*Entry, error) {
	if r.summary != nil {
		return nil, io.EOF
	}
	data, err := r.record()
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest: %w", err)
	}
	if len(data) == 0 {
		return nil, r.end()
	}
	e, err := decode(data, r.last)
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest after %q: %w", r.last, err)
	}
	if r.last != "" && order(r.last, e.Path) >= 0 {
		return nil, fmt.Errorf("cannot read the manifest: %q comes after %q", e.Path, r.last)
	}
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("cannot read the manifest: %w", err)
	}
	r.last = e.Path
	r.count.add(e)
	return e, nil
}

// record reads one length and what follows it.
func (r *Reader) record() ([]byte, error) {
	n, err := binary.ReadUvarint(r.r)
	if err != nil {
		return nil, unexpected(err)
	}
	if n > maxRecord {
		return nil, errDamaged
	}
	if uint64(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	r.buf = r.buf[:n]
	_, err = io.ReadFull(r.r, r.buf)
	return r.buf, unexpected(err)
}

// end compares the counts and the digest at the end with what was read.
func (r *Reader) end() error {
	data, err := r.record()
	if err != nil {
		return fmt.Errorf("cannot read the end of the manifest: %w", err)
	}
	s := r.count.summary()
	// The allocation is not in the entries.
	_, _ = fmt.Sscan(string(data), &s.Allocated)
	if got, want := string(data), trailer(s, s.Allocated); got != want {
		return fmt.Errorf("the manifest is damaged: it says %q, its entries make %q", got, want)
	}
	r.summary = s
	return io.EOF
}

// Summary of the tree that the manifest is of, once Next has returned io.EOF; nil before.
func (r *Reader) Summary() *Summary { return r.summary }

// unexpected is the error of a manifest that ends too early.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// order compares two paths as a walk meets them: that of a folder comes before those in it,
// and those before the next name in the folder above.
func order(a, b string) int {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	// A path that ends comes first, then one that goes on with a slash: no name holds a NUL,
	// so there is room for that below all bytes.
	at := func(s string) int {
		switch {
		case i == len(s):
			return -1
		case s[i] == '/':
			return 0
		}
		return int(s[i])
	}
	return at(a) - at(b)
}
