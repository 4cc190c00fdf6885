package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// Session is the worker Pods of the volumes on both sides, with their agents, between Open and Close. It
// holds the claims at the target by its leases, and is known by its ID: in the names and labels of what it
// makes, in the certificates of its agents and as the holder of its leases. Passes run inside it, one after the other.
type Session struct {
	spec      Spec
	transport transport
	workers   []*workerPair
	// pass that the workers are placed for, or the last one.
	pass   *Pass
	wakeup chan struct{}

	// adopted: it goes on with Pods that a former coordinator has placed, and has perhaps told to begin.
	adopted bool

	// life ends with Close: the agents are kept connected and signs of life given between the calls.
	life     context.Context
	end      context.CancelFunc
	renewing sync.WaitGroup

	world     world
	checked   *Error
	checkedAt time.Time
	sawAt     time.Time
	// unreachable says which cluster does not answer now.
	unreachable string
}

// errUnreachable: the clusters could not be looked at this time.
var errUnreachable = errors.New("the clusters do not answer")

var getOptions = metav1.GetOptions{}

// Open takes the claims over, places the workers on both sides and waits until every agent
// is connected: then each Pod is scheduled and its volumes are mounted. Nothing is copied
// before Begin. When it fails it removes what it has placed.
func Open(ctx context.Context, spec Spec) (*Session, error) {
	spec = spec.withDefaults()
	if err := spec.validate(); err != nil {
		return nil, err
	}
	s := &Session{spec: spec, wakeup: make(chan struct{}, 1), sawAt: time.Now()}
	for _, v := range spec.Volumes {
		s.workers = append(s.workers, newWorkerPair(spec, v))
	}
	s.pass = newPass(s)
	s.life, s.end = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.open(ctx); err != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*graceSeconds*time.Second)
		defer cancel()
		return nil, errors.Join(err, s.Close(closing))
	}
	return s, nil
}

func (s *Session) open(ctx context.Context) error {
	checked, err := s.check(ctx, beforePlacing)
	if err == nil && checked != nil {
		err = checked
	}
	if err != nil {
		return err
	}
	s.transport = chooseTransport(s.spec.Transport.Type, func() bool { return oneCluster(ctx, s.spec.Source, s.spec.Target) })
	for _, v := range s.spec.Volumes {
		if err := acquire(ctx, s.spec, v); err != nil {
			return err
		}
	}
	s.renewing.Go(func() { renew(s.life, s.spec) })
	pods, err := s.pods(ctx)
	if err != nil {
		return err
	}
	s.adopt(pods)
	return s.pass.loop(ctx, s.ready)
}

// pods of the session, by side and name.
func (s *Session) pods(ctx context.Context) (map[task.Role]map[string]*corev1.Pod, error) {
	out := map[task.Role]map[string]*corev1.Pod{}
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		found, err := listWorkers(ctx, s.spec.endpoint(role), s.spec.runSelector())
		if err != nil {
			return nil, err
		}
		out[role] = found
	}
	return out, nil
}

// adopt goes on with Pods that a former coordinator of the same session has left.
func (s *Session) adopt(pods map[task.Role]map[string]*corev1.Pod) {
	for _, w := range s.workers {
		for role := range pods {
			pod := pods[role][workerName(s.spec.session(), w.volume.Name, role)]
			if pod == nil {
				continue
			}
			s.adopted = true
			if try, err := strconv.Atoi(pod.Annotations[TryAnnotation]); err == nil {
				w.try = max(w.try, try)
			}
			if w.link == nil {
				w.created = time.Now()
				w.connect(s.life, s.spec, s.wake)
			}
		}
	}
}

// ready tells whether every volume could start now.
func (s *Session) ready() bool {
	return !slices.ContainsFunc(s.workers, func(w *workerPair) bool { return !w.isReady })
}

// Begin checks once more that the target is passive and lets the workers begin the next pass. It returns once the first
// of them were told so; how they do is up to Wait. A session that was not opened for several passes has one; and no
// pass follows one that has not succeeded.
func (s *Session) Begin(ctx context.Context, run task.Run) (*Pass, error) {
	switch {
	case !s.pass.begun:
	case !s.spec.repeats():
		return nil, permanent("InvalidSpec", "the session has had its pass: open another session for the next")
	case !s.pass.done() || s.spec.Run.ID == run.ID:
		return nil, permanent("InvalidSpec", "the pass before has not succeeded, or this is the same one: open another session")
	default:
		s.pass = newPass(s)
	}
	s.spec.Run = run
	return s.pass, s.pass.begin(ctx)
}

// Repeats tells whether another pass may follow.
func (s *Session) Repeats() bool { return s.spec.repeats() }

// wake makes the loop take its next step now.
func (s *Session) wake() {
	select {
	case s.wakeup <- struct{}{}:
	default:
	}
}

// Close removes the workers, their Secrets and their Services on both sides, waits until they are gone and
// gives the claims back. It is safe to call at any time, and more than once.
func (s *Session) Close(ctx context.Context) error {
	s.end()
	s.renewing.Wait()
	for _, w := range s.workers {
		w.disconnect()
	}
	var errs []error
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		// So that both sides end at the same time; those that are not asked here are asked below.
		_ = deleteWorkers(ctx, s.spec.endpoint(role), s.spec.runSelector())
	}
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		errs = append(errs, removeAll(ctx, s.spec.endpoint(role), s.spec.runSelector()))
	}
	if err := errors.Join(errs...); err != nil {
		// The lease stays: the Pods have to be seen to before the next session.
		return err
	}
	for _, v := range s.spec.Volumes {
		errs = append(errs, release(ctx, s.spec, v))
	}
	return errors.Join(errs...)
}

// check looks at the world again when it is time to.
func (s *Session) check(ctx context.Context, m moment) (*Error, error) {
	if time.Since(s.checkedAt) < checkInterval {
		return s.checked, nil
	}
	w, err := observeWorld(ctx, s.spec)
	if err != nil {
		return nil, s.tolerate(err)
	}
	s.world, s.checkedAt = w, time.Now()
	s.checked = check(s.spec, w, m)
	return s.checked, nil
}

// unreachableLimit is how long the coordinator goes on without seeing both clusters. Workers at work do not
// need it, and before it sees them again nothing can be ended or rolled back either; but at some time it has to
// be told.
const unreachableLimit = 5 * time.Minute

// unseenLimit is how long the clusters may not be seen until the run says so.
const unseenLimit = 30 * time.Second

// stalled tells of a cluster that has not answered for a while.
func (s *Session) stalled(now time.Time) *task.Stalled {
	if s.unreachable == "" || now.Sub(s.sawAt) < unseenLimit {
		return nil
	}
	return &task.Stalled{Since: metav1.NewTime(s.sawAt.Truncate(time.Second)), Reason: api.ReasonEndpointUnreachable, Message: s.unreachable}
}

// tolerate lets a failure to look pass for a while.
func (s *Session) tolerate(err error) error {
	if AsError(err).Reason == api.ReasonForbidden || time.Since(s.sawAt) > unreachableLimit {
		return err
	}
	s.spec.Log.Warn("cannot look at the workers; trying again", "error", err)
	s.unreachable = fmt.Sprintf("a cluster does not answer, for %s already: %s", time.Since(s.sawAt).Round(time.Second), clip(err.Error()))
	return fmt.Errorf("%w: %w", errUnreachable, err)
}

// tolerateOthers lets failures pass for a while that are not verdicts of ours.
func (s *Session) tolerateOthers(err error) error {
	var verdict *Error
	if err == nil || errors.As(err, &verdict) {
		return err
	}
	return s.tolerate(err)
}

// seen notes that both clusters answered.
func (s *Session) seen() { s.sawAt, s.unreachable = time.Now(), "" }
