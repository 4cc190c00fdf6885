package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// Run is one run between Open and Close.
type Run struct {
	spec      Spec
	transport transport
	volumes   []*volumeRun
	wakeup    chan struct{}

	// life ends with Close: sessions and signs of life are kept between the calls.
	life     context.Context
	end      context.CancelFunc
	renewing sync.WaitGroup

	going     bool
	startedAt time.Time

	world     world
	checked   *Error
	checkedAt time.Time
	sawAt     time.Time
	// blind says what does not answer now.
	blind string

	samples    []sample
	reported   Progress
	reportedAt time.Time
	// warned is everything that was warned of, warnings what a status holds of it.
	warned, warnings []string
}

// errBlind: the clusters could not be looked at this time.
var errBlind = errors.New("the clusters do not answer")

var getOptions = metav1.GetOptions{}

// Open takes the claims over, places the workers on both sides and waits until every agent
// is connected: then each Pod is scheduled and its volumes are mounted. Nothing is copied
// before Go. When it fails it removes what it has placed.
func Open(ctx context.Context, spec Spec) (*Run, error) {
	spec = spec.withDefaults()
	if err := spec.validate(); err != nil {
		return nil, err
	}
	r := &Run{spec: spec, wakeup: make(chan struct{}, 1), sawAt: time.Now()}
	for _, v := range spec.Volumes {
		r.volumes = append(r.volumes, newVolumeRun(spec, v))
	}
	r.life, r.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := r.open(ctx); err != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*graceSeconds*time.Second)
		defer cancel()
		return nil, errors.Join(err, r.Close(closing))
	}
	return r, nil
}

func (r *Run) open(ctx context.Context) error {
	checked, err := r.check(ctx)
	if err == nil && checked != nil {
		err = checked
	}
	if err != nil {
		return err
	}
	r.transport = chooseTransport(r.spec.Transport.Type, func() bool { return oneCluster(ctx, r.spec.Source, r.spec.Target) })
	for _, v := range r.spec.Volumes {
		if err := acquire(ctx, r.spec, v); err != nil {
			return err
		}
	}
	r.renewing.Go(func() { renew(r.life, r.spec) })
	pods := map[task.Role]map[string]*corev1.Pod{}
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		if pods[role], err = workers(ctx, r.spec.endpoint(role), r.spec.runSelector()); err != nil {
			return err
		}
	}
	r.adopt(pods)
	return r.loop(ctx, r.ready)
}

// ready tells whether every volume could start now.
func (r *Run) ready() bool {
	for _, v := range r.volumes {
		if !v.isReady {
			return false
		}
	}
	return true
}

// Go checks once more that the target is passive and lets the workers start. It returns once
// the first of them were told so; how they do is up to Wait.
func (r *Run) Go(ctx context.Context) error {
	// Between Open and Go nobody looked, however long the application took to stop.
	r.going, r.checkedAt, r.sawAt = true, time.Time{}, time.Now()
	if r.startedAt.IsZero() {
		r.startedAt = time.Now()
	}
	return r.loop(ctx, func() bool {
		return !slices.ContainsFunc(r.volumes, func(v *volumeRun) bool { return v.want && !v.given && !v.done })
	})
}

// Wait returns when every volume is copied and verified, or with the first failure that is
// final.
func (r *Run) Wait(ctx context.Context) (Result, error) {
	if seconds := r.spec.Run.DeadlineSeconds; seconds > 0 {
		var cancel context.CancelFunc
		limit := time.Duration(seconds) * time.Second
		ctx, cancel = context.WithDeadlineCause(ctx, r.startedAt.Add(limit),
			failed(api.ReasonSyncFailed, fmt.Sprintf("the run did not end within %s", limit), task.RetrySoon))
		defer cancel()
	}
	err := r.loop(ctx, func() bool {
		return !slices.ContainsFunc(r.volumes, func(v *volumeRun) bool { return !v.done })
	})
	if err != nil {
		return Result{}, err
	}
	out := Result{StartedAt: r.startedAt, FinishedAt: time.Now(), Warnings: r.warnings}
	for _, v := range r.volumes {
		out.Volumes = append(out.Volumes, v.progress)
		out.Bytes += v.progress.BytesDone
		out.Files += v.progress.FilesDone
	}
	return out, nil
}

// loop takes steps until done, or until one fails.
func (r *Run) loop(ctx context.Context, done func() bool) error {
	for {
		err := r.step(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errBlind):
			r.report(time.Now())
		case err != nil:
			r.report(time.Now())
			return err
		case done():
			return nil
		}
		select {
		case <-ctx.Done():
		case <-r.wakeup:
		case <-time.After(pollInterval):
		}
	}
}

// wake makes the loop take its next step now.
func (r *Run) wake() {
	select {
	case r.wakeup <- struct{}{}:
	default:
	}
}

// Close removes the workers, their Secrets and their Services on both sides, waits until they are gone and
// gives the claims back. It is safe to call at any time, and more than once.
func (r *Run) Close(ctx context.Context) error {
	r.end()
	r.renewing.Wait()
	for _, v := range r.volumes {
		v.disconnect()
	}
	var errs []error
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		// So that both sides end at the same time; who is not asked here is asked below.
		_ = deleteWorkers(ctx, r.spec.endpoint(role), r.spec.runSelector())
	}
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		errs = append(errs, removeAll(ctx, r.spec.endpoint(role), r.spec.runSelector()))
	}
	if err := errors.Join(errs...); err != nil {
		// The lease stays: somebody has to see to the Pods before the next run.
		return err
	}
	for _, v := range r.spec.Volumes {
		errs = append(errs, release(ctx, r.spec, v))
	}
	return errors.Join(errs...)
}

// report tells how far the run is: at once when a stage changes, else once a second.
func (r *Run) report(now time.Time) {
	p := Progress{Warnings: r.warnings, Message: r.blind, Stalled: r.stalled(now)}
	var done, total int64
	for _, v := range r.volumes {
		p.Volumes = append(p.Volumes, v.progress)
		done += v.progress.BytesDone
		total += v.progress.BytesTotal
		if p.Message == "" && !v.done {
			p.Message = v.message
		}
	}
	if r.going {
		r.samples = record(r.samples, sample{At: now, Bytes: done})
		p.BytesPerSecond, p.ETASeconds = estimate(r.samples, total-done, now)
	}
	changed := !slices.EqualFunc(p.Volumes, r.reported.Volumes, func(a, b task.VolumeProgress) bool { return a.Stage == b.Stage }) ||
		p.Message != r.reported.Message
	if !changed && now.Sub(r.reportedAt) < time.Second {
		return
	}
	r.reported, r.reportedAt = p, now
	r.spec.Report(p)
}

// Dismiss asks for the end of all workers of the pair at an endpoint, and does not wait for it.
func Dismiss(ctx context.Context, c *cluster.Cluster, pairUID string) error {
	return deleteWorkers(ctx, c, runsOf(pairUID))
}

// runsOf selects what runs of a pair have made.
func runsOf(pairUID string) string { return ofPair(pairUID) + "," + api.RunLabel }

func ofPair(pairUID string) string {
	return selector(map[string]string{api.ManagedByLabel: api.ManagedByValue, api.PairLabel: pairUID})
}

// CleanupOptions of Cleanup.
type CleanupOptions struct {
	// Repositories removes the claims that mobilizers keep their state in, too, and probe claims.
	Repositories bool
}

// Cleanup removes everything that runs of the pair have left at an endpoint: worker Pods,
// their Secrets, Services and leases, and on request the repositories. It waits until the Pods are
// gone. Claims of the application are never touched.
func Cleanup(ctx context.Context, c *cluster.Cluster, pairUID string, opts CleanupOptions) error {
	runs := runsOf(pairUID)
	if err := removeAll(ctx, c, runs); err != nil {
		return err
	}
	errs := []error{deleteLeases(ctx, c, runs)}
	if opts.Repositories {
		errs = append(errs, deleteClaims(ctx, c, ofPair(pairUID)+","+RepositoryLabel, "repository"),
			deleteClaims(ctx, c, ofPair(pairUID)+","+ProbeLabel, "probe"))
	}
	return errors.Join(errs...)
}
