package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// Pass is one run of the data inside a session, from Begin until both sides of every volume agree.
type Pass struct {
	in      *Session
	volumes []*volumePass

	begun     bool
	startedAt time.Time

	samples    []sample
	reported   Progress
	reportedAt time.Time
	// warned is everything that was warned of, warnings what a status holds of it.
	warned, warnings []string
}

func newPass(s *Session) *Pass {
	p := &Pass{in: s}
	for _, w := range s.workers {
		p.volumes = append(p.volumes, newVolumePass(w))
	}
	return p
}

func (p *Pass) begin(ctx context.Context) error {
	// Between Open and Begin nothing was looked at, however long the application took to stop.
	p.begun, p.startedAt = true, time.Now()
	p.in.checkedAt, p.in.sawAt = time.Time{}, time.Now()
	return p.loop(ctx, func() bool {
		return !slices.ContainsFunc(p.volumes, func(v *volumePass) bool { return v.want && !v.given && !v.done })
	})
}

// Wait returns when every volume is copied and verified, or with the first failure that is
// final.
func (p *Pass) Wait(ctx context.Context) (Result, error) {
	if seconds := p.in.spec.Run.DeadlineSeconds; seconds > 0 {
		var cancel context.CancelFunc
		limit := time.Duration(seconds) * time.Second
		ctx, cancel = context.WithDeadlineCause(ctx, p.startedAt.Add(limit),
			failed(api.ReasonSyncFailed, fmt.Sprintf("the run did not end within %s, its deadline (sync.deadline): "+
				"raise that, or see what makes it slow; most of what it has copied is not copied again", limit), task.RetryLater))
		defer cancel()
	}
	if err := p.loop(ctx, p.done); err != nil {
		return Result{}, err
	}
	out := Result{StartedAt: p.startedAt, FinishedAt: time.Now(), Adopted: p.in.adopted, Warnings: p.warnings}
	for _, v := range p.volumes {
		out.Volumes = append(out.Volumes, v.progress)
		out.Bytes += v.progress.BytesDone
		out.Files += v.progress.FilesDone
	}
	return out, nil
}

// done: every volume is copied and verified.
func (p *Pass) done() bool {
	return !slices.ContainsFunc(p.volumes, func(v *volumePass) bool { return !v.done })
}

// loop takes steps until done, or until one fails.
func (p *Pass) loop(ctx context.Context, done func() bool) error {
	for {
		err := p.step(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errUnreachable):
			p.report(time.Now())
		case err != nil:
			p.report(time.Now())
			return err
		case done():
			return nil
		}
		select {
		case <-ctx.Done():
		case <-p.in.wakeup:
		case <-time.After(pollInterval):
		}
	}
}

// step observes all volumes once and carries out the next action of each. It returns the
// first failure.
func (p *Pass) step(ctx context.Context) error {
	s := p.in
	checked, err := s.check(ctx, p.moment())
	if err != nil {
		return err
	}
	pods, err := s.pods(ctx)
	if err != nil {
		return s.tolerate(err)
	}
	s.seen()
	now := time.Now()
	p.schedule()
	for _, v := range p.volumes {
		if v.done {
			continue
		}
		o := v.observe(s.spec, now, pods, checked)
		target := pods[task.RoleTarget][workerName(s.spec.session(), v.volume.Name, task.RoleTarget)]
		o.Route = s.seekRoute(ctx, v.workerPair, target)
		v.noteRoute(s.spec, o.Route)
		v.record(o)
		s.explain(ctx, v, pods, &o)
		d := next(o)
		v.message = d.Message
		if err := p.act(ctx, v, o, d, target); err != nil {
			return err
		}
	}
	p.report(now)
	return nil
}

// moment of the checks.
func (p *Pass) moment() moment {
	if p.begun {
		return fromGo
	}
	return beforePlacing
}

// act carries out a decision. The Pod is that of the worker at the target, if there is one.
func (p *Pass) act(ctx context.Context, v *volumePass, o observed, d decision, target *corev1.Pod) error {
	s := p.in
	switch d.Action {
	case actCreate:
		return s.tolerateOthers(p.place(ctx, v, o))
	case actGo:
		return p.start(ctx, v, target)
	case actRetry:
		s.spec.Log.Warn("trying a volume again", "volume", v.volume.Name, "failedTry", v.try, "reason", d.Message)
		p.addWarnings(o)
		p.warn(fmt.Sprintf("try %d of %s failed: %s", v.try, v.volume.Name, d.Message))
		v.learn(d.Reason)
		if err := s.restart(ctx, v.workerPair); err != nil {
			return s.tolerateOthers(err)
		}
		v.again()
	case actDone:
		setCopyMark(ctx, s.spec, v.volume, target)
		v.done = true
		p.addWarnings(o)
		v.progress = completed(v.progress, o.Target.Status)
		if !s.spec.repeats() {
			v.disconnect()
		}
		s.spec.Log.Info("volume synced", "volume", v.volume.Name, "files", v.progress.FilesDone, "bytes", v.progress.BytesDone)
	case actFail:
		p.addWarnings(o)
		return v.fail(d.Err)
	}
	return nil
}

// start lets the workers of a volume begin.
func (p *Pass) start(ctx context.Context, v *volumePass, target *corev1.Pod) error {
	s := p.in
	mark, err := s.told(ctx, v, target)
	if err == nil {
		err = clearCopyMark(ctx, s.spec, v.volume, mark)
	}
	if err != nil {
		return s.tolerateOthers(err)
	}
	// The last look: between it and the first write nothing else is asked.
	s.checkedAt = time.Time{}
	checked, err := s.check(ctx, p.moment())
	if err != nil {
		return err
	}
	if checked != nil {
		return v.fail(checked.about(v.volume.Name))
	}
	v.given, v.givenAt = true, time.Now()
	v.link.Go(s.tasks(v.workerPair, mark.Told))
	s.spec.Log.Info("workers started", "volume", v.volume.Name, "try", v.try)
	return nil
}

// place creates the Pods of a volume that are missing. That of the target may have to wait for another.
func (p *Pass) place(ctx context.Context, v *volumePass, o observed) error {
	leader := leaderOf(v, p.volumes, p.in.world.TargetClaims)
	if leader != nil && !o.Target.Exists {
		// Its own time begins when it may start.
		v.created, v.message = time.Now(), cmp.Or(leader.message, v.message)
	}
	missing := map[task.Role]bool{task.RoleSource: !o.Source.Exists, task.RoleTarget: !o.Target.Exists && leader == nil}
	return p.in.place(ctx, v.workerPair, missing)
}

// schedule gives the next volumes their turn, as many as may be at work at the same time.
func (p *Pass) schedule() {
	if !p.begun {
		return
	}
	busy := 0
	for _, v := range p.volumes {
		if v.want && !v.done {
			busy++
		}
	}
	for _, v := range p.volumes {
		if busy < p.in.spec.Limits.ConcurrentVolumes && !v.want {
			v.want = true
			busy++
		}
	}
	p.share(busy)
}

// share the limit of the rate among the volumes that are at work.
func (p *Pass) share(busy int) {
	for _, v := range p.volumes {
		if v.want && !v.done && v.link != nil {
			v.link.Limit(p.in.spec.Limits.BytesPerSecond / int64(busy))
		}
	}
}

// report tells how far the run is: at once when a stage changes, else once a second.
func (p *Pass) report(now time.Time) {
	out := Progress{Warnings: p.warnings, Message: p.in.unreachable, Stalled: p.in.stalled(now)}
	var done, total int64
	for _, v := range p.volumes {
		out.Volumes = append(out.Volumes, v.progress)
		done += v.progress.BytesDone
		total += v.progress.BytesTotal
		if out.Message == "" && !v.done {
			out.Message = v.message
		}
	}
	if p.begun {
		p.samples = record(p.samples, sample{At: now, Bytes: done})
		out.BytesPerSecond, out.ETASeconds = estimate(p.samples, total-done, now)
	}
	changed := !slices.EqualFunc(out.Volumes, p.reported.Volumes, func(a, b task.VolumeProgress) bool { return a.Stage == b.Stage }) ||
		out.Message != p.reported.Message
	if !changed && now.Sub(p.reportedAt) < time.Second {
		return
	}
	p.reported, p.reportedAt = out, now
	p.in.spec.Report(out)
}

// addWarnings keeps what the workers of a volume warned of.
func (p *Pass) addWarnings(o observed) {
	for _, s := range []*task.Status{o.Source.Status, o.Target.Status} {
		if s == nil {
			continue
		}
		for _, w := range s.Warnings {
			p.warn(o.Volume + ": " + w)
		}
	}
}

// maxWarnings that a status holds.
const maxWarnings = 10

// warn keeps a warning, once. All are in the log; of more than a status holds, the last one there says
// how many there are.
func (p *Pass) warn(text string) {
	text = clip(text)
	if slices.Contains(p.warned, text) {
		return
	}
	p.warned = append(p.warned, text)
	p.in.spec.Log.Warn("a worker warns", "warning", text)
	p.warnings = fewWarnings(p.warned)
}

// fewWarnings are as many as a status holds.
func fewWarnings(all []string) []string {
	if len(all) <= maxWarnings {
		return slices.Clone(all)
	}
	shown := slices.Clone(all[:maxWarnings-1])
	return append(shown, fmt.Sprintf("and %d warnings more, which are in the log of the run's Job", len(all)-len(shown)))
}
