// Package scan walks JSON without decoding it: it finds the members of objects and where each
// value begins and ends, in one pass. A request of Metacontroller holds whole objects of which
// a hook needs a few fields; walking it is several times faster than decoding it.
package scan

import (
	"encoding/json"
	"errors"
	"fmt"
)

// maxDepth of nested values, as encoding/json has one.
const maxDepth = 1000

var errEnd = errors.New("the JSON ends too early")

// Reader walks one JSON text.
type Reader struct {
	data  []byte
	at    int
	depth int
}

// NewReader stands before the first value of the data.
func NewReader(data []byte) *Reader {
	r := &Reader{data: data}
	r.space()
	return r
}

// Offset of the next value.
func (r *Reader) Offset() int { return r.at }

// Kind is the first byte of the next value, which tells what it is: { [ " t f n - or a digit;
// 0 at the end.
func (r *Reader) Kind() byte {
	if r.at >= len(r.data) {
		return 0
	}
	return r.data[r.at]
}

// End fails when anything follows but white space.
func (r *Reader) End() error {
	if r.at != len(r.data) {
		return fmt.Errorf("unexpected data at offset %d, after the end of the JSON", r.at)
	}
	return nil
}

// Object walks the members of the object that comes next. F is given each key (as it is
// written, without the quotes) and has to consume the value, by Object, Value or Skip.
func (r *Reader) Object(f func(key []byte) error) error {
	if r.Kind() != '{' {
		return r.unexpected("an object")
	}
	if err := r.enter(); err != nil {
		return err
	}
	for first := true; ; first = false {
		switch c := r.Kind(); {
		case c == '}' && first:
			r.leave()
			return nil
		case c != '"':
			return r.unexpected("a key")
		}
		start := r.at + 1
		if err := r.text(); err != nil {
			return err
		}
		key := r.data[start : r.at-1]
		r.space()
		if r.Kind() != ':' {
			return r.unexpected("a colon")
		}
		r.at++
		r.space()
		if err := f(key); err != nil {
			return err
		}
		if more, err := r.more('}'); !more {
			return err
		}
	}
}

// Array walks the elements of the array that comes next; f has to consume each.
func (r *Reader) Array(f func() error) error {
	if r.Kind() != '[' {
		return r.unexpected("an array")
	}
	if err := r.enter(); err != nil {
		return err
	}
	if r.Kind() == ']' {
		r.leave()
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		if more, err := r.more(']'); !more {
			return err
		}
	}
}

// Value consumes the next value and returns it.
func (r *Reader) Value() ([]byte, error) {
	start := r.at
	end, err := r.skip()
	if err != nil {
		return nil, err
	}
	return r.data[start:end], nil
}

// Skip consumes the next value.
func (r *Reader) Skip() error {
	_, err := r.skip()
	return err
}

// skip returns the end of the value; the reader stands behind the white space after it.
func (r *Reader) skip() (int, error) {
	var err error
	switch c := r.Kind(); {
	case c == '"':
		err = r.text()
	case c == '{':
		return r.skipObject()
	case c == '[':
		return r.skipArray()
	case c == 't':
		err = r.literal("true")
	case c == 'f':
		err = r.literal("false")
	case c == 'n':
		err = r.literal("null")
	case c == '-' || c >= '0' && c <= '9':
		r.number()
	default:
		err = r.unexpected("a value")
	}
	end := r.at
	r.space()
	return end, err
}

func (r *Reader) skipObject() (int, error) {
	if err := r.enter(); err != nil {
		return 0, err
	}
	for first := true; ; first = false {
		if c := r.Kind(); c == '}' && first {
			return r.leave(), nil
		} else if c != '"' {
			return 0, r.unexpected("a key")
		}
		if err := r.text(); err != nil {
			return 0, err
		}
		r.space()
		if r.Kind() != ':' {
			return 0, r.unexpected("a colon")
		}
		r.at++
		r.space()
		if _, err := r.skip(); err != nil {
			return 0, err
		}
		if r.Kind() == '}' {
			return r.leave(), nil
		}
		if _, err := r.more('}'); err != nil {
			return 0, err
		}
	}
}

func (r *Reader) skipArray() (int, error) {
	if err := r.enter(); err != nil {
		return 0, err
	}
	if r.Kind() == ']' {
		return r.leave(), nil
	}
	for {
		if _, err := r.skip(); err != nil {
			return 0, err
		}
		if r.Kind() == ']' {
			return r.leave(), nil
		}
		if _, err := r.more(']'); err != nil {
			return 0, err
		}
	}
}

// enter an object or array.
func (r *Reader) enter() error {
	r.depth++
	if r.depth > maxDepth {
		return fmt.Errorf("the JSON is nested deeper than %d levels", maxDepth)
	}
	r.at++
	r.space()
	return nil
}

// leave it, and return its end.
func (r *Reader) leave() int {
	r.depth--
	r.at++
	end := r.at
	r.space()
	return end
}

// more consumes the comma before a further element, or the end.
func (r *Reader) more(end byte) (bool, error) {
	switch r.Kind() {
	case ',':
		r.at++
		r.space()
		return true, nil
	case end:
		r.leave()
		return false, nil
	}
	return false, r.unexpected("a comma or the end")
}

// text consumes a string.
func (r *Reader) text() error {
	data := r.data
	for i := r.at + 1; i < len(data); i++ {
		switch data[i] {
		case '"':
			r.at = i + 1
			return nil
		case '\\':
			i++
		}
	}
	return errEnd
}

func (r *Reader) literal(want string) error {
	if len(r.data)-r.at < len(want) || string(r.data[r.at:r.at+len(want)]) != want {
		return r.unexpected("a value")
	}
	r.at += len(want)
	return nil
}

func (r *Reader) number() {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; {
		case c >= '0' && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			r.at++
		default:
			return
		}
	}
}

func (r *Reader) space() {
	for r.at < len(r.data) {
		switch r.data[r.at] {
		case ' ', '\n', '\t', '\r':
			r.at++
		default:
			return
		}
	}
}

func (r *Reader) unexpected(want string) error {
	if r.at >= len(r.data) {
		return errEnd
	}
	return fmt.Errorf("found %q at offset %d where %s was expected", r.data[r.at], r.at, want)
}

// Text consumes a string and returns what it says.
func (r *Reader) Text() (string, error) {
	if r.Kind() != '"' {
		return "", r.unexpected("a string")
	}
	value, err := r.Value()
	if err != nil {
		return "", err
	}
	return Text(value)
}

// Text is what a string says, or null, which says nothing.
func Text(value []byte) (string, error) {
	if len(value) < 2 || value[0] != '"' {
		var s string
		err := json.Unmarshal(value, &s)
		return s, err
	}
	for _, c := range value {
		if c == '\\' || c < ' ' || c > '~' {
			var s string
			err := json.Unmarshal(value, &s)
			return s, err
		}
	}
	return string(value[1 : len(value)-1]), nil
}

// Texts consumes an object whose values are strings, or null.
func (r *Reader) Texts() (map[string]string, error) {
	if r.Kind() == 'n' {
		return nil, r.Skip()
	}
	m := map[string]string{}
	err := r.Object(func(key []byte) error {
		value, err := r.Text()
		m[string(key)] = value
		return err
	})
	return m, err
}
