package transfer

import (
	"cmp"
	"fmt"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// action is what the coordinator does next for a volume.
type action string

const (
	// actWait: nothing to do now.
	actWait action = "Wait"
	// actCreate: create the Pods that are missing.
	actCreate action = "Create"
	// actGo: let the workers start.
	actGo action = "Go"
	// actRetry: delete both Pods and begin the next try.
	actRetry action = "Retry"
	// actFail: the volume has failed, and with it the run.
	actFail action = "Fail"
	// actDone: the volume is copied and verified.
	actDone action = "Done"
)

// observed is everything that the next action for a volume depends on.
type observed struct {
	Now            time.Time
	Volume         string
	Source, Target side
	// Check is why the run must not go on, if so.
	Check *Error
	// Want: the volume's turn has come and Go was called. Given: go was sent in this try.
	Want, Given bool
	// CreatedAt is when this try began, GivenAt when go was sent, LostAt since when an agent
	// is not connected though its Pod runs, FailedAt when the first failure of this try was
	// seen.
	CreatedAt, GivenAt, LostAt, FailedAt time.Time
	// MovedAt is when the progress was last seen to change since go; Stage is where it is.
	MovedAt      time.Time
	Stage        api.VolumeStage
	Try, Tries   int
	StartTimeout time.Duration
	// Route of the data between the workers.
	Route route
	// Contents of the files must have been compared.
	Contents bool
}

// otherSide is how long a failure waits for the end of the other worker: it may know better
// what has happened.
const otherSide = 3 * time.Second

// decision is an action and its reason.
type decision struct {
	Action action
	// Message says what is waited for, or why there is another try, and Reason the latter in one
	// word.
	Message, Reason string
	// Err of actFail.
	Err *Error
}

// next decides. It is a pure function: everything that was learned is in o.
func next(o observed) decision {
	if o.Check != nil {
		return decision{Action: actFail, Err: o.Check.about(o.Volume)}
	}
	if o.Source.Terminating || o.Target.Terminating {
		if o.late(o.CreatedAt) {
			return o.fail(failed(ReasonWorkerNotStarted, fmt.Sprintf("a worker Pod of %s is being deleted and does not go away: "+
				"its node may be down; bring the node back or remove it from the cluster", o.Volume), task.RetryLater))
		}
		return decision{Action: actWait, Message: "waiting until the former workers of " + o.Volume + " are gone"}
	}
	if d, over := o.ended(); over {
		return d
	}
	if !o.Source.Exists || !o.Target.Exists {
		if o.Given {
			return o.retry(failed(ReasonWorkerFailed,
				fmt.Sprintf("the worker Pod of %s at the %s was deleted during the run", o.Volume, o.missing()), task.RetrySoon))
		}
		return decision{Action: actCreate, Message: "placing the workers of " + o.Volume}
	}
	return o.running()
}

// running decides while both Pods are there and neither has ended.
func (o observed) running() decision {
	if (!o.Source.Connected || !o.Target.Connected) && !o.Given {
		role, s := o.slow(func(s side) bool { return s.Connected })
		return o.notStarted(o.CreatedAt, role, s, "connect")
	}
	if !o.Given && o.Route.Used == "" {
		return o.noRoute()
	}
	switch {
	case o.Want && !o.Given:
		return decision{Action: actGo}
	case !o.Want:
		return decision{Action: actWait, Message: "the workers of " + o.Volume + " are ready"}
	case !o.Source.ran() || !o.Target.ran():
		role, s := o.slow(side.ran)
		return o.notStarted(o.GivenAt, role, s, "start")
	case !o.LostAt.IsZero() && o.late(o.LostAt):
		return o.retry(failed(ReasonWorkerFailed,
			fmt.Sprintf("no connection to a worker of %s for %s", o.Volume, o.StartTimeout), task.RetrySoon))
	case !o.MovedAt.IsZero() && o.Now.Sub(o.MovedAt) > quietAfter:
		return decision{Action: actWait,
			Message: fmt.Sprintf("no progress of %s is seen for %s (stage %s): unless that much has to be read, a disk or a server may not answer; "+
				"look at the Pods of its workers, or bring the source back with desired: RolledBack",
				o.Volume, o.Now.Sub(o.MovedAt).Round(time.Minute), o.Stage)}
	}
	return decision{Action: actWait}
}

// quietAfter so long it is told that nothing moves. It is no failure: to compare the content
// of a large volume shows no progress either, and takes longer.
const quietAfter = 10 * time.Minute

// noRoute waits for one, and fails without.
func (o observed) noRoute() decision {
	switch {
	case o.Route.Err != nil:
		return o.fail(o.Route.Err)
	case o.late(o.CreatedAt):
		return o.fail(failed(api.ReasonTransportUnreachable, fmt.Sprintf("%s (waited %s)", o.Route.Pending, o.StartTimeout), task.RetryLater))
	}
	return decision{Action: actWait, Message: o.Route.Pending}
}

// notStarted waits for a worker, and gives up after a while with the cluster's own reason.
func (o observed) notStarted(since time.Time, role task.Role, s side, verb string) decision {
	reason := s.Problem
	if reason == "" {
		reason = "no reason is known; look at the events of its Pod"
	}
	text := fmt.Sprintf("the worker of %s at the %s does not %s: %s", o.Volume, role, verb, reason)
	if o.late(since) {
		return o.fail(failed(ReasonWorkerNotStarted, fmt.Sprintf("%s (waited %s)", text, o.StartTimeout), task.RetryLater))
	}
	if s.Problem == "" {
		text = fmt.Sprintf("waiting for the worker of %s at the %s", o.Volume, role)
	}
	return decision{Action: actWait, Message: text}
}

// ended decides when a worker has ended.
func (o observed) ended() (decision, bool) {
	failures, failed := o.failures()
	switch {
	case failed && len(failures) < 2 && !o.bothEnded() && o.Now.Sub(o.FailedAt) < otherSide:
		return decision{Action: actWait, Message: failures[0].Message}, true
	case failed:
		return o.judge(failures), true
	case !o.bothEnded():
		return decision{}, false
	}
	source, target := progressOf(o.Source.Status, o.Volume).Verification, progressOf(o.Target.Status, o.Volume).Verification
	if err := compare(source, target); err != nil {
		return o.retry(mismatch(o.Volume, err)), true
	}
	if o.Contents {
		if err := contentsCompared(source, target); err != nil {
			return o.fail(permanent(api.ReasonMismatch, fmt.Sprintf("the contents of %s are not verified: %v", o.Volume, err))), true
		}
	}
	return decision{Action: actDone}, true
}

func mismatch(volume string, err error) *Error {
	return failed(api.ReasonMismatch, fmt.Sprintf("the copy of %s is not the same as its source: %v", volume, err), task.RetrySoon)
}

func (o observed) bothEnded() bool { return o.Source.over() && o.Target.over() }

// over tells whether a worker does nothing any more.
func (s side) over() bool { return s.Exit != nil || s.Lost != "" }

// failures of both sides. The first is the cause, as far as one can tell: one that says that
// trying again is useless, else the one that came first; clusters give whole seconds, so of
// two at the same time the source counts.
func (o observed) failures() ([]*Error, bool) {
	source, target := o.verdict(task.RoleSource, o.Source), o.verdict(task.RoleTarget, o.Target)
	switch {
	case source == nil && target == nil:
		return nil, false
	case source == nil:
		return []*Error{target}, true
	case target == nil:
		return []*Error{source}, true
	}
	sourceIsSure, targetIsSure := source.Retry != task.RetrySoon, target.Retry != task.RetrySoon
	earlier := o.Source.Exit != nil && o.Target.Exit != nil && o.Target.Exit.At.Before(o.Source.Exit.At)
	if targetIsSure && !sourceIsSure || targetIsSure == sourceIsSure && earlier {
		return []*Error{target, source}, true
	}
	return []*Error{source, target}, true
}

// verdict on one side: its failure, or nil.
func (o observed) verdict(role task.Role, s side) *Error {
	if s.Lost != "" {
		return failed(ReasonWorkerFailed, fmt.Sprintf("the worker of %s at the %s is lost: %s", o.Volume, role, s.Lost), task.RetrySoon)
	}
	if s.Exit == nil {
		return nil
	}
	var result *task.Result
	if s.Status != nil {
		result = s.Status.Result
	}
	if s.Exit.Code == task.ExitDone && result != nil && result.Outcome == task.OutcomeSucceeded {
		return nil
	}
	return workerError(o.Volume, role, s.Exit, result)
}

// workerError puts the end of a worker into words.
func workerError(volume string, role task.Role, e *exit, result *task.Result) *Error {
	where := fmt.Sprintf("the worker of %s at the %s", volume, role)
	out := failed(ReasonWorkerFailed, "", task.RetrySoon)
	if result != nil && result.Outcome != task.OutcomeSucceeded {
		out.Message = where + " has failed: " + result.Message
		out.Reason = cmp.Or(result.Reason, out.Reason)
		out.Retry = cmp.Or(result.Retry, out.Retry)
	} else {
		reason := ""
		if e.Reason != "" && e.Reason != "Error" && e.Reason != "Completed" {
			reason = " (" + e.Reason + ")"
		}
		out.Message = fmt.Sprintf("%s ended with exit code %d%s without a result for this run: look at the log of its container",
			where, e.Code, reason)
	}
	if e.Reason == oomKilled {
		return outOfMemory(where, e, out)
	}
	switch {
	case e.Code == task.ExitPermanent && out.Retry == task.RetrySoon:
		// The code says never, and the result, if there is one, nothing else.
		out.Retry = ""
	case e.Code == task.ExitDeclined || result != nil && result.Outcome == task.OutcomeDeclined:
		out.Outcome, out.Retry = task.OutcomeDeclined, task.RetryLater
		out.Reason = cmp.Or(out.Reason, api.ReasonDeclined)
	}
	return out
}

// outOfMemory is the end of a worker that the kernel has killed, or a program of it. Another try gets
// more memory.
func outOfMemory(where string, e *exit, said *Error) *Error {
	return failed(api.ReasonOOMKilled,
		fmt.Sprintf("%s ran out of memory (limit %s): its volume holds more files, or larger folders, than the plan has counted. "+
			"Ask for a new plan, which counts them again (spec.planRequest of the MovePair), or split the volume (%s)",
			where, orUnknown(e.Memory), said.Message), task.RetrySoon)
}

// judge decides whether a failure is tried again.
func (o observed) judge(failures []*Error) decision {
	err := failures[0]
	for _, other := range failures[1:] {
		err.Message += "; " + other.Message
	}
	if err.Outcome == task.OutcomeDeclined || err.Retry != task.RetrySoon {
		return o.fail(err)
	}
	return o.retry(err)
}

func (o observed) retry(err *Error) decision {
	if o.Try >= o.Tries {
		if o.Tries > 1 {
			err.Message = fmt.Sprintf("%s (after %d tries)", err.Message, o.Try)
		}
		return o.fail(err)
	}
	return decision{Action: actRetry, Message: err.Message, Reason: err.Reason}
}

func (o observed) fail(err *Error) decision {
	return decision{Action: actFail, Err: err.about(o.Volume)}
}

func (o observed) late(since time.Time) bool {
	return !since.IsZero() && o.Now.Sub(since) > o.StartTimeout
}

func (o observed) missing() task.Role {
	if !o.Source.Exists {
		return task.RoleSource
	}
	return task.RoleTarget
}

// slow returns the side that is waited for, rather one that has a problem to tell.
func (o observed) slow(ready func(side) bool) (task.Role, side) {
	if !ready(o.Source) && (o.Source.Problem != "" || ready(o.Target) || o.Target.Problem == "") {
		return task.RoleSource, o.Source
	}
	return task.RoleTarget, o.Target
}

// ready tells whether nothing keeps the volume's workers from starting (or whether they are
// past that).
func (o observed) ready() bool {
	if o.Source.Terminating || o.Target.Terminating {
		return false
	}
	past := func(s side) bool { return s.Connected || s.Exit != nil || s.Lost != "" }
	return o.Source.Exists && o.Target.Exists && past(o.Source) && past(o.Target) && (o.Given || o.Route.Used != "" || o.bothEnded())
}
