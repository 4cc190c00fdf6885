package cutover

import (
	"cmp"
	"context"
	"time"
)

// action is everything that there is to an action, in one place: what carries it out, and what the loop,
// the status and the tests have to know of it. When it is its turn Next and NextRollback decide.
type action struct {
	name Kind
	// step of the cutover that it belongs to, as status.steps shows it. A roll back is one step.
	step string
	// text says for people what is done; who decides may say it more closely.
	text string
	// do carries it out.
	do func(ctx context.Context, s *switcher, o *Observed) error
	// acts: it changes the application or its copy, and not only what KubeMove writes down. Directly
	// before, a cutover makes sure that no other process acts for the switch by now.
	acts bool
	// onClaims: it cannot be taken back, or lets Pods write, and rests on the claims of the target. They are read once more
	// directly before.
	onClaims bool
	// reports: it takes long, and tells by itself how it gets on.
	reports bool
	// limit of the time in which it may be repeated in vain; 0: it has limits of its own.
	limit time.Duration
	// kills are the points at which tests end the process.
	kills []killPoint
}

// killPoint is a moment of an action.
type killPoint string

// after the action was carried out, and before anything of it was observed.
const after killPoint = "after"

var afterwards = []killPoint{after}

// registry of the actions of a cutover and of a roll back, in their usual order.
var registry = []action{
	{name: Lock, step: "Lock", text: "lock both sides", limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.lock(ctx, o) }},
	{name: Pin, step: "Pin", text: "capture the application and pin the plan", reports: true, limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, _ *Observed) error { return s.pin(ctx) }},
	{name: TakeOver, step: "Pin", text: "go on with the switch", limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, _ *Observed) error { return s.takeOver(ctx) }},
	{name: RecordObjects, step: "Workers", text: "record what is at the target", limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.recordObjects(ctx, o.Objects) }},
	{name: CreateClaims, step: "Workers", text: "create the claims", acts: true, limit: repeatLimit, kills: afterwards,
		do: creates(CreateClaims)},
	{name: OpenWorkers, step: "Workers", text: "bring up the workers", acts: true, reports: true, limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.openWorkers(ctx, o) }},
	{name: RecordSuspend, step: "Jobs", text: "record that CronJobs are suspended", limit: repeatLimit, kills: afterwards,
		do: notes(RecordSuspend)},
	{name: Suspend, step: "Jobs", text: "suspend the CronJobs", acts: true, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.stop(ctx, o, o.toSuspend()) }},
	{name: Delta, step: "Deltas", text: "copy once more before the stop", acts: true, reports: true, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.delta(ctx, o) }},
	{name: RecordQuiesce, step: "Quiesce", text: "record the stop", limit: repeatLimit, kills: afterwards,
		do: notes(RecordQuiesce)},
	{name: Quiesce, step: "Quiesce", text: "stop the source", acts: true, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.stop(ctx, o, o.toStop()) }},
	{name: FinalSync, step: "FinalSync", text: "final run", acts: true, reports: true, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.finalSync(ctx, o) }},
	{name: CloseWorkers, step: "FinalSync", text: "remove the workers", reports: true, limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, _ *Observed) error { return s.closeWorkers(ctx) }},
	{name: Mark, step: "Activate", text: "mark the target's claims as active", acts: true, limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.mark(ctx, true, o) }},
	{name: Unmark, step: "Activate", text: "remove the marks of the target's claims", acts: true, limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.mark(ctx, false, o) }},
	{name: ReadAgain, step: "Activate", text: "read again what the application has written into objects", acts: true, limit: repeatLimit,
		kills: afterwards,
		do:    func(ctx context.Context, s *switcher, o *Observed) error { return s.readAgain(ctx, o) }},
	{name: RecordStart, step: "Start", text: "record the start", limit: repeatLimit, kills: afterwards,
		do: notes(RecordStart)},
	{name: CreateObjects, step: "Start", text: "create what the workloads need", acts: true, limit: repeatLimit, kills: afterwards,
		do: creates(CreateObjects)},
	{name: Reapply, step: "Start", text: "change the objects that were left as they were changed since", acts: true, limit: repeatLimit,
		kills: afterwards, do: func(ctx context.Context, s *switcher, o *Observed) error { return s.reapply(ctx, o) }},
	{name: StartWorkloads, step: "Start", text: "start the workloads", acts: true, onClaims: true, limit: repeatLimit,
		kills: afterwards, do: startWorkloads},
	{name: Commit, step: "Commit", text: "commit", onClaims: true, limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.commit(ctx, o) }},
	{name: Passivate, step: "Open", text: "remove the marks of the claims that the application has left", acts: true, limit: repeatLimit,
		kills: afterwards,
		do:    func(ctx context.Context, s *switcher, o *Observed) error { return s.passivate(ctx, o) }},
	{name: Open, step: "Open", text: "let traffic in", acts: true, limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, _ *Observed) error { return s.open(ctx) }},
	{name: RecordOpen, step: "Open", text: "record that the target is open", limit: repeatLimit, kills: afterwards,
		do: notes(RecordOpen)},
	{name: HandOver, step: "Finish", text: "hand the objects over to their field managers", acts: true, limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.handOver(ctx, o) }},
	{name: Unlock, step: "Finish", text: "release the locks", limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, _ *Observed) error { return s.unlock(ctx) }},

	{name: RecordRollback, text: "record the roll back", limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, _ *Observed) error { return s.recordRollback(ctx) }},
	{name: StopTarget, text: "stop the target", limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.stopTarget(ctx, o) }},
	{name: RemoveWorkers, text: "remove the workers", reports: true, limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, _ *Observed) error { return s.closeWorkers(ctx) }},
	{name: DeleteObjects, text: "delete what was created at the target", limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.deleteObjects(ctx, o) }},
	{name: Restore, text: "restore the source", limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.restoreAll(ctx, o) }},
	{name: PutBack, text: "put back what was changed at the target", limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, o *Observed) error { return s.putBack(ctx, o) }},
	{name: Forget, text: "remove the records", limit: repeatLimit, kills: afterwards,
		do: func(ctx context.Context, s *switcher, _ *Observed) error { return s.forget(ctx) }},

	{name: Wait, reports: true, do: func(ctx context.Context, _ *switcher, _ *Observed) error {
		sleep(ctx, pause)
		return ctx.Err()
	}},
}

// creates what is missing of the objects that belong to an action, and writes down what was made.
func creates(k Kind) func(context.Context, *switcher, *Observed) error {
	return func(ctx context.Context, s *switcher, o *Observed) error {
		made, err := s.create(ctx, k, o)
		return cmp.Or(s.recordObjects(ctx, made), err)
	}
}

// startWorkloads creates those that are missing, and starts those that an earlier switch has left.
func startWorkloads(ctx context.Context, s *switcher, o *Observed) error {
	if err := s.startKept(ctx, o); err != nil {
		return err
	}
	return creates(StartWorkloads)(ctx, s, o)
}

// notes the time of an action in the target's record.
func notes(k Kind) func(context.Context, *switcher, *Observed) error {
	return func(ctx context.Context, s *switcher, o *Observed) error { return s.recordTime(ctx, k, o) }
}

// actions by name; that of an unknown one carries nothing out.
var actions = byName(registry)

func byName(list []action) map[Kind]action {
	out := make(map[Kind]action, len(list))
	for _, a := range list {
		out[a.name] = a
	}
	return out
}

// acts: it changes the application or its copy, and not only what KubeMove writes down.
func (k Kind) acts() bool { return actions[k].acts }

// changes: something in the clusters may be another when the action was carried out, or begun.
func (k Kind) changes() bool { return k != Wait && k != End && k != "" }

// do is an action as its entry says it, or as the message does.
func do(k Kind, message ...string) Action {
	a := Action{Kind: k, Message: actions[k].text}
	if len(message) > 0 {
		a.Message = message[0]
	}
	return a
}
