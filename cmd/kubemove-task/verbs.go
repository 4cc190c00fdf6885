package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"k8s.io/klog/v2"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/steps/cleanup"
	"github.com/kubemove/kubemove/internal/steps/cutover"
	"github.com/kubemove/kubemove/internal/steps/open"
	"github.com/kubemove/kubemove/internal/steps/plan"
	"github.com/kubemove/kubemove/internal/steps/sync"
	"github.com/kubemove/kubemove/internal/steps/watch"
	"github.com/kubemove/kubemove/task"
)

// step carries out a verb.
type step func(ctx context.Context, t *task.Task, r *report.Reporter) task.Result

// dependencies are what the other steps do for a cutover.
var dependencies = cutover.Deps{Plan: plan.BuildAgain, Summary: plan.Summary, Changes: plan.Changes, Channel: open.LoadChannel}

// byVerb holds what carries out the verbs of KubeMove's own Jobs.
var byVerb = map[task.Verb]step{
	task.VerbPlan:  plan.Run,
	task.VerbOpen:  open.Run,
	task.VerbSync:  sync.Run,
	task.VerbWatch: watch.Run,
	task.VerbPrepare: func(ctx context.Context, t *task.Task, r *report.Reporter) task.Result {
		return cutover.Prepare(ctx, t, r, dependencies)
	},
	task.VerbCutover: func(ctx context.Context, t *task.Task, r *report.Reporter) task.Result {
		return cutover.Cutover(ctx, t, r, dependencies)
	},
	task.VerbRollback: cutover.Rollback,
	task.VerbCleanup: func(ctx context.Context, t *task.Task, r *report.Reporter) task.Result {
		return cleanups[t.Subject().Kind](ctx, t, r)
	},
}

// cleanups by the kind of what is cleaned up.
var cleanups = map[string]step{task.KindPair: cleanup.Run, task.KindSwitch: cutover.Cleanup}

// verbs that byVerb knows, sorted.
func verbs() []task.Verb {
	return slices.Sorted(maps.Keys(byVerb))
}

// carryOut runs a verb from its task to its exit code. Told to stop, it ends without a result:
// the Job's next Pod goes on from what it finds.
func carryOut(verb task.Verb, args []string) int {
	flags := flag.NewFlagSet(string(verb), flag.ContinueOnError)
	file := flags.String("task", task.TaskFile, "file that holds the task")
	if err := flags.Parse(args); err != nil {
		return task.ExitPermanent
	}
	log := logger()
	t, err := readTask(*file, verb)
	if err != nil {
		log.Error("cannot begin", "error", err.Error())
		return task.ExitPermanent
	}
	log = log.With("run", t.Run.ID, "verb", string(verb))
	slog.SetDefault(log)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	home, err := steps.Home(ctx, t)
	if err != nil {
		log.Error("cannot begin", "error", err.Error())
		return task.ExitFailed
	}
	r, err := report.ForTask(ctx, home, t)
	if err != nil {
		log.Error("cannot begin", "error", err.Error())
		return task.ExitFailed
	}
	r.Step(task.StepConnect, "reaching both clusters")
	return end(ctx, log, r, do(ctx, t, r))
}

// errDeadline ends a run that takes longer than its task allows.
var errDeadline = errors.New("the run has taken longer than run.deadlineSeconds")

// do carries the verb out within the run's deadline.
func do(ctx context.Context, t *task.Task, r *report.Reporter) (result task.Result) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("panic", "value", fmt.Sprint(p), "stack", string(debug.Stack()))
			result = task.Failed(api.ReasonFailed, "the task has stopped with an internal error: look at the log of its Pod", task.RetrySoon)
		}
	}()
	if s := t.Run.DeadlineSeconds; s > 0 {
		limited, cancel := context.WithTimeoutCause(ctx, time.Duration(s)*time.Second, errDeadline)
		defer cancel()
		result = byVerb[t.Verb](limited, t, r)
		if result.Outcome != task.OutcomeSucceeded && errors.Is(context.Cause(limited), errDeadline) {
			return task.Failed("DeadlineExceeded",
				fmt.Sprintf("%v (%d): raise it; the last message: %s", errDeadline, s, result.Message), task.RetryLater)
		}
		return result
	}
	return byVerb[t.Verb](ctx, t, r)
}

// end writes the last report and gives the exit code.
func end(ctx context.Context, log *slog.Logger, r *report.Reporter, result task.Result) int {
	if ctx.Err() != nil && result.Outcome != task.OutcomeSucceeded {
		log.Info("told to stop, the next Pod goes on")
		r.Stop(ctx)
		return task.ExitFailed
	}
	log.Info("finished", "outcome", string(result.Outcome), "reason", result.Reason, "message", result.Message)
	if err := r.Finish(ctx, result); err != nil {
		log.Error("cannot report the result", "error", err.Error())
		return task.ExitFailed
	}
	return result.ExitCode()
}

// readTask reads the task and refuses one that is not meant for the verb.
func readTask(file string, verb task.Verb) (*task.Task, error) {
	t, err := task.Read(file)
	if err != nil {
		return nil, err
	}
	switch {
	case t.Verb != verb:
		return nil, fmt.Errorf("the task is for the verb %q, and the program was started with %q: start it with the task's verb", t.Verb, verb)
	case t.Move == nil || t.Move.Home == "" || t.Move.Job == "" || t.Move.Pair.UID == "" || t.Subject().UID == "":
		return nil, errors.New("the task lacks move.home, move.job, move.pair.uid or move.switch.uid: KubeMove's own verbs need them")
	}
	return t, nil
}

func logger() *slog.Logger {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	slog.SetDefault(log)
	klog.SetSlogLogger(log)
	return log
}
