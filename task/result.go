package task

import (
	"unicode/utf8"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// MaxMessage is the most bytes of a message that KubeMove's kinds take.
const MaxMessage = 1024

// Succeeded ends a task well.
func Succeeded(message string) Result {
	return Result{Outcome: OutcomeSucceeded, Reason: api.ReasonSucceeded, Message: Cut(message, MaxMessage)}
}

// Declined ends a task that a check forbids for now.
func Declined(reason, message string) Result {
	return Result{Outcome: OutcomeDeclined, Retry: RetryLater, Reason: reason, Message: Cut(message, MaxMessage)}
}

// Failed ends a task that could not do its work.
func Failed(reason, message string, retry Retry) Result {
	return Result{Outcome: OutcomeFailed, Retry: retry, Reason: reason, Message: Cut(message, MaxMessage)}
}

// ExitCode of a process that ends with the result.
func (r Result) ExitCode() int {
	switch {
	case r.Outcome == OutcomeSucceeded:
		return ExitDone
	case r.Outcome == OutcomeDeclined:
		return ExitDeclined
	case r.Retry == RetrySoon:
		return ExitFailed
	}
	return ExitPermanent
}

// Cut shortens a text to at most n bytes, at the end of a character, and ends it with dots then.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const dots = "..."
	end := max(n-len(dots), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + dots[:min(len(dots), n-end)]
}
