package watch

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/task"
)

func at(side string, err error) error {
	return (&cluster.Cluster{Side: side, Namespace: "shop"}).Wrap("read the lock", err)
}

var (
	down      = &cluster.Error{Kind: cluster.Unreachable, Side: cluster.SideTarget, Message: "no answer"}
	forbidden = apierrors.NewForbidden(schema.GroupResource{Resource: "leases"}, "kubemove",
		errors.New(`User "x" cannot get resource "leases"`))
)

func TestAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		errs   []error
		tries  int
		fails  bool
	}{
		"Answers": {"nothing is in the way", []error{nil}, 1, false},
		"Passing": {"a short outage is no news", []error{down, down, nil}, 3, false},
		"Lasting": {"it is told", []error{down, down, down, nil}, 3, true},
		"Refused": {"that does not pass in seconds", []error{at("target", apierrors.NewUnauthorized("no")), nil}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				err := again(t.Context(), func(context.Context) error { n++; return tc.errs[n-1] })
				if diff := cmp.Diff([]any{tc.tries, tc.fails}, []any{n, err != nil}); diff != "" {
					t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
				}
			})
		})
	}
}

func TestAgainStopsWhenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := again(ctx, func(context.Context) error { return down }); err == nil || time.Since(began) > time.Second {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
	})
}

func TestFailure(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		err    error
		want   string
	}{
		"Down":      {"the network", down, api.ReasonEndpointUnreachable},
		"Refused":   {"the kubeconfig has to be replaced", at("source", apierrors.NewUnauthorized("expired")), api.ReasonInvalidKubeconfig},
		"Home":      {"there it is no kubeconfig's", at("home", apierrors.NewUnauthorized("expired")), api.ReasonForbidden},
		"Forbidden": {"the account is known, and lacks a right", at("source", forbidden), api.ReasonForbidden},
		"Other":     {"it failed for something else", errors.New("bug"), api.ReasonFailed},
	} {
		t.Run(name, func(t *testing.T) {
			r := failure(tc.err)
			// A Pod of its own for each further try would be a burst of them.
			want := task.Result{Outcome: task.OutcomeFailed, Retry: task.RetryLater, Reason: tc.want, Message: tc.err.Error()}
			if diff := cmp.Diff(want, r); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestLacksRight(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		err    error
		want   bool
	}{
		"Right":   {"it answers, and knows who asks", at("source", forbidden), true},
		"Refused": {"it does not know who asks", at("source", apierrors.NewUnauthorized("expired")), false},
		"Down":    {"it does not answer", down, false},
	} {
		if got := lacksRight(tc.err); got != tc.want {
			t.Errorf("%s: %s: got %t", name, tc.reason, got)
		}
	}
}

// TestRun looks at API servers: it asks them for nothing but what can be read, and reports what it has found.
func TestRun(t *testing.T) {
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"exp":1800000000}`)) + ".c2ln"
	for name, tc := range map[string]struct {
		reason string
		status int
		want   task.Outcome
		why    string
	}{
		"Answers":   {"there is no lock", http.StatusNotFound, task.OutcomeSucceeded, api.ReasonSucceeded},
		"Forbidden": {"it answers", http.StatusForbidden, task.OutcomeSucceeded, api.ReasonSucceeded},
		"Refused":   {"its version it tells all the same", http.StatusUnauthorized, task.OutcomeFailed, api.ReasonInvalidKubeconfig},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if q.Method != http.MethodGet {
					t.Errorf("it has sent %s %s", q.Method, q.URL.Path)
				}
				if q.URL.Path == "/version" {
					_, _ = io.WriteString(w, `{"gitVersion":"v1.35.0"}`)
					return
				}
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":`+
					map[int]string{404: `404,"reason":"NotFound"`, 403: `403,"reason":"Forbidden"`, 401: `401,"reason":"Unauthorized"`}[tc.status]+`}`)
			}))
			defer server.Close()
			file := filepath.Join(t.TempDir(), "kubeconfig")
			config := "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],\n" +
				"clusters: [{name: k, cluster: {server: \"" + server.URL + "\"}}], users: [{name: u, user: {token: " + token + "}}]}"
			if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("KUBECONFIG", file)
			r := report.New(report.Options{RunID: "run", Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
			got := Run(t.Context(), &task.Task{Source: task.Endpoint{Namespace: "shop"},
				Target: task.Endpoint{Kubeconfig: file, KubeconfigSecret: "dst", Namespace: "shop"}, Move: &task.Move{Home: "home"}}, r)
			r.Stop(t.Context())
			if got.Outcome != tc.want || got.Reason != tc.why {
				t.Errorf("%s: got %+v", tc.reason, got)
			}
			if strings.Contains(got.Message, token) {
				t.Error("the message holds the token")
			}
			st := r.Status()
			if tc.want != task.OutcomeSucceeded {
				return
			}
			if st.Watch == nil || len(st.Watch.Expires) != 1 || st.Watch.Expires[0].Role != task.RoleTarget {
				t.Errorf("%s: reported %+v", tc.reason, st.Watch)
			}
		})
	}
}
