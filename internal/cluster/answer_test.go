package cluster

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
)

// server is an API server that begins to answer after a while.
type server struct{ after, body time.Duration }

func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(s.after):
		return &http.Response{StatusCode: http.StatusOK, Body: &slowBody{r.Context(), s.body, strings.NewReader("all")}}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// slowBody ends with the request, as that of a real answer.
type slowBody struct {
	ctx  context.Context
	time time.Duration
	io.Reader
}

func (b *slowBody) Read(p []byte) (int, error) {
	select {
	case <-time.After(b.time):
		return b.Reader.Read(p)
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

func (b *slowBody) Close() error { return nil }

func TestAnswerTimeout(t *testing.T) {
	const hour = time.Hour
	type outcome struct {
		Kind Kind
		Body string
		Took time.Duration
	}
	cases := map[string]struct {
		reason string
		server server
		method string
		stop   time.Duration // when the task is told to stop; 0: never
		want   outcome
	}{
		"Frozen": {"An API server that does not answer a read is unreachable long before a minute is over.",
			server{after: hour}, http.MethodGet, 0, outcome{Unreachable, "", 15 * time.Second}},
		"Slow": {"One that takes its time is waited for.",
			server{after: 14 * time.Second}, http.MethodGet, 0, outcome{"", "all", 14 * time.Second}},
		"LongList": {"The rest of an answer that has begun may take longer.",
			server{body: 10 * time.Second}, http.MethodGet, 0, outcome{"", "all", 20 * time.Second}},
		"Write":   {"A write may wait for webhooks.", server{after: 40 * time.Second}, http.MethodPost, 0, outcome{"", "all", 40 * time.Second}},
		"NoWrite": {"But not for ever.", server{after: hour}, http.MethodPost, 0, outcome{Unreachable, "", requestTimeout}},
		"Stopped": {"A task that is told to stop is interrupted.",
			server{after: hour}, http.MethodGet, time.Second, outcome{Interrupted, "", time.Second}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := New(SideSource, "shop", &rest.Config{Host: "http://example.org", Transport: tc.server})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tc.stop > 0 {
					time.AfterFunc(tc.stop, cancel)
				}
				begun := time.Now()
				request, err := http.NewRequestWithContext(ctx, tc.method, "http://example.org/version", http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				var got outcome
				answer, err := c.client.Do(request)
				if err == nil {
					var body []byte
					body, err = io.ReadAll(answer.Body)
					got.Body = string(body)
					_ = answer.Body.Close()
				}
				got.Kind, got.Took = KindOf(err), time.Since(begun)
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s\n%v\n-want +got:\n%s", tc.reason, err, diff)
				}
			})
		})
	}
}
