package cutover

import (
	"errors"

	"github.com/kubemove/kubemove/task"
)

// permanent wraps an error that trying again does not fix.
type permanent struct{ error }

// Unwrap returns the error that is wrapped.
func (p *permanent) Unwrap() error { return p.error }

// ending is an action's decision that the task ends.
type ending struct{ result task.Result }

func (e *ending) Error() string { return e.result.Message }

func isPermanent(err error) bool {
	var p *permanent
	return errors.As(err, &p)
}
