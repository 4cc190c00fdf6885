package transfer

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// Reasons of errors, in addition to those of the API.
const (
	// ReasonWorkerNotStarted: a worker Pod was not scheduled, pulled, mounted or connected in
	// time.
	ReasonWorkerNotStarted = "WorkerNotStarted"
	// ReasonWorkerFailed: a worker ended with an error.
	ReasonWorkerFailed = "WorkerFailed"
	// ReasonClaimInUse: a Pod that is not a worker of this run mounts a claim.
	ReasonClaimInUse = "ClaimInUse"
	// ReasonInterrupted: the coordinator itself was told to stop; the workers go on.
	ReasonInterrupted = "Interrupted"
	// ReasonRunReplaced: another run has taken the claim over.
	ReasonRunReplaced = "RunReplaced"
)

// Error is why a run did not succeed.
type Error struct {
	// Outcome: task.OutcomeFailed, or task.OutcomeDeclined when a check forbade the run.
	Outcome task.Outcome
	// Reason in CamelCase and a message for people.
	Reason, Message string
	// Volume that is concerned, if it is one.
	Volume string
	// Retry says whether trying again makes sense; empty: never.
	Retry task.Retry
	// Err is the cause, where there is one.
	Err error
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ExitCode of a task that ends with the error: one that a person has to fix first must not
// be repeated at once.
func (e *Error) ExitCode() int {
	switch {
	case e.Outcome == task.OutcomeDeclined:
		return task.ExitDeclined
	case e.Retry == task.RetrySoon:
		return task.ExitFailed
	default:
		return task.ExitPermanent
	}
}

// Result of a task that ends with the error.
func (e *Error) Result() *task.Result {
	return &task.Result{Outcome: e.Outcome, Retry: e.Retry, Reason: e.Reason, Message: e.Message}
}

// AsError returns the *Error in err; one that knows of no better treats it as a passing
// failure. It returns nil for nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	out := &Error{Outcome: task.OutcomeFailed, Reason: api.ReasonSyncFailed, Message: err.Error(), Retry: task.RetrySoon, Err: err}
	switch {
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		out.Reason, out.Retry = api.ReasonForbidden, task.RetryLater
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		out.Reason = ReasonInterrupted
	}
	return out
}

// permanent is a failure that trying again does not fix.
func permanent(reason, message string) *Error {
	return &Error{Outcome: task.OutcomeFailed, Reason: reason, Message: message}
}

// failed is a failure that may pass.
func failed(reason, message string, retry task.Retry) *Error {
	return &Error{Outcome: task.OutcomeFailed, Reason: reason, Message: message, Retry: retry}
}

// declined is a check that forbids the run for now.
func declined(reason, message string) *Error {
	return &Error{Outcome: task.OutcomeDeclined, Reason: reason, Message: message, Retry: task.RetryLater}
}

// about returns the error with the volume that it concerns.
func (e *Error) about(volume string) *Error {
	out := *e
	out.Volume = volume
	return &out
}
