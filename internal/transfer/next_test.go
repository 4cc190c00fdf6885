package transfer

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func status(result *task.Result, v *task.Verification) *task.Status {
	return &task.Status{
		APIVersion: task.APIVersion, RunID: "run-1", Result: result,
		Volumes: []task.VolumeProgress{{Name: "data", Verification: v}},
	}
}

func succeeded(files, bytes int64, digest string) *task.Status {
	return status(&task.Result{Outcome: task.OutcomeSucceeded}, &task.Verification{Files: files, Bytes: bytes, Digest: digest})
}

func TestNext(t *testing.T) {
	waiting := side{Exists: true, Agent: true, Connected: true}
	working := side{Exists: true, Agent: true, Connected: true, Started: true, Running: true}
	ended := func(code int32, s *task.Status) side {
		return side{Exists: true, Started: true, Exit: &exit{Code: code, Reason: "Completed", At: noon}, Status: s}
	}
	good := succeeded(3, 100, "m:aa")
	type want struct {
		Action  action
		Message string
		Outcome task.Outcome
		Reason  string
		Retry   task.Retry
	}
	cases := map[string]struct {
		reason string
		in     observed
		want   want
	}{
		"nothing there": {
			reason: "a run begins with its Pods",
			want:   want{Action: actCreate, Message: "placing"},
		},
		"one missing": {
			reason: "before go a Pod that is missing costs nothing",
			in:     observed{Source: waiting},
			want:   want{Action: actCreate},
		},
		"former ones go": {
			reason: "nothing is created beside a Pod that still ends",
			in:     observed{Source: side{Exists: true, Terminating: true}},
			want:   want{Action: actWait, Message: "former workers"},
		},
		"former ones never go": {
			reason: "a node that is down needs a person",
			in:     observed{Source: side{Exists: true, Terminating: true}, CreatedAt: noon.Add(-6 * time.Minute)},
			want: want{Action: actFail, Reason: ReasonWorkerNotStarted, Outcome: task.OutcomeFailed, Retry: task.RetryLater,
				Message: "node may be down"},
		},
		"not scheduled yet": {
			reason: "the cluster's own words are shown while waiting",
			in:     observed{Source: side{Exists: true, Problem: "Unschedulable: no node"}, Target: waiting, CreatedAt: noon.Add(-time.Minute)},
			want:   want{Action: actWait, Message: "Unschedulable: no node"},
		},
		"never scheduled": {
			reason: "after five minutes they are the reason of the failure",
			in:     observed{Source: waiting, Target: side{Exists: true, Problem: "Unschedulable: no node"}, CreatedAt: noon.Add(-6 * time.Minute)},
			want: want{Action: actFail, Reason: ReasonWorkerNotStarted, Outcome: task.OutcomeFailed, Retry: task.RetryLater,
				Message: "at the target does not connect: Unschedulable: no node"},
		},
		"ready, no go": {
			reason: "nothing starts before go",
			in:     observed{Source: waiting, Target: waiting},
			want:   want{Action: actWait, Message: "ready"},
		},
		"go": {
			reason: "both are mounted and connected, and go was called",
			in:     observed{Source: waiting, Target: waiting, Want: true},
			want:   want{Action: actGo},
		},
		"worker's image is missing": {
			reason: "the mobilizer's image is pulled after go; that may fail, too",
			in: observed{Source: side{Exists: true, Connected: true, Started: true, Problem: "container worker (image x): ErrImagePull: no"},
				Target: working, Want: true, Given: true, GivenAt: noon.Add(-6 * time.Minute)},
			want: want{Action: actFail, Reason: ReasonWorkerNotStarted, Outcome: task.OutcomeFailed, Retry: task.RetryLater,
				Message: "ErrImagePull"},
		},
		"at work": {
			reason: "nothing to do",
			in:     observed{Source: working, Target: working, Want: true, Given: true},
			want:   want{Action: actWait},
		},
		"source is done first": {
			reason: "the target still writes",
			in:     observed{Source: ended(0, good), Target: working, Want: true, Given: true},
			want:   want{Action: actWait},
		},
		"both are done": {
			reason: "both ended with 0, both say so for this run, both agree",
			in:     observed{Source: ended(0, good), Target: ended(0, good), Want: true, Given: true},
			want:   want{Action: actDone},
		},
		"done without a result": {
			reason: "exit 0 alone proves nothing",
			in:     observed{Source: ended(0, nil), Target: ended(0, good), Want: true, Given: true},
			want:   want{Action: actRetry, Message: "without a result"},
		},
		"done without verification": {
			reason: "a side that has not counted is not believed",
			in: observed{Source: ended(0, status(&task.Result{Outcome: task.OutcomeSucceeded}, nil)), Target: ended(0, good),
				Want: true, Given: true},
			want: want{Action: actRetry, Message: "has not verified"},
		},
		"they differ": {
			reason: "a difference is never a success",
			in:     observed{Source: ended(0, good), Target: ended(0, succeeded(2, 100, "m:aa")), Want: true, Given: true, Try: 3},
			want: want{Action: actFail, Reason: api.ReasonMismatch, Outcome: task.OutcomeFailed, Retry: task.RetrySoon,
				Message: "3 files, the target 2"},
		},
		"killed": {
			reason: "a worker that was killed is tried again",
			in: observed{Source: side{Exists: true, Exit: &exit{Code: 137, Reason: "OOMKilled", At: noon}}, Target: working,
				Want: true, Given: true},
			want: want{Action: actRetry, Message: "ran out of memory"},
		},
		"other side may know": {
			reason: "the end of the other side is waited for a moment: it may be the cause",
			in: observed{Source: side{Exists: true, Exit: &exit{Code: 1, At: noon}}, Target: working, Want: true, Given: true,
				FailedAt: noon.Add(-time.Second)},
			want: want{Action: actWait, Message: "exit code 1"},
		},
		"killed for the third time": {
			reason: "three tries are enough",
			in: observed{Source: side{Exists: true, Exit: &exit{Code: 137, Reason: "OOMKilled", At: noon}}, Target: working,
				Want: true, Given: true, Try: 3},
			want: want{Action: actFail, Reason: api.ReasonOOMKilled, Outcome: task.OutcomeFailed, Retry: task.RetrySoon, Message: "after 3 tries"},
		},
		"evicted": {
			reason: "a Pod that has failed without its worker ending is lost",
			in:     observed{Source: side{Exists: true, Lost: "the Pod has failed: Evicted"}, Target: working, Want: true, Given: true},
			want:   want{Action: actRetry, Message: "Evicted"},
		},
		"deleted": {
			reason: "another client deletes a Pod in the middle",
			in:     observed{Source: working, Want: true, Given: true},
			want:   want{Action: actRetry, Message: "at the target was deleted"},
		},
		"a person must fix": {
			reason: "a worker that says so is not tried three times in vain",
			in: observed{Source: ended(2,
				status(&task.Result{Outcome: task.OutcomeFailed, Retry: task.RetryLater, Reason: "Unreadable", Message: "cannot read /x"}, nil)),
				Target: working, Want: true, Given: true},
			want: want{Action: actFail, Reason: "Unreadable", Outcome: task.OutcomeFailed, Retry: task.RetryLater, Message: "cannot read /x"},
		},
		"wrong input": {
			reason: "exit code 2 without more is permanent",
			in:     observed{Source: ended(2, nil), Target: working, Want: true, Given: true},
			want:   want{Action: actFail, Reason: ReasonWorkerFailed, Outcome: task.OutcomeFailed, Message: "exit code 2"},
		},
		"worker declines": {
			reason: "exit code 3 is a check of the mobilizer's own",
			in: observed{Source: working, Target: ended(3, status(&task.Result{Outcome: task.OutcomeDeclined, Message: "standby is writable"}, nil)),
				Want: true, Given: true},
			want: want{Action: actFail, Reason: ReasonWorkerFailed, Outcome: task.OutcomeDeclined, Retry: task.RetryLater,
				Message: "standby is writable"},
		},
		"the first failure counts": {
			reason: "the other side fails because of it",
			in: observed{
				Source: side{Exists: true, Exit: &exit{Code: 1, At: noon.Add(time.Second)},
					Status: status(&task.Result{Outcome: task.OutcomeFailed, Message: "connection lost"}, nil)},
				Target: side{Exists: true, Exit: &exit{Code: 1, At: noon},
					Status: status(&task.Result{Outcome: task.OutcomeFailed, Retry: task.RetryLater, Message: "volume is full"}, nil)},
				Want: true, Given: true,
			},
			want: want{Action: actFail, Reason: ReasonWorkerFailed, Outcome: task.OutcomeFailed, Retry: task.RetryLater, Message: "volume is full"},
		},
		"the sure failure counts": {
			reason: "the one that says what to fix is the cause, whichever was first",
			in: observed{
				Source: side{Exists: true, Exit: &exit{Code: 1, At: noon},
					Status: status(&task.Result{Outcome: task.OutcomeFailed, Message: "connection lost"}, nil)},
				Target: side{Exists: true, Exit: &exit{Code: 2, At: noon.Add(time.Minute)},
					Status: status(&task.Result{Outcome: task.OutcomeFailed, Retry: task.RetryLater, Message: "volume is full"}, nil)},
				Want: true, Given: true,
			},
			want: want{Action: actFail, Reason: ReasonWorkerFailed, Outcome: task.OutcomeFailed, Retry: task.RetryLater,
				Message: "at the target has failed: volume is full; the worker of data at the source has failed: connection lost"},
		},
		"a route is looked for": {
			reason: "workers start when it is decided how the data travels",
			in:     observed{Source: waiting, Target: waiting, Want: true, CreatedAt: noon.Add(-time.Second), Route: route{Pending: "looking"}},
			want:   want{Action: actWait, Message: "looking"},
		},
		"no route is found in time": {
			reason: "a load balancer that gets no address",
			in: observed{Source: waiting, Target: waiting, Want: true, CreatedAt: noon.Add(-6 * time.Minute),
				Route: route{Pending: "waiting until Service a has an address"}},
			want: want{Action: actFail, Reason: api.ReasonTransportUnreachable, Outcome: task.OutcomeFailed, Retry: task.RetryLater,
				Message: "has an address (waited 5m0s)"},
		},
		"no route may be used": {
			reason: "the user has excluded the relay",
			in: observed{Source: waiting, Target: waiting,
				Route: route{Err: failed(api.ReasonTransportUnreachable, "not reached", task.RetryLater)}},
			want: want{Action: actFail, Reason: api.ReasonTransportUnreachable, Outcome: task.OutcomeFailed,
				Retry: task.RetryLater, Message: "not reached"},
		},
		"a route that is lost later": {
			reason: "the agents see to that: workers at work are not stopped for it",
			in:     observed{Source: working, Target: working, Want: true, Given: true, Route: route{Pending: "looking"}},
			want:   want{Action: actWait},
		},
		"no contact": {
			reason: "an agent that cannot be reached for long is as good as dead",
			in: observed{Source: working, Target: side{Exists: true, Agent: true, Running: true, Started: true}, Want: true,
				Given: true, LostAt: noon.Add(-6 * time.Minute)},
			want: want{Action: actRetry, Message: "no connection"},
		},
		"no progress": {
			reason: "a person is told, and nothing is stopped: it may read for hours",
			in: observed{Volume: "data", Source: working, Target: working, Want: true, Given: true,
				MovedAt: noon.Add(-11 * time.Minute), Stage: api.StageCopying},
			want: want{Action: actWait, Message: "no progress of data is seen for 11m0s (stage Copying)"},
		},
		"a pause": {
			reason: "ten minutes may pass",
			in: observed{Volume: "data", Source: working, Target: working, Want: true, Given: true, MovedAt: noon.Add(-9 * time.Minute),
				Stage: api.StageCopying},
			want: want{Action: actWait},
		},
		"a check forbids": {
			reason: "checks go before everything",
			in:     observed{Source: working, Target: working, Want: true, Given: true, Check: declined(api.ReasonTargetIsActive, "active")},
			want: want{Action: actFail, Reason: api.ReasonTargetIsActive, Outcome: task.OutcomeDeclined,
				Retry: task.RetryLater, Message: "active"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			o := tc.in
			o.Now, o.Volume, o.Tries, o.StartTimeout = noon, "data", 3, 5*time.Minute
			o.Try = max(o.Try, 1)
			if o.Route == (route{}) {
				o.Route = route{Used: api.TransportRelay}
			}
			d := next(o)
			got := want{Action: d.Action, Message: d.Message}
			if d.Err != nil {
				got = want{Action: d.Action, Message: d.Err.Message, Outcome: d.Err.Outcome, Reason: d.Err.Reason, Retry: d.Err.Retry}
				if d.Err.Volume != "data" {
					t.Errorf("%s: the error does not name the volume", tc.reason)
				}
			}
			if !strings.Contains(got.Message, tc.want.Message) {
				t.Errorf("%s: message %q, want %q in it", tc.reason, got.Message, tc.want.Message)
			}
			got.Message = tc.want.Message
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestRetryIsNotTakenForAdoption: workers of a failed try, on their way out, are not those
// that a coordinator which takes over goes on with.
func TestRetryIsNotTakenForAdoption(t *testing.T) {
	s := testSpec(api.TriggerRequest).withDefaults()
	pods := func(change func(*corev1.Pod)) map[task.Role]map[string]*corev1.Pod {
		out := map[task.Role]map[string]*corev1.Pod{}
		for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: workerName("run-1", "data", role)}}
			pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: agentContainer, Started: new(true),
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
			change(pod)
			out[role] = map[string]*corev1.Pod{pod.Name: pod}
		}
		return out
	}
	v := newVolumePass(newWorkerPair(s, s.Volumes[0]))
	v.want = true
	if o := v.observe(s, noon, pods(func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: noon} }), nil); o.Given {
		t.Error("workers that are being deleted count as at work")
	}
	if o := v.observe(s, noon, pods(func(*corev1.Pod) {}), nil); !o.Given {
		t.Error("workers at work are not taken over")
	}
}

// TestAdoptionWhenOneHasEnded: a source that has sent everything ends, and the target restores for
// hours; a coordinator that takes over then lets it.
func TestAdoptionWhenOneHasEnded(t *testing.T) {
	s := testSpec(api.TriggerRequest).withDefaults()
	v := newVolumePass(newWorkerPair(s, s.Volumes[0]))
	v.created = noon
	pods := map[task.Role]map[string]*corev1.Pod{}
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: workerName("run-1", "data", role)}}
		agent := corev1.ContainerStatus{Name: agentContainer, Started: new(true),
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
		worker := corev1.ContainerStatus{Name: workerContainer, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}
		if role == task.RoleSource {
			agent.Started = new(false)
			agent.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: `{"apiVersion":"task.kubemove.io/v1alpha1",
				"runID":"run-1","result":{"outcome":"Succeeded"}}`}}
			worker.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
		}
		pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses = []corev1.ContainerStatus{agent}, []corev1.ContainerStatus{worker}
		pods[role] = map[string]*corev1.Pod{pod.Name: pod}
	}
	o := v.observe(s, noon.Add(time.Hour), pods, nil)
	if d := next(o); !o.Given || d.Action != actWait {
		t.Errorf("given %v, then %s: %v", o.Given, d.Action, d.Err)
	}
	o.Target.Connected = true
	if !o.ready() {
		t.Error("the coordinator would wait for its agent for ever")
	}
}

func TestExitCode(t *testing.T) {
	cases := map[string]struct {
		reason string
		err    error
		want   int
	}{
		"declined":  {"a check", declined("X", "x"), task.ExitDeclined},
		"soon":      {"a passing failure is repeated", failed("X", "x", task.RetrySoon), task.ExitFailed},
		"later":     {"a person first: the Job must not repeat it at once", failed("X", "x", task.RetryLater), task.ExitPermanent},
		"permanent": {"wrong input", permanent("X", "x"), task.ExitPermanent},
		"unknown":   {"an error that says nothing may pass", errUnreachable, task.ExitFailed},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := AsError(tc.err).ExitCode(); got != tc.want {
				t.Errorf("%s: exit code %d, want %d", tc.reason, got, tc.want)
			}
		})
	}
}
