package transfer

import (
	"context"
	"io"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

// volumeRun is the run of one volume.
type volumeRun struct {
	volume    application.Volume
	mobilizer task.Mobilizer
	placement placement
	progress  task.VolumeProgress

	try int
	// raised says how many times the memory of a worker was not enough.
	raised int
	// want: its turn has come. given: go was sent in this try. done: copied and verified.
	want, given, done bool
	// isReady: nothing kept its workers from starting when it was last observed. settled: its
	// worker at the target had a node then.
	isReady, settled bool
	// created, givenAt, lostAt and failedAt are the times of observed.
	created, givenAt, lostAt, failedAt time.Time
	// moved is when moving, the progress as it was then, last changed.
	moved  time.Time
	moving task.VolumeProgress
	// message of the last decision.
	message string
	// answers of the clusters to why a Pod does not start, asked at askedAt.
	answers map[task.Role]string
	askedAt time.Time

	// refused is why the target takes no Service for the volume.
	refused string

	link     *relay.Link
	stopLink func()
	running  map[task.Role]*latch
}

// latch is a channel that is closed once.
type latch struct {
	once sync.Once
	ch   chan struct{}
}

func newLatch() *latch { return &latch{ch: make(chan struct{})} }

func (l *latch) open() { l.once.Do(func() { close(l.ch) }) }

func newVolumeRun(s Spec, v application.Volume) *volumeRun {
	m, _ := s.mobilizer(v)
	return &volumeRun{
		volume: v, mobilizer: m, try: 1, answers: map[task.Role]string{},
		progress: task.VolumeProgress{Name: v.Name, Stage: api.StagePending},
	}
}

func (v *volumeRun) input(role task.Role) podInput {
	in := podInput{Role: role, Volume: v.volume, Mobilizer: v.mobilizer, Try: v.try, Placement: v.placement, Raised: v.raised}
	if role == task.RoleTarget {
		in.Placement = targetPlacement(v.volume)
	}
	return in
}

// learn from the failure of a try what the next one needs.
func (v *volumeRun) learn(reason string) {
	if reason == api.ReasonOOMKilled {
		v.raised++
	}
}

// connect begins to keep sessions with the agents of this try. Dialling waits until the
// agent's container runs.
func (v *volumeRun) connect(ctx context.Context, s Spec, changed func()) {
	v.disconnect()
	v.running = map[task.Role]*latch{task.RoleSource: newLatch(), task.RoleTarget: newLatch()}
	dialer := func(role task.Role) relay.Dialer {
		c, pod, running := s.endpoint(role), workerName(s.Run.ID, v.volume.Name, role), v.running[role]
		return func(ctx context.Context) (io.ReadWriteCloser, error) {
			select {
			case <-running.ch:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
			defer cancel()
			return forward(ctx, c, pod, relay.AgentPort)
		}
	}
	v.link = relay.NewLink(s.Run.ID, dialer(task.RoleSource), dialer(task.RoleTarget), changed, s.Log.With("volume", v.volume.Name))
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		v.link.Run(ctx)
		close(done)
	}()
	v.stopLink = func() {
		cancel()
		<-done
	}
}

// disconnect ends the sessions.
func (v *volumeRun) disconnect() {
	if v.stopLink != nil {
		v.stopLink()
	}
	v.link, v.stopLink = nil, nil
}

// observe puts together what is known of the volume.
func (v *volumeRun) observe(s Spec, now time.Time, pods map[task.Role]map[string]*corev1.Pod, checked *Error) observed {
	o := observed{
		Now: now, Volume: v.volume.Name, Check: checked,
		Source: v.side(s, task.RoleSource, pods), Target: v.side(s, task.RoleTarget, pods),
		Want: v.want, Given: v.given, CreatedAt: v.created, GivenAt: v.givenAt,
		Try: v.try, Tries: s.Limits.Tries, StartTimeout: s.Limits.StartTimeout,
		Contents: s.Run.Exact && s.Run.Verification == task.VerifyChecksum,
	}
	// A driver that takes over from a dead one finds the workers at work, or one of them done. Those
	// of a former try, which are on their way out, are not meant.
	if atWork := func(s side) bool { return s.Exists && !s.Terminating && (s.Started || s.Exit != nil) }; !v.given && atWork(o.Source) && atWork(o.Target) {
		v.given, v.givenAt = true, now
		o.Given, o.GivenAt = true, now
	}
	if _, failed := o.failures(); !failed {
		v.failedAt = time.Time{}
	} else if v.failedAt.IsZero() {
		v.failedAt = now
	}
	o.FailedAt = v.failedAt
	if v.given && (o.Source.Agent && !o.Source.Connected || o.Target.Agent && !o.Target.Connected) {
		if v.lostAt.IsZero() {
			v.lostAt = now
		}
	} else {
		v.lostAt = time.Time{}
	}
	o.LostAt = v.lostAt
	if v.given && v.moved.After(v.givenAt) {
		o.MovedAt, o.Stage = v.moved, v.progress.Stage
	}
	return o
}

// side observes one worker: its Pod and what its agent says.
func (v *volumeRun) side(s Spec, role task.Role, pods map[task.Role]map[string]*corev1.Pod) side {
	out := observePod(pods[role][workerName(s.Run.ID, v.volume.Name, role)], s.Run.ID)
	if v.link == nil {
		return out
	}
	if out.Agent {
		v.running[role].open()
	}
	state := v.link.State(role)
	out.Connected, out.DialErr = state.Connected, state.Err
	out.Started = out.Started || state.Started
	// What the agent said in person is newer, or the same.
	if state.Status != nil && (out.Status == nil || out.Status.Result == nil) {
		out.Status = state.Status
	}
	return out
}

// record keeps the progress of what was observed.
func (v *volumeRun) record(o observed) {
	v.isReady, v.settled = o.ready(), o.Target.Scheduled
	if v.progress.Stage == api.StagePending && (o.Source.Exists || o.Target.Exists) {
		v.progress.Stage = api.StagePreparing
	}
	if v.given {
		v.progress = merge(v.progress, o.Source.Status, o.Target.Status)
	}
	if v.moved.Before(v.givenAt) || v.moving != v.progress {
		v.moved, v.moving = o.Now, v.progress
	}
}
