package jobs

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// RoundLabel on a Job of a switch holds the round it belongs to: the hash of the retry token.
const RoundLabel = "kubemove.io/round"

// State of an attempt.
type State string

// The states of an attempt.
const (
	Running   State = "Running"
	Succeeded State = "Succeeded"
	Failed    State = "Failed"
	Declined  State = "Declined"
)

// Attempt is an observed Job as far as decisions need it.
type Attempt struct {
	Job    *batchv1.Job
	Step   task.Verb
	Intent string
	Round  string
	Number int
	State  State
	// Finished is when the Job ended.
	Finished time.Time
	// Status that the Job reported for its own run, or nil.
	Status *task.Status
	// Result of a finished attempt: the trusted one, or one that says why there is none.
	Result task.Result
	// Trusted: the attempt has ended and its own result says how.
	Trusted bool
}

// Later says whether a person has to fix something before another try makes sense.
func (a Attempt) Later() bool {
	return a.State == Declined || a.Result.Retry == task.RetryLater
}

// Deleting says whether the Job is on its way out.
func (a Attempt) Deleting() bool { return !a.Job.DeletionTimestamp.IsZero() }

// Read turns Jobs into attempts, oldest first. Jobs without the labels of this package are
// left out.
func Read(list []*batchv1.Job) []Attempt {
	attempts := make([]Attempt, 0, len(list))
	for _, j := range list {
		number, err := strconv.Atoi(j.Labels[api.AttemptLabel])
		step := j.Labels[api.StepLabel]
		if err != nil || number < 1 || step == "" {
			continue
		}
		attempts = append(attempts, read(j, task.Verb(step), number))
	}
	slices.SortFunc(attempts, func(a, b Attempt) int {
		return cmp.Or(
			a.Job.CreationTimestamp.Compare(b.Job.CreationTimestamp.Time),
			cmp.Compare(a.Number, b.Number),
			cmp.Compare(a.Job.Name, b.Job.Name))
	})
	return attempts
}

func read(j *batchv1.Job, step task.Verb, number int) Attempt {
	a := Attempt{
		Job:    j,
		Step:   step,
		Intent: j.Labels[api.IntentLabel],
		Round:  j.Labels[RoundLabel],
		Number: number,
		State:  Running,
		Status: status(j),
	}
	end := finish(j)
	if end == nil {
		return a
	}
	a.Finished = end.LastTransitionTime.Time
	trusted := a.Status.Trusted(j.Name)
	if trusted != nil {
		a.Result = *trusted
	}
	complete := end.Type == batchv1.JobComplete
	a.Trusted = trusted != nil && complete == (trusted.Outcome == task.OutcomeSucceeded)
	switch {
	case trusted == nil:
		a.State = Failed
		a.Result = withoutResult(j, end)
	case complete && trusted.Outcome == task.OutcomeSucceeded:
		a.State = Succeeded
	case !complete && trusted.Outcome == task.OutcomeDeclined:
		a.State = Declined
	case !complete && trusted.Outcome == task.OutcomeFailed:
		a.State = Failed
	default:
		a.State = Failed
		a.Result = contradiction(*trusted, complete)
	}
	return a
}

// status of the Job's own run. A status that cannot be read is as good as none: the step then
// has no result, which is a failure that says so.
func status(j *batchv1.Job) *task.Status {
	text, ok := j.Annotations[task.StatusAnnotation]
	if !ok {
		return nil
	}
	s, err := task.DecodeStatus([]byte(text))
	if err != nil || s.RunID != j.Name {
		return nil
	}
	return s
}

// finish returns the condition that ended the Job. FailureTarget and SuccessCriteriaMet are
// not the end: Pods of the Job may still run.
func finish(j *batchv1.Job) *batchv1.JobCondition {
	for i, c := range j.Status.Conditions {
		if c.Status == corev1.ConditionTrue && (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) {
			return &j.Status.Conditions[i]
		}
	}
	return nil
}

func withoutResult(j *batchv1.Job, end *batchv1.JobCondition) task.Result {
	r := task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonJobFailed, Retry: task.RetrySoon}
	if end.Type == batchv1.JobComplete {
		r.Message = fmt.Sprintf("Job %s ended without a result", j.Name)
		return r
	}
	r.Message = fmt.Sprintf("Job %s failed without a result: %s", j.Name, end.Message)
	if end.Reason == batchv1.JobReasonPodFailurePolicy {
		r.Retry = task.RetryLater
	}
	return r
}

func contradiction(r task.Result, complete bool) task.Result {
	verb := "failed"
	if complete {
		verb = "completed"
	}
	return task.Result{
		Outcome: task.OutcomeFailed,
		Retry:   task.RetrySoon,
		Reason:  api.ReasonJobFailed,
		Message: fmt.Sprintf("the Job %s but its result says %s %s", verb, r.Outcome, r.Message),
	}
}
