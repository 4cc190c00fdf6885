package cluster

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
)

// alwaysServed are the groups of which each API server that KubeMove works with serves every kind that
// is asked for. Of these a 404 means that an object is not there, and the API server says so in a
// Status. KubeMove's own group is served at home only.
var alwaysServed = regexp.MustCompile(`/(api|apis/(apps|batch|coordination\.k8s\.io))/v[^/]+/`)

// longestStatus that is read.
const longestStatus = 64 << 10

// errForeignAnswer is a network error: the API server was not reached.
var errForeignAnswer error = &networkError{
	text: "the answer 404 is not that of a Kubernetes API server: a proxy or balancer between may have lost it",
}

// genuine takes the 404 of a proxy for no answer. A reader of a lock, a record or a workload would take it
// for: there is none.
type genuine struct{ next http.RoundTripper }

// WrappedRoundTripper lets client-go find the transport itself.
func (g *genuine) WrappedRoundTripper() http.RoundTripper { return g.next }

// RoundTrip sends a request.
func (g *genuine) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := g.next.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusNotFound || !alwaysServed.MatchString(r.URL.Path) {
		return answer, err
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, longestStatus))
	_ = answer.Body.Close()
	if err != nil {
		return nil, err
	}
	if !isStatus(text) {
		return nil, errForeignAnswer
	}
	answer.Body = io.NopCloser(bytes.NewReader(text))
	return answer, nil
}

// isStatus: it is a Status of Kubernetes, or in an encoding in which only an API server answers, or
// compressed.
func isStatus(text []byte) bool {
	for _, begin := range []string{"k8s\x00", "\xd9\xd9\xf7", "\x1f\x8b"} {
		if bytes.HasPrefix(text, []byte(begin)) {
			return true
		}
	}
	var status struct {
		Kind string `json:"kind"`
	}
	return json.Unmarshal(text, &status) == nil && status.Kind == "Status"
}
