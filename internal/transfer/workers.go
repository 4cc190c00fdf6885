package transfer

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

// workerPair is the worker Pods of one volume on both sides, and what keeps the coordinator connected with
// their agents. It is the session's: nothing in it is about what flows.
type workerPair struct {
	volume    application.Volume
	mobilizer task.Mobilizer
	placement placement

	// try counts the Pods that were placed for the volume, raised how many times the memory of a worker
	// was not enough.
	try, raised int
	// created is when this try began.
	created time.Time
	// isReady: nothing kept its workers from starting when it was last observed. settled: its
	// worker at the target had a node then.
	isReady, settled bool
	// answers of the clusters to why a Pod does not start, asked at askedAt.
	answers map[task.Role]string
	askedAt time.Time

	// refused is why the target takes no Service for the volume.
	refused string

	link     *relay.Link
	stopLink func()
	running  map[task.Role]*once
}

// once is a channel that is closed once.
type once struct {
	sync.Once
	ch chan struct{}
}

func newOnce() *once { return &once{ch: make(chan struct{})} }

func (o *once) close() { o.Do(func() { close(o.ch) }) }

func newWorkerPair(s Spec, v application.Volume) *workerPair {
	m, _ := s.mobilizer(v)
	return &workerPair{volume: v, mobilizer: m, try: 1, answers: map[task.Role]string{}}
}

func (w *workerPair) input(role task.Role) podInput {
	in := podInput{Role: role, Volume: w.volume, Mobilizer: w.mobilizer, Try: w.try, Placement: w.placement, Raised: w.raised}
	if role == task.RoleTarget {
		in.Placement = targetPlacement(w.volume)
	}
	return in
}

// learn from the failure of a try what the next one needs.
func (w *workerPair) learn(reason string) {
	if reason == api.ReasonOOMKilled {
		w.raised++
	}
}

// place creates the Pods that are missing, with what they need.
func (s *Session) place(ctx context.Context, w *workerPair, missing map[task.Role]bool) error {
	if w.created.IsZero() {
		w.created = time.Now()
	}
	source, err := s.spec.Source.Kube.CoreV1().PersistentVolumeClaims(s.spec.Source.Namespace).Get(ctx, w.volume.Name, getOptions)
	if err != nil {
		return fmt.Errorf("cannot read claim %s of the source: %w", w.volume.Name, err)
	}
	origin := source.UID // of the state
	if w.mobilizer.ManagedState() {
		beside := s.world.TargetClaims[w.volume.Target]
		if s.spec.stateSide() == task.RoleSource {
			beside, origin = source, beside.UID
		}
		if err := ensureRepository(ctx, s.spec, w.volume, origin, beside.Spec.StorageClassName); err != nil {
			return err
		}
	}
	w.placement = place(source, s.world.SourcePods)
	if err := s.ensureService(ctx, w); err != nil {
		return err
	}
	for role := range missing {
		if !missing[role] {
			continue
		}
		in := w.input(role)
		in.Origin = origin
		if role == task.RoleTarget {
			in.Direct = s.transport.Type != api.TransportRelay
			if err := readCopyMark(ctx, s.spec, &in, source); err != nil {
				return err
			}
		}
		if err := ensurePod(ctx, s.spec, in); err != nil {
			return err
		}
	}
	if w.link == nil {
		w.connect(s.life, s.spec, s.wake)
	}
	return nil
}

// restart deletes both Pods of a volume; once they are gone they are created again.
func (s *Session) restart(ctx context.Context, w *workerPair) error {
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		c := s.spec.endpoint(role)
		in := w.input(role)
		selector := s.spec.runSelector() + "," + ClaimLabel + "=" + hash10(in.claim()) + "," + api.RoleLabel + "=" + string(role)
		if err := deleteWorkers(ctx, c, selector); err != nil {
			return err
		}
	}
	w.disconnect()
	w.try++
	w.created = time.Now()
	return nil
}

// connect begins to stay connected with the agents of this try. Dialling waits until the
// agent's container runs.
func (w *workerPair) connect(ctx context.Context, s Spec, changed func()) {
	w.disconnect()
	w.running = map[task.Role]*once{task.RoleSource: newOnce(), task.RoleTarget: newOnce()}
	dialer := func(role task.Role) relay.Dialer {
		c, pod, running := s.endpoint(role), workerName(s.session(), w.volume.Name, role), w.running[role]
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
	w.link = relay.NewLink(s.session(), dialer(task.RoleSource), dialer(task.RoleTarget), changed, s.Log.With("volume", w.volume.Name))
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		w.link.Run(ctx)
		close(done)
	}()
	w.stopLink = func() {
		cancel()
		<-done
	}
}

// disconnect from the agents.
func (w *workerPair) disconnect() {
	if w.stopLink != nil {
		w.stopLink()
	}
	w.link, w.stopLink = nil, nil
}

// side observes one worker: its Pod and what its agent says of the run.
func (w *workerPair) side(s Spec, role task.Role, pods map[task.Role]map[string]*corev1.Pod) side {
	out := observePod(pods[role][workerName(s.session(), w.volume.Name, role)], s.Run.ID)
	if w.link == nil {
		return out
	}
	if out.Agent {
		w.running[role].close()
	}
	state := w.link.State(role)
	out.Connected, out.DialErr = state.Connected, state.Err
	out.Started = out.Started || state.Started
	// What the agent said in person is newer, or the same.
	if state.Status != nil && (out.Status == nil || out.Status.Result == nil) {
		out.Status = state.Status
	}
	return out
}
