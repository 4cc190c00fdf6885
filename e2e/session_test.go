package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestSession: with a short interval one Job keeps its workers for all passes, answers requests, gives way to Pods of the
// application, outlives the end of its process, and leaves when the move is suspended.
func TestSession(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.apply(s.src, "database.yaml")
	s.kubectl(s.src, "rollout", "status", "statefulset/shop", timeout)
	s.apply(s.src, "live.yaml", "matchLabels: {app.kubernetes.io/part-of: demo}", "", "20s", "15s")
	s.kubectl(s.src, "wait", "--for=create", "datasync/shop-dst-restic", timeout)
	s.passes("the first", 3, nil)
	jobs := s.sessionJobs()
	require.Len(t, jobs, 2, "one Job for the first run, and one for all that follow: %v", jobs)

	s.kubectl(s.src, "patch", "datasync", "shop-dst-restic", "--type=merge", "-p", `{"spec":{"request":"now"}}`)
	s.passes("one on request", 1, func(r api.SyncRun) bool { return r.Request == "now" && r.Trigger == api.TriggerRequest })
	require.Equal(t, jobs, s.sessionJobs(), "the session answers the request")

	pod := s.kubectl(s.src, "get", "pods", "-l", "batch.kubernetes.io/job-name="+jobs[1], "-o", "jsonpath={.items[0].metadata.name}")
	killContainer(t, s.src, s.namespace, pod, "task")
	killed := time.Now()
	s.passes("one of another process", 1, func(r api.SyncRun) bool { return r.StartedAt.After(killed) })

	s.apply(s.src, "hungry.yaml")
	s.kubectl(s.src, "wait", "--for=condition=PodScheduled=False", "pod/hungry", timeout)
	pending := time.Now()
	s.catch("the worker at the source to go", func() error {
		pods := s.kubectl(s.src, "get", "pods", "-l", "kubemove.io/role=source", "-o",
			"jsonpath={range .items[*]}{.metadata.name}={.metadata.deletionTimestamp} {end}")
		for pod := range strings.FieldsSeq(pods) {
			if strings.HasSuffix(pod, "=") {
				return fmt.Errorf("there is %s", pod)
			}
		}
		return nil
	})
	t.Logf("the workers gave way after %.1f s", time.Since(pending).Seconds())
	s.await(patience, "the DataSync to say why", func() error {
		text := s.kubectl(s.src, "get", "datasync", "shop-dst-restic", "-o", `jsonpath={.status.conditions[?(@.type=="Stalled")].message}`)
		if !strings.Contains(text, "Pod hungry of the application is Pending") {
			return fmt.Errorf("it says %q", text)
		}
		return nil
	})
	s.kubectl(s.src, "delete", "pod", "hungry", "--grace-period=0", timeout)
	gone := time.Now()
	s.passes("one when the Pod is gone", 1, func(r api.SyncRun) bool { return r.StartedAt.After(gone) })

	s.kubectl(s.src, "patch", "moveengine", "shop", "--type=merge", "-p", `{"spec":{"suspend":true}}`)
	s.await(patience, "the workers to go", func() error {
		for name, c := range map[string]string{"source": s.kubectl(s.src, "get", "pods", "-l", "kubemove.io/role", "-o", "name"),
			"target": s.kubectl(s.dst, "get", "pods", "-l", "kubemove.io/role", "-o", "name")} {
			if c != "" {
				return fmt.Errorf("at the %s there is %s", name, c)
			}
		}
		return nil
	})
	s.kubectl(s.src, "patch", "moveengine", "shop", "--type=merge", "-p", `{"spec":{"suspend":false}}`)
	resumed := time.Now()
	s.passes("one when it is resumed", 1, func(r api.SyncRun) bool { return r.StartedAt.After(resumed) })
	s.kubectl(s.src, "delete", "moveengine", "shop", timeout)
	s.noLeftovers()
}

// passes waits for so many runs that have succeeded, other than the first, and that are meant.
func (s *scenario) passes(what string, n int, meant func(api.SyncRun) bool) {
	s.t.Helper()
	s.await(patience, what, func() error {
		var d api.DataSync
		require.NoError(s.t, json.Unmarshal([]byte(s.kubectl(s.src, "get", "datasync", "shop-dst-restic", "-o", "json")), &d))
		count := 0
		for _, r := range d.Status.Runs {
			if r.Trigger != api.TriggerInitial && r.Outcome == "Succeeded" && (meant == nil || meant(r)) {
				count++
			}
		}
		if count < n {
			return fmt.Errorf("%d of %d; the runs are %+v", count, n, d.Status.Runs)
		}
		return nil
	})
}

// sessionJobs are the Jobs of the runs, the oldest first.
func (s *scenario) sessionJobs() []string {
	s.t.Helper()
	return strings.Fields(s.kubectl(s.src, "get", "jobs", "-l", "kubemove.io/step=sync", "--sort-by=.metadata.creationTimestamp", "-o",
		"jsonpath={.items[*].metadata.name}"))
}
