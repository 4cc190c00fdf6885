package jobs

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

var now = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// builder of observed Jobs.
type builder struct{ *batchv1.Job }

// observed is attempt n of step plan with an intent, created long ago.
func observed(intent string, n int) builder {
	name := fmt.Sprintf("mp-p-plan-%s-%d", intent, n)
	return builder{&batchv1.Job{ObjectMeta: metav1.ObjectMeta{
		Name:              name,
		CreationTimestamp: metav1.NewTime(now.Add(-time.Hour + time.Duration(n)*time.Minute)),
		Labels:            map[string]string{api.StepLabel: "plan", api.IntentLabel: intent, api.AttemptLabel: strconv.Itoa(n)},
	}}}
}

// ended some time ago, with a condition and an outcome; an empty outcome is no result.
func (b builder) ended(kind batchv1.JobConditionType, ago time.Duration, outcome task.Outcome, retry task.Retry) builder {
	b.Status.Conditions = []batchv1.JobCondition{{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-ago))}}
	if outcome != "" {
		b.says(b.Name, &task.Result{Outcome: outcome, Retry: retry, Message: "because"})
	}
	return b
}

func (b builder) failed(ago time.Duration) builder {
	return b.ended(batchv1.JobFailed, ago, task.OutcomeFailed, task.RetrySoon)
}

func (b builder) succeeded() builder {
	return b.ended(batchv1.JobComplete, time.Minute, task.OutcomeSucceeded, "")
}

func (b builder) says(run string, r *task.Result) builder {
	text, err := json.Marshal(task.Status{APIVersion: task.APIVersion, RunID: run, Result: r})
	if err != nil {
		panic(err)
	}
	b.Annotations = map[string]string{task.StatusAnnotation: string(text)}
	return b
}

func jobList(list ...builder) []*batchv1.Job {
	var l []*batchv1.Job
	for _, b := range list {
		l = append(l, b.Job)
	}
	return l
}

func TestRead(t *testing.T) {
	type want struct {
		State   State
		Trusted bool
		Later   bool
	}
	success := &task.Result{Outcome: task.OutcomeSucceeded}
	for name, c := range map[string]struct {
		reason string
		job    builder
		want   want
	}{
		"Running":   {"a Job without an end runs", observed("a", 1), want{State: Running}},
		"Succeeded": {"complete and said so", observed("a", 1).succeeded(), want{State: Succeeded, Trusted: true}},
		"Silent": {"exit code 0 without a result is a failure",
			observed("a", 1).ended(batchv1.JobComplete, 0, "", ""), want{State: Failed}},
		"OtherRun": {"a result of another run does not count", observed("a", 1).succeeded().says("other", success), want{State: Failed}},
		"Failed":   {"failed and said so", observed("a", 1).failed(0), want{State: Failed, Trusted: true}},
		"Declined": {"a decline is tried again later",
			observed("a", 1).ended(batchv1.JobFailed, 0, task.OutcomeDeclined, ""), want{State: Declined, Trusted: true, Later: true}},
		"Contradiction": {"a success of a Job that has failed is none",
			observed("a", 1).ended(batchv1.JobFailed, 0, task.OutcomeSucceeded, ""), want{State: Failed}},
		"FailureTarget": {"Pods of the Job may still run",
			observed("a", 1).ended(batchv1.JobFailureTarget, 0, task.OutcomeFailed, ""), want{State: Running}},
		"Garbage": {"a status that cannot be read is none", func() builder {
			b := observed("a", 1).succeeded()
			b.Annotations[task.StatusAnnotation] = "{"
			return b
		}(), want{State: Failed}},
		"Permanent": {"an exit code of the failure policy is for a person", func() builder {
			b := observed("a", 1).ended(batchv1.JobFailed, 0, "", "")
			b.Status.Conditions[0].Reason = batchv1.JobReasonPodFailurePolicy
			return b
		}(), want{State: Failed, Later: true}},
	} {
		t.Run(name, func(t *testing.T) {
			a := Read(jobList(c.job))[0]
			got := want{State: a.State, Trusted: a.Trusted, Later: a.Later()}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

// TestRenew: a success counts until it is made anew, and what fails then is a first failure.
func TestRenew(t *testing.T) {
	type want struct {
		Progress Progress
		Number   int
		Renew    bool
		Stuck    bool
	}
	old := observed("a", 7).ended(batchv1.JobComplete, time.Hour, task.OutcomeSucceeded, "")
	for name, c := range map[string]struct {
		reason string
		jobs   []*batchv1.Job
		every  time.Duration
		want   want
	}{
		"Young":   {"it is not time yet", jobList(old), 2 * time.Hour, want{Progress: Done, Number: 8}},
		"Old":     {"now it is", jobList(old), time.Minute, want{Progress: Done, Number: 8, Renew: true}},
		"Never":   {"it is not asked for", jobList(old), 0, want{Progress: Done, Number: 8}},
		"Running": {"one at a time, and the old one counts", jobList(old, observed("a", 8)), time.Hour, want{Progress: Done}},
		"Failed": {"the first failure after a success is no reason to call a person",
			jobList(old, observed("a", 8).failed(0)), time.Hour, want{Progress: Wait, Number: 9}},
	} {
		o := Next(Read(c.jobs), Want{Step: task.VerbPlan, Intent: "a", Every: c.every}, now)
		if diff := cmp.Diff(c.want, want{o.Progress, o.Number, o.Renew, o.Stuck}); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, c.reason, diff)
		}
		if c.want.Renew != (c.every > 0 && !now.Before(o.RenewAt) && !o.RenewAt.IsZero()) {
			t.Errorf("%s: renewed at %s", name, o.RenewAt)
		}
	}
}

// TestDoneAt: what another step has done counts as if it had been done here.
func TestDoneAt(t *testing.T) {
	type want struct {
		Progress Progress
		Number   int
		Stuck    bool
		RenewAt  time.Time
	}
	at := func(d time.Duration) time.Time {
		if d == 0 {
			return time.Time{}
		}
		return now.Add(-d)
	}
	slot := func(finished time.Time) time.Time {
		renewAt, _ := renewal(finished, now, 2*time.Hour, "")
		return renewAt
	}
	later := observed("a", 1).ended(batchv1.JobFailed, time.Minute, task.OutcomeFailed, task.RetryLater)
	for name, c := range map[string]struct {
		reason string
		jobs   []*batchv1.Job
		done   time.Duration
		want   want
	}{
		"Nothing": {"nothing was done anywhere", nil, 0, want{Progress: Create, Number: 1}},
		"Other":   {"it counts from then", nil, time.Second, want{Progress: Done, Number: 1, RenewAt: slot(at(time.Second))}},
		"Newer": {"the own success is newer", jobList(observed("a", 1).succeeded()), time.Hour,
			want{Progress: Done, Number: 2, RenewAt: slot(at(time.Minute))}},
		"Older": {"the other one is newer", jobList(observed("a", 1).succeeded()), time.Second,
			want{Progress: Done, Number: 2, RenewAt: slot(at(time.Second))}},
		"Repaired": {"what has failed was done since", jobList(later), time.Second,
			want{Progress: Done, Number: 2, RenewAt: slot(at(time.Second))}},
		"Broken": {"it has failed since", jobList(later), time.Hour, want{Progress: Create, Number: 2, Stuck: true}},
	} {
		t.Run(name, func(t *testing.T) {
			o := Next(Read(c.jobs), Want{Step: task.VerbPlan, Intent: "a", Every: 2 * time.Hour, DoneAt: at(c.done)}, now)
			if d := cmp.Diff(c.want, want{o.Progress, o.Number, o.Stuck, o.RenewAt}); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

func TestNext(t *testing.T) {
	deleting := observed("a", 1)
	deleting.DeletionTimestamp = &metav1.Time{Time: now}
	type want struct {
		Progress Progress
		Number   int
		In       time.Duration
		Stuck    bool
	}
	for name, c := range map[string]struct {
		reason string
		jobs   []*batchv1.Job
		again  bool
		want   want
	}{
		"First":   {"nothing is there: attempt 1", nil, false, want{Progress: Create, Number: 1}},
		"Running": {"one at a time", jobList(observed("a", 1)), false, want{Progress: Run}},
		"Other":   {"an older intent is waited for", jobList(observed("b", 7)), false, want{Progress: Run}},
		"OtherEnded": {"an older intent that has ended is history",
			jobList(observed("b", 7).succeeded()), false, want{Progress: Create, Number: 1}},
		"Deleting": {"a Job on its way out is waited for", jobList(deleting), false, want{Progress: Run}},
		"Done": {"a success is the end",
			jobList(observed("a", 1).failed(time.Hour), observed("a", 2).succeeded()), false, want{Progress: Done, Number: 3}},
		"Again": {"a success that is not good enough is tried again after half a minute",
			jobList(observed("a", 1).ended(batchv1.JobComplete, 20*time.Second, task.OutcomeSucceeded, "")), true,
			want{Progress: Wait, Number: 2, In: 10 * time.Second, Stuck: true}},
		"Again4": {"then ever later",
			jobList(observed("a", 4).succeeded()), true, want{Progress: Wait, Number: 5, In: 3 * time.Minute, Stuck: true}},
		"AgainCap": {"at most 5 min",
			jobList(observed("a", 40).succeeded()), true, want{Progress: Wait, Number: 41, In: 4 * time.Minute, Stuck: true}},
		"Backoff1": {"10 s after the first failure",
			jobList(observed("a", 1).failed(4 * time.Second)), false, want{Progress: Wait, Number: 2, In: 6 * time.Second}},
		"Backoff1End": {"and then the next", jobList(observed("a", 1).failed(10 * time.Second)), false, want{Progress: Create, Number: 2}},
		"Backoff3": {"doubled, and a person is told", jobList(observed("a", 2).failed(time.Hour), observed("a", 3).failed(0)), false,
			want{Progress: Wait, Number: 4, In: 40 * time.Second, Stuck: true}},
		"BackoffCap": {"at most 5 min",
			jobList(observed("a", 90).failed(0)), false, want{Progress: Wait, Number: 91, In: 5 * time.Minute, Stuck: true}},
		"Later": {"what a person has to fix: half a minute",
			jobList(observed("a", 1).ended(batchv1.JobFailed, 0, task.OutcomeFailed, task.RetryLater)), false,
			want{Progress: Wait, Number: 2, In: 30 * time.Second, Stuck: true}},
		"Declined": {"a decline: the same, and doubled", jobList(observed("a", 2).ended(batchv1.JobFailed, 0, task.OutcomeDeclined, "")),
			false, want{Progress: Wait, Number: 3, In: time.Minute, Stuck: true}},
		"Pruned": {"the number comes from the highest that is left",
			jobList(observed("a", 8).failed(time.Hour), observed("a", 9).failed(time.Hour)), false, want{Progress: Create, Number: 10, Stuck: true}},
	} {
		t.Run(name, func(t *testing.T) {
			o := Next(Read(c.jobs), Want{Step: task.VerbPlan, Intent: "a", Again: func(Attempt) bool { return c.again }}, now)
			got := want{Progress: o.Progress, Number: o.Number, Stuck: o.Stuck}
			if o.Progress == Wait {
				got.In = o.RetryAt.Sub(now)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

func TestKeep(t *testing.T) {
	list := jobList(
		observed("a", 1).failed(0), observed("a", 2).failed(0), observed("a", 3).failed(0), observed("a", 4).failed(0),
		observed("a", 5).succeeded(), observed("a", 6).succeeded(), observed("a", 7))
	var got []int
	for _, a := range Keep(Read(list), nil) {
		got = append(got, a.Number)
	}
	if d := cmp.Diff([]int{2, 3, 4, 6, 7}, got); d != "" {
		t.Errorf("the newest success, the last three failures and what runs: -want +got\n%s", d)
	}
}

func TestCheck(t *testing.T) {
	at := func(age time.Duration, active int32) builder {
		b := observed("a", 1)
		b.CreationTimestamp = metav1.NewTime(now.Add(-age))
		b.Status.Active = active
		return b
	}
	reporting := at(time.Hour, 1)
	reporting.says(reporting.Name, nil)
	reporting.Status.Ready = new(int32(1))
	lost := at(time.Hour, 0)
	lost.says(lost.Name, nil)
	dead := at(time.Hour, 0)
	dead.says(dead.Name, nil)
	dead.Status.Terminating = new(int32(1))
	ending := at(time.Hour, 0)
	ending.says(ending.Name, &task.Result{Outcome: task.OutcomeSucceeded})
	noted := func(ago time.Duration) *metav1.Condition {
		return &metav1.Condition{Status: metav1.ConditionUnknown, Reason: api.ReasonPodMissing, LastTransitionTime: metav1.NewTime(now.Add(-ago))}
	}
	for name, c := range map[string]struct {
		reason   string
		jobs     []*batchv1.Job
		status   string
		why      string
		previous *metav1.Condition
	}{
		"Young":     {"a Job may take a moment to get its Pod", jobList(at(59*time.Second, 0)), "False", api.ReasonNotStalled, nil},
		"NoPod":     {"after a minute a person has to look", jobList(at(60*time.Second, 0)), "True", api.ReasonPodMissing, nil},
		"Pulling":   {"a Pod may take a moment to start", jobList(at(119*time.Second, 1)), "False", api.ReasonNotStalled, nil},
		"NoStart":   {"after two minutes a person has to look", jobList(at(120*time.Second, 1)), "True", api.ReasonPodNotStarted, nil},
		"Reporting": {"a Job that reports is well", jobList(reporting), "False", api.ReasonNotStalled, nil},
		"Lost":      {"the next Pod comes in a moment", jobList(lost), "Unknown", api.ReasonPodMissing, nil},
		"LostSoon":  {"and may have to be scheduled", jobList(lost), "Unknown", api.ReasonPodMissing, noted(119 * time.Second)},
		"LostLong":  {"the application may be down: a person has to look", jobList(lost), "True", api.ReasonPodMissing, noted(120 * time.Second)},
		"Ending":    {"it has said how it has ended", jobList(ending), "False", api.ReasonNotStalled, nil},
		"DeadNode":  {"its Pod never goes away by itself", jobList(dead), "True", api.ReasonPodMissing, noted(time.Hour)},
		"Failed":    {"one failure is tried again", jobList(at(time.Hour, 0).failed(0)), "False", api.ReasonNotStalled, nil},
		"Later": {"a failure for a person is one",
			jobList(at(time.Hour, 0).ended(batchv1.JobFailed, 0, task.OutcomeFailed, task.RetryLater)), "True", api.ReasonJobFailed, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := Next(Read(c.jobs), Want{Step: task.VerbPlan, Intent: "a"}, now)
			s := Check(o, "ns", c.previous, now)
			if string(s.Status) != c.status || s.Reason != c.why {
				t.Errorf("%s: %s/%s (%s), want %s/%s", c.reason, s.Status, s.Reason, s.Message, c.status, c.why)
			}
			if s.Status == metav1.ConditionTrue && !strings.Contains(s.Message, ": kubectl -n ns ") {
				t.Errorf("%s: %q ends with no command", c.reason, s.Message)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	previous := func(status metav1.ConditionStatus, reason string, ago time.Duration) *metav1.Condition {
		return &metav1.Condition{Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(now.Add(-ago))}
	}
	for name, c := range map[string]struct {
		reason   string
		previous *metav1.Condition
		want     metav1.ConditionStatus
	}{
		"First":  {"the first time it is only noted", nil, metav1.ConditionUnknown},
		"Moving": {"what came before does not count", previous(metav1.ConditionFalse, api.ReasonNotStalled, time.Hour), metav1.ConditionUnknown},
		"Soon": {"the time is counted from the note",
			previous(metav1.ConditionUnknown, api.ReasonChildMissing, 59*time.Second), metav1.ConditionUnknown},
		"Late": {"after a minute a person is told",
			previous(metav1.ConditionUnknown, api.ReasonChildMissing, 60*time.Second), metav1.ConditionTrue},
		"Told": {"and stays told", previous(metav1.ConditionTrue, api.ReasonChildMissing, time.Second), metav1.ConditionTrue},
	} {
		if s := Missing("Job x", "kubectl", c.previous, now); s.Status != c.want {
			t.Errorf("%s: %s: %s, want %s", name, c.reason, s.Status, c.want)
		}
	}
}
