package many

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseRequests(t *testing.T) {
	r, err := ParseRequests(`# HELP apiserver_request_total x
apiserver_request_total{code="200",group="kubemove.io",resource="movepairs",subresource="status",verb="PUT",version="v1alpha1"} 5
apiserver_request_total{code="200",group="kubemove.io",resource="movepairs",subresource="",verb="GET",version="v1alpha1"} 1e+03
apiserver_request_total{code="201",group="batch",resource="jobs",subresource="",verb="POST",version="v1"} 2
apiserver_request_total{code="200",group="",resource="configmaps",subresource="",verb="PUT",version="v1"} 77
apiserver_request_duration_seconds_count{resource="jobs",verb="POST"} 9
`)
	require.NoError(t, err)
	require.Equal(t, Requests{All: 1007, Writes: 7}, r)
	require.Equal(t, Requests{All: 7, Writes: 2}, r.Since(Requests{All: 1000, Writes: 5}))
	for _, broken := range []string{"", "apiserver_request_total{resource=\"jobs\",verb=\"PUT\"} x"} {
		_, err := ParseRequests(broken)
		require.Error(t, err, broken)
	}
}

func TestMemoryOf(t *testing.T) {
	m, err := MemoryOf(os.Getpid())
	require.NoError(t, err)
	require.Positive(t, m.Now)
	require.GreaterOrEqual(t, m.Most, m.Now)
}

func TestCalls(t *testing.T) {
	hooks := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/movepair/finalize" {
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		_, _ = w.Write(append([]byte("to "), body...))
	}))
	defer hooks.Close()
	calls := &Calls{Server: hooks.URL}
	proxy := httptest.NewServer(calls)
	defer proxy.Close()
	const body = `{"parent":{"metadata":{"namespace":"ns","name":"p"}}}`
	ask := func(hook string) (*http.Response, string) {
		r, err := http.Post(proxy.URL+"/v1/movepair/"+hook, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer r.Body.Close()
		answer, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		return r, string(answer)
	}
	for range 2 {
		_, answer := ask("sync")
		require.Equal(t, "to "+body, answer)
	}
	refused, _ := ask("finalize")
	require.Equal(t, http.StatusTooManyRequests, refused.StatusCode)
	require.Equal(t, "2", refused.Header.Get("Retry-After"))
	require.Equal(t, 1, calls.Synced())
	c := calls.Take()
	require.Equal(t, map[string]int{"movepair/sync": 2, "movepair/finalize": 1}, c.Calls)
	require.Equal(t, 3, c.All())
	require.Equal(t, 1, c.Refused)
	require.Contains(t, c.Parents, "movepair ns/p")
	which, most := c.Most()
	require.Equal(t, "movepair/finalize", which, "of two that are as large the first by name")
	require.Equal(t, len(body), most)
	require.Zero(t, calls.Synced())
}
