package cluster

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// answerTimeout is how long a read waits for its answer to begin. An API server that is there
// answers in less, or refuses what is too much for it; a write may have to wait for webhooks.
const answerTimeout = 15 * time.Second

// errNoAnswer is a network error, as that of a connection that is not established in time.
var errNoAnswer error = &networkError{text: "no answer for " + answerTimeout.String(), timeout: true}

// networkError says that the API server was not reached. It is a net.Error.
type networkError struct {
	text    string
	timeout bool
}

// Error is for people.
func (e *networkError) Error() string { return e.text }

// Timeout says whether it was waited for in vain.
func (e *networkError) Timeout() bool { return e.timeout }

// Temporary is what trying again may help against.
func (e *networkError) Temporary() bool { return true }

// answering ends reads that get no answer, so that an outage is noticed, and told, within a minute.
type answering struct{ next http.RoundTripper }

// WrappedRoundTripper lets client-go find the transport itself.
func (a *answering) WrappedRoundTripper() http.RoundTripper { return a.next }

// RoundTrip sends a request.
func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		return a.next.RoundTrip(r)
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	timer := time.AfterFunc(answerTimeout, func() { cancel(errNoAnswer) })
	answer, err := a.next.RoundTrip(r.WithContext(ctx))
	if timer.Stop() && err == nil {
		answer.Body = &body{ReadCloser: answer.Body, done: cancel}
		return answer, nil
	}
	if err == nil { // It came at the very moment.
		_ = answer.Body.Close()
		err = errNoAnswer
	}
	if errors.Is(context.Cause(ctx), errNoAnswer) {
		err = errNoAnswer
	}
	cancel(nil)
	return nil, err
}

// body of an answer: the request ends with it.
type body struct {
	io.ReadCloser
	done context.CancelCauseFunc
}

// Close ends the request.
func (b *body) Close() error {
	defer b.done(nil)
	return b.ReadCloser.Close()
}
