package filecopy

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// counter counts entries, and makes the digest of them.
type counter struct {
	method string
	sum    hash.Hash
	buf    []byte
	Summary
}

func newCounter(method string) *counter { return &counter{method: method, sum: sha256.New()} }

func (c *counter) add(e *Entry) {
	if e.Type != TypeFolder {
		c.Files++
	}
	if e.Type == TypeFile {
		c.Regular++
		c.Bytes += e.Size
	}
	covered := e.compared()
	if c.method != MethodChecksum {
		covered.Sum = nil // That of the files whose times prove nothing.
	}
	c.buf = covered.encode(c.buf[:0], 0)
	var length [binary.MaxVarintLen64]byte
	c.sum.Write(binary.AppendUvarint(length[:0], uint64(len(c.buf))))
	c.sum.Write(c.buf)
}

func (c *counter) summary() *Summary {
	s := c.Summary
	s.Digest = c.method + ":" + hex.EncodeToString(c.sum.Sum(nil))
	return &s
}
