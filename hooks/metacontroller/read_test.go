package metacontroller

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/hooks"
)

// A buffer that has held a whole request holds the next one, and nothing of the former shows.
func TestReadRest(t *testing.T) {
	const request = "0123456789"
	for name, c := range map[string]struct {
		reason string
		room   int
		length int64
		same   bool
	}{
		"Reused":  {"there is room for it", 20, 10, true},
		"Exact":   {"there is just enough", 10, 10, true},
		"Larger":  {"it needs a buffer of its own", 9, 10, false},
		"Unknown": {"it ends where it ends", 4, -1, false},
	} {
		t.Run(name, func(t *testing.T) {
			buffer := bytes.Repeat([]byte("x"), c.room)
			head := buffer[:copy(buffer, request[:4])]
			got, err := readRest(strings.NewReader(request[4:]), head, c.length)
			if err != nil || string(got) != request {
				t.Fatalf("%s: got %q, %v", c.reason, got, err)
			}
			if same := &got[0] == &buffer[0]; same != c.same {
				t.Errorf("%s: the same buffer: %t", c.reason, same)
			}
		})
	}
	if got, err := readRest(strings.NewReader("4"), []byte("0123"), 10); err == nil {
		t.Errorf("a request that ends too early is %q", got)
	}
}

// The metadata of one object does not run into that of another, however many there are.
func TestDecodeMany(t *testing.T) {
	const n = 200
	var children []string
	for i := range n {
		children = append(children,
			fmt.Sprintf(`"%d":{"apiVersion":"batch/v1","kind":"Job","metadata":{"annotations":{"a":"%d","%s":"x"},"labels":{},`+
				`"managedFields":[1],"name":"j%03d","namespace":"ns"},"spec":{}}`, i, i, lastApplied, i))
	}
	view, err := Decode([]byte(`{"parent":` + parent + `,"children":{"Job.batch/v1":{` + strings.Join(children, ",") + `}}}`))
	if err != nil {
		t.Fatal(err)
	}
	jobs := view.Children.Of(hooks.KindJob)
	if len(jobs) != n {
		t.Fatalf("%d Jobs, want %d", len(jobs), n)
	}
	for i, o := range jobs {
		want := fmt.Sprintf(`{"apiVersion":"batch/v1","kind":"Job","metadata":{"annotations":{"a":"%d"},"labels":{},"name":"j%03d",`+
			`"namespace":"ns"},"spec":{}}`, i, i)
		if d := cmp.Diff(want, string(o.JSON())); d != "" {
			t.Fatalf("-want +got\n%s", d)
		}
		// What a caller appends to one does not show in the next.
		_ = append(o.Fields[2].Value, "overwritten"...)
	}
}
