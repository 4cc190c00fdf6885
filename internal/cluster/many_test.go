package cluster

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// apiServer answers lists, page by page, and Gets as an API server does. It keeps what it was
// asked. Each resource holds as many objects as its entry says, called o-0000, o-0001 and so on.
type apiServer struct {
	holds map[string]int
	// refuses to list a resource, and forgets its lists after the first page.
	refuses, forgets map[string]bool

	mu       sync.Mutex
	requests map[string]int
}

func objectName(i int) string { return fmt.Sprintf("o-%05d", i) }

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	elements := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	named := strings.HasPrefix(elements[len(elements)-1], "o-")
	name := ""
	if named {
		name, elements = elements[len(elements)-1], elements[:len(elements)-1]
	}
	resource := elements[len(elements)-1]
	what := "list "
	if named {
		what = "get "
	}
	if strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadata") {
		what += "metadata of "
	}
	s.mu.Lock()
	s.requests[what+strings.Join(elements, "/")]++
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch next := r.URL.Query().Get("continue"); {
	case r.URL.Query().Has("resourceVersion"):
		s.fail(w, http.StatusBadRequest, "BadRequest") // A cache might answer.
	case named:
		i, err := strconv.Atoi(strings.TrimPrefix(name, "o-"))
		if err != nil || i >= s.holds[resource] {
			s.fail(w, http.StatusNotFound, "NotFound")
			return
		}
		s.send(w, s.object(i))
	case s.refuses[resource]:
		s.fail(w, http.StatusForbidden, "Forbidden")
	case s.forgets[resource] && next != "":
		s.fail(w, http.StatusGone, "Expired")
	default:
		s.page(w, resource, next, r.URL.Query().Get("limit"))
	}
}

func (s *apiServer) page(w http.ResponseWriter, resource, next, limit string) {
	from, _ := strconv.Atoi(next)
	size, _ := strconv.Atoi(limit)
	to := min(from+size, s.holds[resource])
	items := []any{}
	for i := from; i < to; i++ {
		items = append(items, s.object(i))
	}
	metadata := map[string]any{"resourceVersion": "7"}
	if to < s.holds[resource] {
		metadata["continue"], metadata["remainingItemCount"] = strconv.Itoa(to), s.holds[resource]-to
	}
	s.send(w, map[string]any{"apiVersion": "v1", "kind": "List", "metadata": metadata, "items": items})
}

func (s *apiServer) object(i int) map[string]any {
	return map[string]any{"apiVersion": "v1", "kind": "Thing", "metadata": map[string]any{"name": objectName(i)},
		"data": map[string]any{"n": strconv.Itoa(i)}}
}

func (s *apiServer) send(w http.ResponseWriter, content map[string]any) {
	_ = json.NewEncoder(w).Encode(content)
}

func (s *apiServer) fail(w http.ResponseWriter, code int, reason string) {
	w.WriteHeader(code)
	s.send(w, map[string]any{"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code, "reason": reason})
}

// fixedMapper knows the kinds of the tests.
type fixedMapper struct{ *meta.DefaultRESTMapper }

func (fixedMapper) Reset() {}

// cluster whose API server this is. Of the kinds all but ClusterRole lie in namespaces.
func (s *apiServer) cluster(t *testing.T, kinds ...schema.GroupVersionKind) *Cluster {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := New(SideTarget, "shop", &rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	var versions []schema.GroupVersion
	for _, kind := range kinds {
		versions = append(versions, kind.GroupVersion())
	}
	mapper := meta.NewDefaultRESTMapper(versions)
	for _, kind := range kinds {
		scope := meta.RESTScopeNamespace
		if kind.Kind == "ClusterRole" {
			scope = meta.RESTScopeRoot
		}
		mapper.Add(kind, scope)
	}
	c.Mapper = fixedMapper{mapper}
	return c
}

// numbersOf objects, sorted; each is what its key says, and whole or not.
func numbersOf(t *testing.T, objects map[Key]*unstructured.Unstructured, kind schema.GroupVersionKind, whole bool) (out []int) {
	t.Helper()
	for key, u := range objects {
		i, err := strconv.Atoi(strings.TrimPrefix(key.Name, "o-"))
		if _, is := u.Object["data"]; err != nil || key.Kind != kind || u.GetName() != key.Name || is != whole {
			t.Fatalf("for %v there is %v", key, u.Object)
		}
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}

func numbers(from, to, step int) (out []int) {
	for i := from; i < to; i += step {
		out = append(out, i)
	}
	return out
}

func TestGetMany(t *testing.T) {
	maps := schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}
	cases := map[string]struct {
		reason   string
		kind     schema.GroupVersionKind
		names    []int
		holds    int
		refuses  bool
		forgets  bool
		whole    bool
		found    []int
		unserved bool
		requests map[string]int
	}{
		"None": {reason: "Nothing is asked for.", kind: maps, whole: true},
		"Few": {reason: "A list could hold thousands.", kind: maps, names: []int{1, 3, 9}, holds: 5, whole: true, found: []int{1, 3},
			requests: map[string]int{"get api/v1/namespaces/shop/configmaps": 3}},
		"Many": {reason: "Each page is read once, and what no page holds is not there.",
			kind: maps, names: numbers(0, 1300, 1), holds: 1200, whole: true,
			found: numbers(0, 1200, 1), requests: map[string]int{"list api/v1/namespaces/shop/configmaps": 3}},
		"Enough": {reason: "Reading ends when all are found.", kind: maps, names: numbers(0, 100, 1), holds: 1200, whole: true,
			found: numbers(0, 100, 1), requests: map[string]int{"list api/v1/namespaces/shop/configmaps": 1}},
		"Sparse": {reason: "A few among thousands are read one by one after the first page.",
			kind: maps, names: numbers(100, 6000, 1000), holds: 5000, whole: true,
			found:    numbers(100, 5000, 1000),
			requests: map[string]int{"list api/v1/namespaces/shop/configmaps": 1, "get api/v1/namespaces/shop/configmaps": 5}},
		"Refused": {reason: "The account may get, and not list.", kind: maps, names: numbers(0, 10, 1), holds: 8, refuses: true, whole: true,
			found:    numbers(0, 8, 1),
			requests: map[string]int{"list api/v1/namespaces/shop/configmaps": 1, "get api/v1/namespaces/shop/configmaps": 10}},
		"Expired": {reason: "A list that is too old to go on with is finished one by one.",
			kind: maps, names: numbers(0, 600, 1), holds: 580, forgets: true, whole: true,
			found:    numbers(0, 580, 1),
			requests: map[string]int{"list api/v1/namespaces/shop/configmaps": 2, "get api/v1/namespaces/shop/configmaps": 100}},
		"Metadata": {reason: "The rest is not needed.", kind: maps, names: numbers(0, 20, 1), holds: 10,
			found: numbers(0, 10, 1), requests: map[string]int{"list metadata of api/v1/namespaces/shop/configmaps": 1}},
		"FewMetadata": {reason: "The rest of one object is not needed either.", kind: maps, names: []int{0}, holds: 10,
			found: []int{0}, requests: map[string]int{"get metadata of api/v1/namespaces/shop/configmaps": 1}},
		"Cluster": {reason: "Objects of some kinds lie in no namespace.",
			kind:  schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"},
			names: []int{0, 0}, holds: 1, whole: true, found: []int{0},
			requests: map[string]int{"get apis/rbac.authorization.k8s.io/v1/clusterroles": 1}},
		"AnyVersion": {reason: "A kind without a version is read in the one that the server prefers.",
			kind:  schema.GroupVersionKind{Kind: "ConfigMap"},
			names: []int{0}, holds: 1, whole: true, found: []int{0}, requests: map[string]int{"get api/v1/namespaces/shop/configmaps": 1}},
		"Unserved": {reason: "The cluster does not know the kind.",
			kind:  schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Odd"},
			names: []int{0, 1}, whole: true, unserved: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := &apiServer{requests: map[string]int{}, holds: map[string]int{"configmaps": tc.holds, "clusterroles": tc.holds},
				refuses: map[string]bool{"configmaps": tc.refuses}, forgets: map[string]bool{"configmaps": tc.forgets}}
			c := s.cluster(t, maps, schema.GroupVersionKind{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRole"})
			var keys []Key
			for _, i := range tc.names {
				keys = append(keys, Key{Kind: tc.kind, Name: objectName(i)})
			}
			got, err := c.GetMany(t.Context(), keys, func(schema.GroupVersionKind) bool { return tc.whole })
			if err != nil {
				t.Fatal(err)
			}
			found := numbersOf(t, got.Objects, tc.kind, tc.whole)
			if diff := cmp.Diff(tc.found, found); diff != "" {
				t.Errorf("%s\nobjects, -want +got:\n%s", tc.reason, diff)
			}
			if tc.requests == nil {
				tc.requests = map[string]int{}
			}
			if diff := cmp.Diff(tc.requests, s.requests); diff != "" {
				t.Errorf("%s\nrequests, -want +got:\n%s", tc.reason, diff)
			}
			if got := len(got.Unserved) > 0; got != tc.unserved {
				t.Errorf("%s\nunserved: %v", tc.reason, got)
			}
		})
	}
}
