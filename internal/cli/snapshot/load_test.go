package snapshot_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// page is the size of what the loader asks for.
const page = 500

// server of lists of so many objects of each kind, in pages as they are asked for.
func server(t testing.TB, count int) (rest.Interface, *atomic.Int64) {
	t.Helper()
	o := sample.Objects("approval")
	answers := map[string][][]byte{}
	for resource, item := range map[string]struct {
		kind   string
		object metav1.Object
	}{
		"moveengines": {"MoveEngine", &o.Engines[0]}, "movepairs": {"MovePair", &o.Pairs[0]}, "datasyncs": {"DataSync", &o.Syncs[0]},
		"moveswitches": {"MoveSwitch", &o.Switches[0]}, "movereverses": {"MoveReverse", nil},
	} {
		if item.object == nil {
			answers[resource] = pages(t, item.kind, nil, 0)
			continue
		}
		answers[resource] = pages(t, item.kind, item.object, count)
	}
	requests := &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if limit := r.URL.Query().Get("limit"); limit != strconv.Itoa(page) {
			t.Errorf("the limit of a list is %q, want %d", limit, page)
		}
		number, _ := strconv.Atoi(r.URL.Query().Get("continue"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answers[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]][number])
	}))
	t.Cleanup(s.Close)
	client, err := snapshot.NewClient(&rest.Config{Host: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client, requests
}

// pages of a list with so many objects, with the managed fields that the API server keeps.
func pages(t testing.TB, kind string, object metav1.Object, count int) [][]byte {
	t.Helper()
	managed := metav1.ManagedFieldsEntry{Manager: "metacontroller", Operation: "Update", FieldsType: "FieldsV1",
		FieldsV1: metav1.NewFieldsV1(`{"f:status":{` + strings.Repeat(`"f:conditions":{".":{}},`, 40) + `"f:step":{}}}`)}
	var out [][]byte
	for first := 0; first == 0 || first < count; first += page {
		items := []json.RawMessage{}
		for n := first; n < min(first+page, count); n++ {
			object.SetNamespace(fmt.Sprintf("ns-%04d", n))
			object.SetManagedFields([]metav1.ManagedFieldsEntry{managed})
			data, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			items = append(items, data)
		}
		next := ""
		if first+page < count {
			next = strconv.Itoa(len(out) + 1)
		}
		data, err := json.Marshal(map[string]any{"apiVersion": api.GroupVersion.String(), "kind": kind + "List",
			"metadata": map[string]any{"continue": next}, "items": items})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, data)
	}
	return out
}

func TestLoadInPages(t *testing.T) {
	t.Parallel()
	client, requests := server(t, 1001)
	s, err := snapshot.Load(t.Context(), client, "", snapshot.Newest)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Moves) != 1001 || requests.Load() != 13 {
		t.Errorf("got %d moves by %d requests, want 1001 by three pages of each of the four kinds and one of the empty one", len(s.Moves),
			requests.Load())
	}
}

// BenchmarkLoad: what this program does itself for a thousand moves is a part of the two seconds that a table may take.
func BenchmarkLoad(b *testing.B) {
	client, _ := server(b, 1000)
	for b.Loop() {
		if _, err := snapshot.Load(b.Context(), client, "", snapshot.Newest); err != nil {
			b.Fatal(err)
		}
	}
}
