package movepair

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// reached is a pair that was planned and opened so long ago.
func reached(d time.Duration) func(s *state) {
	return func(s *state) {
		attempt(task.VerbPlan, jobs.Succeeded, with(aPlan), ago(d+time.Minute))(s)
		s.decide()
		attempt(task.VerbOpen, jobs.Succeeded, ago(d))(s)
	}
}

// switchedAt is a committed switch that is there.
func switchedAt(d time.Duration) func(s *state) {
	return func(s *state) {
		s.switches.Committed = &api.MoveSwitch{ObjectMeta: metav1.ObjectMeta{Name: "shop-a", UID: "switch"},
			Status: api.MoveSwitchStatus{CommittedAt: &metav1.Time{Time: now.Add(-d)}}}
	}
}

// atItsTime lets the time of the pair's next look come.
func atItsTime(s *state) {
	s.decide()
	if at := s.watch.stepState.RenewAt; at.After(s.now) {
		s.now = at
	}
}

func TestDueWatch(t *testing.T) {
	gone := func(s *state) { s.switches.Committed.DeletionTimestamp = &metav1.Time{Time: now} }
	complete := func(s *state) { s.pair.Status.Channel = api.ChannelComplete }
	unlabelled := func(s *state) { mistaken(s); s.problem, s.unlabelled = nil, s.problem }
	looked := func(s *state) { attempt(task.VerbWatch, jobs.Succeeded, ago(now.Sub(s.now)))(s) }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		due    bool
	}{
		"Fresh":     {"the plan has just looked", []func(*state){reached(0)}, false},
		"Time":      {"its time has come", []func(*state){reached(9 * time.Minute), atItsTime}, true},
		"Planning":  {"the plan looks", []func(*state){reached(9 * time.Minute), atItsTime, attempt(task.VerbPlan, jobs.Running)}, false},
		"NotOpen":   {"opening looks", []func(*state){planned}, false},
		"Looking":   {"one at a time", []func(*state){reached(9 * time.Minute), atItsTime, attempt(task.VerbWatch, jobs.Running)}, false},
		"Looked":    {"it was looked at since", []func(*state){reached(9 * time.Minute), atItsTime, looked}, false},
		"Failed":    {"it waits half a minute", []func(*state){reached(9 * time.Minute), lost(29 * time.Second)}, false},
		"Again":     {"it has waited", []func(*state){reached(9 * time.Minute), lost(30 * time.Second)}, true},
		"Suspended": {"nothing new is started", []func(*state){reached(9 * time.Minute), atItsTime, suspended}, false},
		"Mistake":   {"nothing new is started", []func(*state){reached(9 * time.Minute), atItsTime, mistaken}, false},
		"NoLabel":   {"nothing new is started", []func(*state){reached(9 * time.Minute), atItsTime, unlabelled}, false},
		"Busy":      {"a switch is at it, and looks itself", []func(*state){reached(9 * time.Minute), atItsTime, busy}, false},
		"Switched":  {"the switch has looked", []func(*state){reached(time.Hour), switchedAt(0)}, false},
		"Stopped":   {"does the source stay stopped?", []func(*state){reached(time.Hour), switchedAt(9 * time.Minute), atItsTime}, true},
		"Opening": {"the switch is committed, and not at its end",
			[]func(*state){reached(time.Hour), switchedAt(9 * time.Minute), atItsTime, busy}, false},
		"Leaving": {"the switch goes, and its record with it",
			[]func(*state){reached(time.Hour), switchedAt(9 * time.Minute), atItsTime, gone}, false},
		"Over": {"the switch is gone", []func(*state){reached(9 * time.Minute), atItsTime, complete}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(c.given...).dueWatch() != nil; got != c.due {
				t.Errorf("%s: got %t", c.reason, got)
			}
		})
	}
}

// TestWatchIntent: after a switch the question is another one, and its task names the switch.
func TestWatchIntent(t *testing.T) {
	before, after := given(reached(time.Hour)), given(reached(time.Hour), switchedAt(time.Hour))
	if before.watch.want.Intent == after.watch.want.Intent {
		t.Error("what was seen before the switch counts after it")
	}
	job, err := after.job(&after.watch, after.account(task.VerbWatch))
	if err != nil {
		t.Fatal(err)
	}
	spec := job.(*batchv1.Job).Spec.Template
	told, err := task.Decode([]byte(spec.Annotations[task.TaskAnnotation]))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&task.Object{Name: "shop-a", UID: "switch"}, told.Move.Committed); diff != "" || told.Subject().Kind != task.KindPair {
		t.Errorf("subject %s, committed (-want +got):\n%s", told.Subject().Kind, diff)
	}
	if got := spec.Spec.ServiceAccountName; got != "shop-a-data" {
		t.Errorf("it runs as %s, and reads only", got)
	}
}

func TestKeptWatches(t *testing.T) {
	look := func(is jobs.State, number int) jobs.Attempt {
		return jobs.Attempt{Step: task.VerbWatch, State: is, Number: number}
	}
	plan := jobs.Attempt{Step: task.VerbPlan, State: jobs.Succeeded, Number: 99}
	for name, c := range map[string]struct {
		reason string
		list   []jobs.Attempt
		want   []int
	}{
		"None": {"a plan is none", []jobs.Attempt{plan}, nil},
		"Newest": {"they do not pile up",
			[]jobs.Attempt{look(jobs.Failed, 1), look(jobs.Succeeded, 2), look(jobs.Succeeded, 3), plan}, []int{3}},
		"Failing": {"failures are counted from the last success",
			[]jobs.Attempt{look(jobs.Succeeded, 3), look(jobs.Failed, 4), look(jobs.Failed, 5)}, []int{5, 3}},
		"Always": {"there was no success", []jobs.Attempt{look(jobs.Failed, 4), look(jobs.Failed, 5)}, []int{5}},
		"Running": {"until it has ended the one before says what is known", []jobs.Attempt{look(jobs.Succeeded, 3), look(jobs.Failed, 4),
			look(jobs.Running, 5)}, []int{5, 4, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []int
			for _, a := range keptWatches(c.list) {
				got = append(got, a.Number)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}

func TestWatchStall(t *testing.T) {
	const moving = "False Progressing: nothing waits for a person"
	const renew = ". Nothing is stopped by this; put a kubeconfig that lasts there: kubectl -n home create secret generic cloud " +
		"--from-file=kubeconfig=FILE --dry-run=client -o yaml | kubectl apply -f -"
	const expires = "True CredentialsExpireBeforeSwitch: the credentials of the target end too early: the token in the kubeconfig of Secret " +
		"cloud expires at 2026-11-21T20:00:00Z, and "
	ends := func(role task.Role) task.Watch {
		return task.Watch{Expires: []task.Expiry{{Role: role, Kind: "token", At: metav1.NewTime(now.Add(12 * time.Hour))}}}
	}
	switchOn := func(at string) func(s *state) {
		return func(s *state) {
			m := &api.MoveSwitch{}
			m.Spec.At = at
			s.switches.All = []*api.MoveSwitch{m}
		}
	}
	runs := task.Watch{SourceRuns: []string{"Deployment.apps/web"}, StopCommand: "kubectl stop"}
	look := func(w task.Watch, d time.Duration) func(s *state) {
		return attempt(task.VerbWatch, jobs.Succeeded, seen(w), ago(d))
	}
	noPod := func(a *jobs.Attempt) { a.Status = nil }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"Fine": {"both answer", []func(*state){reached(time.Hour), look(task.Watch{}, time.Minute)}, moving},
		"Lost": {"with a command that is the same for all attempts", []func(*state){reached(time.Hour), lost(time.Second)},
			"True EndpointUnreachable: no answer: kubectl -n home logs --tail=20 --selector kubemove.io/step=watch,kubemove.io/pair=uid"},
		"LostOnce":  {"one Job that was killed is no news", []func(*state){reached(time.Hour), failed(task.VerbWatch, "x", time.Second)}, moving},
		"Suspended": {"it is not looked at", []func(*state){reached(time.Hour), lost(time.Second), suspended}, moving},
		"Expires": {"the switch may begin at any time", []func(*state){reached(time.Hour), look(ends(task.RoleTarget), time.Minute)},
			expires + "they are expected to last for a day, as the switch may begin at any time" + renew},
		"ExpiresPlan": {"the plan has looked, too",
			[]func(*state){attempt(task.VerbPlan, jobs.Succeeded, with(aPlan), seen(ends(task.RoleTarget)), ago(time.Minute)), opened},
			expires + "they are expected to last for a day, as the switch may begin at any time" + renew},
		"ExpiresAt": {"the switch comes later", []func(*state){reached(time.Hour), look(ends(task.RoleTarget), time.Minute),
			switchOn("2026-11-24T00:00:00Z")},
			expires + "they are needed until an hour after the time of the switch, 2026-11-24T00:00:00Z" + renew},
		"LongEnough": {"the switch comes before", []func(*state){reached(time.Hour), look(ends(task.RoleTarget), time.Minute),
			switchOn("2026-11-21T12:00:00Z")}, moving},
		"Renewed": {"the newest look counts", []func(*state){reached(time.Hour), look(ends(task.RoleTarget), time.Minute),
			look(task.Watch{}, time.Second)}, moving},
		"Home": {"that endpoint has no kubeconfig any more",
			[]func(*state){reached(time.Hour), look(ends(task.RoleSource), time.Minute)}, moving},
		"Kept": {"a look that fails does not make it unknown", []func(*state){reached(time.Hour), look(ends(task.RoleTarget), time.Minute),
			failed(task.VerbWatch, "x", time.Second)},
			expires + "they are expected to last for a day, as the switch may begin at any time" + renew},
		"NoPod": {"it does not run for long", []func(*state){reached(time.Hour), attempt(task.VerbWatch, jobs.Running, noPod)},
			"True PodNotCreated: Job watch-job has no Pod. Likely: a quota or an admission policy refuses it, or its " +
				"ServiceAccount is missing: kubectl -n home describe job watch-job"},
		"NoPodYet": {"it may still come", []func(*state){reached(time.Minute), attempt(task.VerbWatch, jobs.Running, noPod)}, moving},
		"Active": {"the source was started again", []func(*state){reached(time.Hour), switchedAt(time.Hour), look(runs, time.Minute)},
			"True SourceActive: the switch is committed, and something of the application was started at the source again by another client: " +
				"Deployment.apps/web. What it writes there stays there. Pause that client, and stop it in the cluster of the source: kubectl stop"},
		"ActiveBefore": {"before the switch it may run",
			[]func(*state){reached(time.Hour), look(runs, time.Minute), switchedAt(time.Hour)}, moving},
		"Passive": {"it is stopped again", []func(*state){reached(time.Hour), switchedAt(time.Hour), look(runs, time.Minute),
			look(task.Watch{}, time.Second)}, moving},
		"Unreachable": {"what was seen last counts", []func(*state){reached(time.Hour), switchedAt(time.Hour), look(runs, time.Minute),
			lost(time.Second)}, "True SourceActive: the switch is committed, and something of the application was started at the source again " +
			"by another client: Deployment.apps/web. What it writes there stays there. Pause that client, and stop it in the cluster of the " +
			"source: kubectl stop"},
		"NotSeen": {"whether the source is stopped is not seen", []func(*state){reached(time.Hour), switchedAt(time.Hour),
			attempt(task.VerbWatch, jobs.Failed, justNow, func(a *jobs.Attempt) {
				a.Result = task.Result{Reason: api.ReasonForbidden, Message: "cannot list Pods", Retry: task.RetryLater}
			})},
			"True Forbidden: cannot list Pods: kubectl -n home logs --tail=20 --selector kubemove.io/step=watch,kubemove.io/pair=uid"},
		"LostAfterwards": {"the move is over: Connected says it", []func(*state){reached(time.Hour), switchedAt(time.Hour), lost(time.Second)},
			moving},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(c.given...)
			got := s.watchStall(nil)
			if d := cmp.Diff(c.want, string(got.Status)+" "+got.Reason+": "+got.Message); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
			if len(got.Message) > task.MaxMessage {
				t.Errorf("%s: the message is %d bytes long", c.reason, len(got.Message))
			}
		})
	}
}

func TestNextLook(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   time.Duration
	}{
		"Time": {"at a time of its own", []func(*state){reached(time.Minute)}, 6*time.Minute + 3*time.Second},
		"Another": {"another pair at another time", []func(*state){func(s *state) { s.pair.UID = "another" }, reached(time.Minute)},
			3*time.Minute + 21*time.Second},
		"Failed": {"soon", []func(*state){reached(time.Minute), lost(10 * time.Second)}, 20 * time.Second},
		"Running": {"until it is told what keeps it", []func(*state){reached(time.Minute), attempt(task.VerbWatch, jobs.Running)},
			29*time.Minute + time.Second},
		"Overdue":   {"it is told", []func(*state){reached(time.Hour), attempt(task.VerbWatch, jobs.Running)}, 0},
		"Suspended": {"it is not looked at", []func(*state){reached(time.Minute), suspended}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(c.given...).nextLook(); got != c.want {
				t.Errorf("%s: got %s, want %s", c.reason, got, c.want)
			}
		})
	}
}
