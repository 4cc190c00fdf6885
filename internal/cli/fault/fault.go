// Package fault is how a command of kubectl-move ends otherwise than well: what failed and on which object, the reason that
// was seen, one command to run next, and the exit code.
package fault

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/kubemove/kubemove/internal/text"
)

// Exit codes of kubectl-move, as docs/cli.md has them.
const (
	// Done: all was done.
	Done = 0
	// Failed: an error for which there is no code of its own.
	Failed = 1
	// Usage: a wrong flag or argument, or input that cannot be worked on.
	Usage = 2
	// Warned: it was done with warnings, or only a part of it.
	Warned = 3
	// TimedOut: what was waited for has not come in time. In the cluster it goes on.
	TimedOut = 4
	// Blocked: a plan has blockers, or a check has failed.
	Blocked = 5
	// Interrupted: by Ctrl-C. In the cluster it goes on.
	Interrupted = 130
)

// Error of a command.
type Error struct {
	// Failed says what failed, and on which object.
	Failed string
	// Reason that was seen; empty: Failed says it all.
	Reason string
	// Try is one command to run next, by its words; the first are kubectl, or kubectl and move. Empty: there is none.
	Try []string
	// Code to exit with; 0 stands for Failed.
	Code int
	// Transient: the same may succeed a moment later.
	Transient bool
	// Err that is wrapped, for programs.
	Err error
}

// Error is what failed, and the reason.
func (e *Error) Error() string {
	if e.Reason == "" {
		return e.Failed
	}
	return e.Failed + ": " + e.Reason
}

// Unwrap is the error below.
func (e *Error) Unwrap() error { return e.Err }

// New says that something failed. A format as for fmt.Errorf is for the reason.
func New(code int, failed, format string, args ...any) *Error {
	return &Error{Failed: failed, Reason: fmt.Sprintf(format, args...), Code: code}
}

// Badly says that the command line, or a file that it names, cannot be worked on.
func Badly(format string, args ...any) *Error {
	return &Error{Failed: fmt.Sprintf(format, args...), Code: Usage}
}

// Trying is the error with the words of a command to run next.
func (e *Error) Trying(words ...string) *Error {
	e.Try = words
	return e
}

// Code to exit with.
func Code(err error) int {
	switch e, ok := errors.AsType[*Error](err); {
	case err == nil:
		return Done
	case ok && e.Code != 0:
		return e.Code
	case errors.Is(err, context.Canceled):
		return Interrupted
	case errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	}
	return Failed
}

// Print an error for people, a line each for what failed, the reason and what to try. line makes a command line of words.
func Print(w io.Writer, err error, line func(words ...string) string) {
	e, ok := errors.AsType[*Error](err)
	if !ok && Code(err) == Interrupted {
		fmt.Fprintln(w, "error: interrupted")
		return
	}
	if !ok {
		fmt.Fprintf(w, "error: %s\n", text.Plain(err.Error()))
		return
	}
	if e.Failed != "" {
		fmt.Fprintf(w, "error: %s\n", text.Plain(e.Failed))
	}
	if e.Reason != "" {
		fmt.Fprintf(w, "reason: %s\n", text.Plain(e.Reason))
	}
	if len(e.Try) > 0 {
		fmt.Fprintf(w, "try: %s\n", text.Plain(line(e.Try...)))
	}
}
