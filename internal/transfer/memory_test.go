package transfer

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/task"
)

func TestWorkerResources(t *testing.T) {
	cases := map[string]struct {
		reason         string
		usage          *application.Usage
		raised         int
		request, limit string
	}{
		"Unknown": {"how many files there are is not known", nil, 0, "128Mi", "2Gi"},
		"Few":     {"what is usual suffices", &application.Usage{Files: 200_000, Folder: 1000}, 0, "128Mi", "2Gi"},
		"Many": {"two million files, with room for half as many again",
			&application.Usage{Files: 2_000_000, Folder: 1000}, 0, "2624Mi", "3904Mi"},
		"Flat": {"one folder is in memory at a time, whatever it holds",
			&application.Usage{Files: 2_000_000, Folder: 2_000_000}, 0, "6016Mi", "9024Mi"},
		"Raised":   {"it was killed once", nil, 1, "128Mi", "4Gi"},
		"RaisedTo": {"it was killed twice, of many files", &application.Usage{Files: 2_000_000, Folder: 1000}, 2, "2624Mi", "15616Mi"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := podInput{Volume: application.Volume{Usage: tc.usage}, Raised: tc.raised}.workerResources()
			request, limit := got.Requests[corev1.ResourceMemory], got.Limits[corev1.ResourceMemory]
			if request.String() != tc.request || limit.String() != tc.limit {
				t.Errorf("%s: got %s and %s, want %s and %s", tc.reason, request.String(), limit.String(), tc.request, tc.limit)
			}
		})
	}
}

// TestOutOfMemory: whether the whole container is killed or only the program in it, it says why.
func TestOutOfMemory(t *testing.T) {
	killed := &task.Result{Outcome: task.OutcomeFailed, Retry: task.RetrySoon, Reason: api.ReasonSyncFailed,
		Message: "restic backup was killed"}
	cases := map[string]struct {
		reason string
		end    exit
		result *task.Result
		want   []string
	}{
		"Container": {"the kernel has killed all of it", exit{Code: 137, Reason: oomKilled, Memory: "2Gi"}, nil,
			[]string{"the worker of data at the source ran out of memory", "limit 2Gi", "spec.planRequest"}},
		"Program": {"the worker has seen its program end",
			exit{Code: 1, Reason: oomKilled, Memory: "2Gi"}, killed, []string{"ran out of memory", "limit 2Gi", "restic backup was killed"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := workerError("data", task.RoleSource, &tc.end, tc.result)
			if got.Reason != api.ReasonOOMKilled || got.Retry != task.RetrySoon {
				t.Errorf("%s: got %+v", tc.reason, got)
			}
			for _, want := range tc.want {
				if !strings.Contains(got.Message, want) {
					t.Errorf("%s: %q lacks %q", tc.reason, got.Message, want)
				}
			}
		})
	}
	other := workerError("data", task.RoleSource, &exit{Code: 137, Reason: "Error"}, nil)
	if other.Reason != ReasonWorkerFailed {
		t.Errorf("another kill says nothing of memory: %+v", other)
	}
}

// TestMoreMemory: the next try of a worker that ran out of memory has twice as much.
func TestMoreMemory(t *testing.T) {
	s := testSpec(api.TriggerFinal)
	v := newWorkerPair(s, s.Volumes[0])
	for _, tc := range []struct {
		reason string
		want   int
	}{{ReasonWorkerFailed, 0}, {api.ReasonOOMKilled, 1}, {ReasonWorkerFailed, 1}, {api.ReasonOOMKilled, 2}} {
		v.learn(tc.reason)
		if got := v.input(task.RoleTarget).Raised; got != tc.want {
			t.Errorf("after %s: raised %d times, want %d", tc.reason, got, tc.want)
		}
	}
}
