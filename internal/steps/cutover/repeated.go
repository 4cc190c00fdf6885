package cutover

import (
	"fmt"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// Limits of an action that is carried out again and again because what it does does not last. One
// that takes long is carried out once.
const (
	repeatLimit = 2 * time.Minute
	repeatCount = 5
)

// Repeated is the action, or the step that is waited in, which was the only one since some time.
type Repeated struct {
	Kind  Kind
	Step  string // of a Wait
	Since time.Time
	Count int
}

// next is the repetition after another action. To write down that an object is gone is a part of
// making it again and again.
func (r Repeated) next(a Action, now time.Time) Repeated {
	if a.Kind == RecordObjects && r.includes(a.Kind) {
		r.Count++
		return r
	}
	if a.Kind != r.Kind || a.Step != r.Step {
		return Repeated{Kind: a.Kind, Step: a.Step, Since: now, Count: 1}
	}
	r.Count++
	return r
}

// includes: the action goes on with the repetition, and nothing else limits it.
func (r Repeated) includes(k Kind) bool {
	return actions[r.Kind].limit > 0 && (k == r.Kind || k == RecordObjects)
}

// repeatedFor is how long nothing was done but to wait in a step.
func (o *Observed) repeatedFor(stepName string) time.Duration {
	if o.Repeated.Kind != Wait || o.Repeated.Step != stepName {
		return 0
	}
	return o.Now.Sub(o.Repeated.Since)
}

// bounded gives every repeated action an end that says what to do. Those with limits of their own
// are left to them: waiting and the stop have the timeouts of the switch, the final run its epochs.
func bounded(next func(Observed) Action) func(Observed) Action {
	return func(o Observed) Action {
		a := next(o)
		if !o.Repeated.includes(a.Kind) || o.Repeated.Count < repeatCount || o.Now.Sub(o.Repeated.Since) <= actions[o.Repeated.Kind].limit {
			return a
		}
		return ended(task.Failed(api.ReasonActionRepeats, fmt.Sprintf("%q was done %d times in %s and does not last: "+
			"another client undoes it (an operator, GitOps, an autoscaler, an admission webhook): find it and pause it",
			a.Message, o.Repeated.Count, o.Now.Sub(o.Repeated.Since).Round(time.Second)), task.RetrySoon))
	}
}
