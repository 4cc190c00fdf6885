package metacontroller

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubemove/kubemove/hooks"
)

func TestBudget(t *testing.T) {
	type call struct {
		namespace string
		size      int64
		want      bool
	}
	cases := map[string]struct {
		reason string
		calls  []call
	}{
		"Alone": {"one namespace gets half, so that another one always finds room",
			[]call{{"a", 25, true}, {"a", 25, true}, {"a", 1, false}, {"b", 25, true}}},
		"Large": {"a call that is larger than the share is let in when it is the only one of its namespace",
			[]call{{"a", 60, true}, {"a", 1, false}, {"b", 30, true}}},
		"Two": {"two namespaces get a third each, and a newcomer another",
			[]call{{"a", 30, true}, {"b", 30, true}, {"a", 10, false}, {"b", 10, false}, {"c", 30, true}}},
		"Full":     {"no call gets more than there is", []call{{"a", 60, true}, {"b", 40, true}, {"c", 1, false}}},
		"TooLarge": {"not even alone", []call{{"a", 101, false}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBudget(100)
			held := map[call]int{}
			for i, c := range tc.calls {
				got := b.take(c.namespace, c.size)
				if got != c.want {
					t.Errorf("%s\ncall %d (%s %d): %v, want %v", tc.reason, i, c.namespace, c.size, got, c.want)
				}
				if got {
					held[c]++
				}
			}
			for c, n := range held {
				for range n {
					b.give(c.namespace, c.size)
				}
			}
			if b.used != 0 || len(b.by) != 0 {
				t.Errorf("%s\n%d and %v are left when all calls have ended", tc.reason, b.used, b.by)
			}
		})
	}
}

// crowded is a request as it is in a namespace with many moves: one parent, and every object of
// the namespace beside it.
func crowded(namespace string, moves int) string {
	var b strings.Builder
	object := func(i int) string {
		return fmt.Sprintf(`{"apiVersion":"kubemove.io/v1alpha1","kind":"MoveSwitch",
			"metadata":{"managedFields":[{"fieldsV1":{"f:spec":"%s"}}],"name":"m%d","namespace":%q},`+
			`"spec":{"pairRef":{"name":"m%d"}},"status":{"steps":[{"name":"Lock","state":"Done","message":"%s"}]}}`,
			strings.Repeat("x", 2000), i, namespace, i, strings.Repeat("y", 3000))
	}
	fmt.Fprintf(&b, `{"controller":{"metadata":{"namespace":"other"}},"parent":{"apiVersion":"kubemove.io/v1alpha1","kind":"MovePair",
		"metadata":{"annotations":{"namespace":"a"},"name":"m0","namespace":%q},"spec":{}},"children":{},
		"related":{"MoveSwitch.kubemove.io/v1alpha1":{`, namespace)
	for i := range moves {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"m%d":%s`, i, object(i))
	}
	b.WriteString(`}}}`)
	return b.String()
}

func TestNamespaceOf(t *testing.T) {
	long := crowded("shop", 50)
	for name, tc := range map[string]struct{ reason, body, want string }{
		"Whole":    {"the parent's, not that of the controller or of an annotation", crowded("shop", 1), "shop"},
		"Cut":      {"the beginning is enough", long[:len(long)/2], "shop"},
		"TooShort": {"nothing is guessed", long[:60], ""},
		"Garbage":  {"nothing is guessed", "}{", ""},
		"Empty":    {"nothing is guessed", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ofParent([]byte(tc.body), "namespace"); got != tc.want {
				t.Errorf("%s: %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

// TestThousandMoves: the calls of a namespace with a thousand moves are refused for a moment when
// they hold their share of the memory, and those of other namespaces are answered.
func TestThousandMoves(t *testing.T) {
	large, small := crowded("crowd", 1000), crowded("quiet", 1)
	fit := maxBytes / 2 / len(large)
	if fit < 2 || fit >= maxInFlight {
		t.Fatalf("%d calls of %d bytes fit: the test does not test what it is for", fit, len(large))
	}
	hold, started := make(chan struct{}), make(chan struct{})
	var calls atomic.Int64
	sync := func(v hooks.View, _ time.Time) (hooks.Desired, error) {
		if v.Parent.Namespace == "crowd" && calls.Add(1) <= int64(fit) {
			started <- struct{}{}
			<-hold
		}
		return hooks.Desired{Status: status{}}, nil
	}
	h := NewRouter(map[string]hooks.Hook{"movepair": {Sync: sync}},
		Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now})
	call := func(body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/movepair/sync", strings.NewReader(body)))
		return w
	}
	replies := make(chan *httptest.ResponseRecorder)
	for range fit {
		go func() { replies <- call(large) }()
		<-started
	}
	for range 3 {
		w := call(large)
		wait, err := strconv.Atoi(w.Header().Get("Retry-After"))
		if w.Code != http.StatusTooManyRequests || err != nil || wait < 1 {
			t.Errorf("one too many: %d, Retry-After %q, want 429 and at least a second", w.Code, w.Header().Get("Retry-After"))
		}
		if w := call(small); w.Code != http.StatusOK {
			t.Errorf("another namespace: %d %s, want 200", w.Code, w.Body)
		}
	}
	close(hold)
	for range fit {
		if w := <-replies; w.Code != http.StatusOK {
			t.Errorf("a call that was let in: %d, want 200", w.Code)
		}
	}
	if w := call(large); w.Code != http.StatusOK {
		t.Errorf("when the others have ended: %d %s, want 200", w.Code, w.Body)
	}
}
