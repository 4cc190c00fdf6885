package cutover

import "github.com/kubemove/kubemove/task"

// Kind of an action.
type Kind string

// The actions of a cutover, in their usual order.
const (
	// Lock takes the locks of both endpoints, in the order of their clusters' UIDs.
	Lock Kind = "Lock"
	// Pin captures the application again, compares the plan with the approved one, stores it
	// and writes the records.
	Pin Kind = "Pin"
	// TakeOver writes down that this process acts for the switch, and no earlier one.
	TakeOver Kind = "TakeOver"
	// RecordObjects writes down the UIDs of what this switch has at the target.
	RecordObjects Kind = "RecordObjects"
	// CreateClaims creates the claims that the target lacks.
	CreateClaims Kind = "CreateClaims"
	// OpenWorkers brings up the workers of the final run, mounted and waiting.
	OpenWorkers Kind = "OpenWorkers"
	// RecordSuspend writes down that CronJobs are about to be suspended; Suspend does it.
	RecordSuspend Kind = "RecordSuspend"
	Suspend       Kind = "Suspend"
	// RecordQuiesce writes down that the source is about to be stopped.
	RecordQuiesce Kind = "RecordQuiesce"
	// Quiesce stops the workloads of the source that are not stopped.
	Quiesce Kind = "Quiesce"
	// Delta copies once more while the application runs, so that less is left for the final run.
	Delta Kind = "Delta"
	// FinalSync begins the next epoch and copies; it records the run if nothing touched the
	// source meanwhile.
	FinalSync Kind = "FinalSync"
	// CloseWorkers removes the workers.
	CloseWorkers Kind = "CloseWorkers"
	// Mark marks the target's claims as active; Unmark removes this switch's marks.
	Mark   Kind = "Mark"
	Unmark Kind = "Unmark"
	// ReadAgain reads what the application has written into objects, and stores and records that.
	ReadAgain Kind = "ReadAgain"
	// RecordStart writes down that the target is about to be started.
	RecordStart Kind = "RecordStart"
	// CreateObjects creates what the workloads need; StartWorkloads creates the workloads.
	CreateObjects  Kind = "CreateObjects"
	StartWorkloads Kind = "StartWorkloads"
	// Reapply changes objects that an earlier switch has left as they were changed where the application leaves.
	Reapply Kind = "Reapply"
	// Commit records the point of no return on both sides.
	Commit Kind = "Commit"
	// Passivate takes the marks of an earlier switch from the claims that the application has left.
	Passivate Kind = "Passivate"
	// Open gives every external endpoint its final form.
	Open Kind = "Open"
	// RecordOpen writes down that the target is open.
	RecordOpen Kind = "RecordOpen"
	// HandOver makes those the field managers of the target's objects that are it at the source.
	HandOver Kind = "HandOver"
	// Unlock releases both locks.
	Unlock Kind = "Unlock"

	// The actions of a roll back, with Unmark and Unlock.

	// RecordRollback writes down that the switch is rolled back: a cutover that is not known to
	// have ended commits nothing any more.
	RecordRollback Kind = "RecordRollback"
	// StopTarget lets the target's workloads ask for no Pods.
	StopTarget Kind = "StopTarget"
	// RemoveWorkers deletes what a final run left on both sides.
	RemoveWorkers Kind = "RemoveWorkers"
	// DeleteObjects deletes what this switch created at the target, but the claims.
	DeleteObjects Kind = "DeleteObjects"
	// Restore gives the workloads of the source back what their ledgers say.
	Restore Kind = "Restore"
	// PutBack gives the objects that Reapply has changed the content that they had before.
	PutBack Kind = "PutBack"
	// Forget deletes the records and the pinned plan.
	Forget Kind = "Forget"

	// Wait reads again a little later.
	Wait Kind = "Wait"
	// End ends the task with Result.
	End Kind = "End"
)

// Action is the next thing to do.
type Action struct {
	Kind Kind
	// Message for people: what is done or waited for.
	Message string
	// Step that a Wait belongs to.
	Step string
	// Result for End.
	Result *task.Result
}

func wait(stepName, message string) Action {
	return Action{Kind: Wait, Step: stepName, Message: message}
}

func failed(reason, message string) Action {
	return ended(task.Failed(reason, message, task.RetryLater))
}

func declined(reason, message string) Action {
	return ended(task.Declined(reason, message))
}

func succeeded(message string) Action {
	return ended(task.Succeeded(message))
}

func ended(r task.Result) Action { return Action{Kind: End, Message: r.Message, Result: &r} }
