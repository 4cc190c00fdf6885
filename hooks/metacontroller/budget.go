package metacontroller

import (
	"encoding/json"
	"errors"
	"sync"

	"github.com/kubemove/kubemove/hooks/internal/scan"
)

// maxBytes of requests that are held at once. A call holds a little more than its request: what
// is decoded of it, and the reply.
const maxBytes = 2 * MaxBody

// headSize is how much of a request is read before it is known whose it is. The metadata of the
// parent is at its beginning.
const headSize = 64 << 10

// budget of bytes in flight. A namespace with many moves may send many requests at once: it gets a
// share, and the others have theirs.
type budget struct {
	mutex sync.Mutex
	total int64
	used  int64
	// by namespace; a namespace without calls is not in it.
	by map[string]int64
}

func newBudget(total int64) *budget { return &budget{total: total, by: map[string]int64{}} }

// take lets a request in. There is one share more than there are namespaces with requests, so
// that a newcomer finds room; the first request of a namespace may be larger than its share.
func (b *budget) take(namespace string, size int64) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	own := b.by[namespace]
	active := int64(len(b.by))
	if own == 0 {
		active++
	}
	if b.used+size > b.total || own > 0 && own+size > b.total/(active+1) {
		return false
	}
	b.used += size
	b.by[namespace] = own + size
	return true
}

// give back what a request has taken.
func (b *budget) give(namespace string, size int64) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.used -= size
	if b.by[namespace] -= size; b.by[namespace] <= 0 {
		delete(b.by, namespace)
	}
}

var errFound = errors.New("found")

// ofParent is the name or the namespace of the parent of a request of which the beginning is known; empty: it is not in
// it.
func ofParent(head []byte, field string) (text string) {
	defer func() {
		if recover() != nil {
			text = ""
		}
	}()
	r := scan.NewReader(head)
	path := []string{"parent", "metadata", field}
	var walk func(key []byte) error
	walk = func(key []byte) error {
		if string(key) != path[0] {
			return r.Skip()
		}
		if path = path[1:]; len(path) > 0 {
			return r.Object(walk)
		}
		value, err := r.Value()
		if err != nil || json.Unmarshal(value, &text) != nil {
			text = ""
		}
		return errFound
	}
	_ = r.Object(walk)
	return text
}
