package metacontroller

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubemove/kubemove/hooks"
)

const good = `{"parent":` + parent + `,"children":{}}`

func serve(t *testing.T, o Options, sync hooks.Sync, path, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	o.Now = func() time.Time { return time.Unix(0, 0) }
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	related := func(name string) []hooks.Rule { return []hooks.Rule{{APIVersion: "v1", Resource: name + "s"}} }
	NewRouter(map[string]hooks.Hook{"movepair": {Sync: sync, Related: related}, "plain": {Sync: sync}}, o).ServeHTTP(w, r)
	return w
}

func TestRouter(t *testing.T) {
	fine := func(hooks.View, time.Time) (hooks.Desired, error) { return hooks.Desired{Status: status{true}}, nil }
	const secret = "hunter2"
	for name, c := range map[string]struct {
		reason string
		sync   hooks.Sync
		path   string
		body   string
		code   int
		want   string
	}{
		"Sync": {"a whole reply is 200", fine, "/v1/movepair/sync", good, 200, `{"status":{"ready":true},"children":[]}`},
		"Finalize": {"finalize is sync with another word", func(v hooks.View, _ time.Time) (hooks.Desired, error) {
			return hooks.Desired{Status: status{}, Finalized: v.Finalizing}, nil
		}, "/v1/movepair/finalize", good, 200, `{"status":{},"children":[],"finalized":true}`},
		"Customize": {"the rules follow from the parent's name", fine, "/v1/movepair/customize", `{"controller":{},"parent":` + parent + `}`, 200,
			`{"relatedResources":[{"apiVersion":"v1","resource":"ps","labelSelector":{}}]}`},
		"NoName":    {"a parent without one has no rules", fine, "/v1/movepair/customize", `{"parent":{"metadata":{}}}`, 500, "internal error"},
		"NoRules":   {"not every kind has any", fine, "/v1/plain/customize", `{"parent":{}}`, 200, `{"relatedResources":[]}`},
		"Unknown":   {"an unknown route is not found", fine, "/v1/other/sync", good, 404, "404"},
		"BadBody":   {"a request that cannot be read is an error, not an empty world", fine, "/v1/movepair/sync", "{}", 500, "internal error"},
		"EmptyBody": {"so is an empty one", fine, "/v1/movepair/sync", "", 500, "internal error"},
		"Error": {"what went wrong is for the log", func(hooks.View, time.Time) (hooks.Desired, error) {
			return hooks.Desired{}, errors.New(secret)
		}, "/v1/movepair/sync", good, 500, "internal error"},
		"Panic": {"a panic is an error of one call", func(hooks.View, time.Time) (hooks.Desired, error) {
			panic(secret)
		}, "/v1/movepair/sync", good, 500, "internal error"},
		"Guarded": {"a reply that would do harm is not sent", func(hooks.View, time.Time) (hooks.Desired, error) {
			return hooks.Desired{}, nil
		}, "/v1/movepair/sync", good, 500, "internal error"},
	} {
		t.Run(name, func(t *testing.T) {
			w := serve(t, Options{}, c.sync, c.path, c.body, nil)
			if w.Code != c.code || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%s: %d %s, want %d %s", c.reason, w.Code, w.Body, c.code, c.want)
			}
			if strings.Contains(w.Body.String(), secret) || w.Code != 200 && strings.Count(w.Body.String(), "\n") > 1 {
				t.Errorf("%s: the reply is not one clean sentence: %s", c.reason, w.Body)
			}
		})
	}
}

func TestRouterTooLarge(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"Declared": func(r *http.Request) { r.ContentLength = MaxBody + 1 },
		"Streamed": func(r *http.Request) {
			r.ContentLength = -1
			r.Body = io.NopCloser(io.LimitReader(spaces{}, MaxBody+10))
		},
	} {
		t.Run(name, func(t *testing.T) {
			if w := serve(t, Options{}, nil, "/v1/movepair/sync", good, change); w.Code != http.StatusRequestEntityTooLarge {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte{' '}, len(p))), nil }

func TestRouterToken(t *testing.T) {
	fine := func(hooks.View, time.Time) (hooks.Desired, error) { return hooks.Desired{Status: status{}}, nil }
	for header, want := range map[string]int{"": 401, "Bearer wrong": 401, "right": 401, "Bearer right": 200} {
		w := serve(t, Options{Token: "right"}, fine, "/v1/movepair/sync", good, func(r *http.Request) { r.Header.Set("Authorization", header) })
		if w.Code != want {
			t.Errorf("%q: %d, want %d", header, w.Code, want)
		}
	}
}

// Calls beyond the limit are told to come again; those that are being worked on are answered.
func TestRouterOverload(t *testing.T) {
	hold, started := make(chan struct{}), make(chan struct{})
	sync := func(hooks.View, time.Time) (hooks.Desired, error) {
		started <- struct{}{}
		<-hold
		return hooks.Desired{Status: status{}}, nil
	}
	h := NewRouter(map[string]hooks.Hook{"movepair": {Sync: sync}}, Options{
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now,
	})
	call := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/movepair/sync", strings.NewReader(good)))
		return w.Code
	}
	codes := make(chan int)
	for range maxInFlight {
		go func() { codes <- call() }()
		<-started
	}
	if code := call(); code != http.StatusTooManyRequests {
		t.Errorf("one too many: %d, want 429", code)
	}
	close(hold)
	for range maxInFlight {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("a call in time: %d, want 200", code)
		}
	}
}

func TestRouterMetricsAndRecord(t *testing.T) {
	fine := func(hooks.View, time.Time) (hooks.Desired, error) { return hooks.Desired{Status: status{}}, nil }
	registry := prometheus.NewRegistry()
	var calls []Call
	o := Options{Metrics: NewMetrics(registry), Record: func(c Call) {
		c.Request = bytes.Clone(c.Request)
		calls = append(calls, c)
	}}
	serve(t, o, fine, "/v1/movepair/sync", good, nil)
	serve(t, o, fine, "/v1/movepair/sync", "{}", nil)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) != 1 || len(families[0].GetMetric()) != 2 {
		t.Fatalf("%v, want one family with a series for each result", families)
	}
	for _, m := range families[0].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() != "kind" && l.GetName() != "hook" && l.GetName() != "code" {
				t.Errorf("a metric has the label %s", l.GetName())
			}
		}
	}
	if len(calls) != 1 || string(calls[0].Request) != good || calls[0].Parent != "ns/p" {
		t.Errorf("recorded %+v, want the call that was answered", calls)
	}
}
