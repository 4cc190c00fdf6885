package restic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kubemove/kubemove/task"
)

// The repository lies at the side that the task names, and the worker of that side serves it to the other.
// It stays where it is when the direction of a move turns: the source backs up into it on its own disk
// then, and the target reads from it over the stream. The events go from the source to the target in both
// cases; where the target reads, it tells the source when it is done.

// holds tells whether this side has the repository, and serves it to the other. One that both reach by
// themselves neither has.
func (s *side) holds() bool { return s.place.remote == "" && s.task.HoldsState() }

// peerListens tells whether the other side takes events.
func (s *side) peerListens() bool {
	return s.task.Role == task.RoleSource || s.place.remote == "" && !s.holds()
}

// exchange is what a side has of the repository and of the other side during a run.
type exchange struct {
	repo repository
	// server of the repository; nil: this side does not hold it.
	server *server
	// front is where the other side connects; nil: it does not.
	front  *front
	remove func() // the folder of the socket
}

func (x *exchange) close() {
	if x.front != nil {
		x.front.close()
	}
	if x.server != nil {
		x.server.stop()
	}
	if x.remove != nil {
		x.remove()
	}
}

// connect opens the repository, and both listen for the other side and reach it.
func (s *side) connect(ctx context.Context) (x *exchange, err error) {
	x = &exchange{}
	defer func() {
		if err != nil {
			x.close()
		}
	}()
	target := s.task.Role == task.RoleTarget
	if s.holds() || s.place.remote != "" {
		// Before the other side is let in.
		if err := s.openOwn(ctx, x, target); err != nil {
			return x, err
		}
	}
	if s.holds() || target {
		if err := s.listen(ctx, x); err != nil {
			return x, err
		}
	}
	if s.holds() || s.place.remote != "" {
		return x, nil
	}
	if x.repo, err = s.peerRepository(ctx); err == nil && target {
		err = s.verify(ctx, x.repo)
	}
	return x, err
}

// openOwn opens the repository that this side holds, or reaches by itself. One that both reach the target
// makes, where it is missing.
func (s *side) openOwn(ctx context.Context, x *exchange, target bool) (err error) {
	if !target && !s.holds() {
		x.repo, err = s.ownRepository()
		return err
	}
	if x.repo, err = s.openRepository(ctx); err == nil && target {
		err = s.verify(ctx, x.repo)
	}
	return err
}

// verify finds out whether size and time prove anything at the target.
func (s *side) verify(ctx context.Context, repo repository) (err error) {
	s.verified, err = s.isVerified(ctx, repo)
	return s.explain(repo, err)
}

// listen for the other side: for its events, and for its requests to the repository.
func (s *side) listen(ctx context.Context, x *exchange) error {
	path, remove, err := socket()
	if err != nil {
		return err
	}
	x.remove = remove
	if s.holds() {
		if x.server, err = serve(ctx, s.served(x.repo), path); err != nil {
			return err
		}
	}
	x.front, err = listen(s.task.Peer.Listen, path, s.task.Run.ID, s.task.Role.Other(), s.markDamaged)
	return err
}

// await an event of the other side.
func (x *exchange) await(ctx context.Context, kind string) (event, error) {
	return x.front.await(ctx, x.server, kind)
}

// tell the other side.
func (s *side) tell(ctx context.Context, e event) error {
	e.RunID = s.task.Run.ID
	return tell(ctx, s.task.Peer.Dial, e)
}

// failed notes a failure where that matters for the next try, and tells it to the other side, which would
// wait until it is ended.
func (s *side) failed(ctx context.Context, err error) error {
	damaged := errors.Is(err, errDamaged)
	if damaged {
		err = errors.Join(err, s.markDamaged())
	}
	if told := (*peerFailure)(nil); err == nil || ctx.Err() != nil || !s.peerListens() || errors.As(err, &told) {
		return err
	}
	telling, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r := verdict(err)
	_ = s.tell(telling, event{Kind: eventFailed, Message: err.Error(), Reason: r.Reason, Retry: r.Retry, Damaged: damaged})
	return err
}

// peerFailure is that of the other side, which may know better whether to try again.
type peerFailure struct {
	error
	reason string
	retry  task.Retry
}

// Unwrap returns the error that is wrapped.
func (f *peerFailure) Unwrap() error { return f.error }

// withRoom does what fills the repository. The side that holds it ends that when there is no room any more.
func (s *side) withRoom(outer context.Context, x *exchange, fill func(context.Context) error) error {
	if !s.holds() {
		return fill(outer)
	}
	ctx, cancel := watchSpace(outer, s.free)
	defer cancel(nil)
	err := fill(ctx)
	// A backup into its own disk may find out by itself.
	if err != nil && (errors.Is(context.Cause(ctx), errFull) || s.task.Role == task.RoleSource && outer.Err() == nil && s.isFull()) {
		x.server.stop()
		return s.full(x.repo)
	}
	return err
}

// peerRepository is the repository that the other side holds. It is waited for.
func (s *side) peerRepository(ctx context.Context) (repository, error) {
	base := "http://" + s.task.Peer.Dial + "/"
	if s.place.managed() {
		base += repositoryName + "/"
	}
	repo := repository{location: "rest:" + base, passwordFile: s.passwordFile(), place: s.place}
	if err := awaitRepository(ctx, base); err != nil {
		return repo, fmt.Errorf("the repository of the %s %w", s.task.Role.Other(), err)
	}
	return repo, nil
}
