package kit

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

func TestAwaitTimeout(t *testing.T) {
	t.Parallel()
	const engine = `{"metadata":{},"items":[{"metadata":{"namespace":"shop","name":"shop"}}]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/apis/kubemove.io/v1alpha1/namespaces/shop/moveengines" {
			_, _ = io.WriteString(w, engine)
			return
		}
		_, _ = io.WriteString(w, `{"metadata":{},"items":[]}`)
	}))
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		reason  string
		limiter flowcontrol.RateLimiter
	}{
		"Unlimited": {"the time ends between two readings", flowcontrol.NewFakeAlwaysRateLimiter()},
		"Limited":   {"the rate limiter refuses the second reading before the time is over", flowcontrol.NewTokenBucketRateLimiter(0.01, 5)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := snapshot.NewClient(&rest.Config{Host: server.URL, RateLimiter: c.limiter})
			if err != nil {
				t.Fatal(err)
			}
			k := &Kit{Out: io.Discard, ErrOut: io.Discard, Flags: genericclioptions.NewConfigFlags(true), Now: time.Now,
				Interval: 10 * time.Millisecond, moves: client}
			_, err = k.Await(t.Context(), snapshot.Move{Kind: snapshot.KindEngine, Namespace: "shop", Name: "shop"}, Goal{
				What: "the plan", Timeout: 300 * time.Millisecond, Goes: "it goes on",
				Reached: func(snapshot.Move) (bool, error) { return false, nil },
			})
			if got := fault.Code(err); got != fault.TimedOut {
				t.Errorf("%s: exit code %d of %v, expected %d", c.reason, got, err, fault.TimedOut)
			}
			const want = "the plan has not come within 300ms: it is at Starting; it goes on"
			if err == nil || err.Error() != want {
				t.Errorf("%s: got %v, expected %s", c.reason, err, want)
			}
		})
	}
}

func TestAwaitWithoutTimeout(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k := &Kit{Out: io.Discard, ErrOut: io.Discard, Now: time.Now, Interval: time.Hour}
	client, err := snapshot.NewClient(&rest.Config{Host: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	k.moves = client
	_, err = k.Await(ctx, snapshot.Move{}, Goal{Goes: "it goes on"})
	if got := fault.Code(err); got != fault.Interrupted {
		t.Errorf("exit code %d of %v, expected %d", got, err, fault.Interrupted)
	}
}
