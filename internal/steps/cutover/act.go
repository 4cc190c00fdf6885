package cutover

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/retry"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

// act carries one action out.
func (s *switcher) act(ctx context.Context, a Action, o *Observed) error {
	if !s.rollback && a.Kind.acts() {
		if err := s.stillActs(ctx); err != nil {
			return err
		}
	}
	if actions[a.Kind].onClaims && o.Record.CommittedAt == nil {
		if err := s.claimsStand(ctx, o); err != nil {
			return err
		}
	}
	carryOut := actions[a.Kind].do
	if carryOut == nil {
		return &permanent{fmt.Errorf("unknown action %s", a.Kind)}
	}
	return carryOut(ctx, s, o)
}

// changeFunc computes the next state of a workload, by its values before its stop as far as they are
// recorded; nil: nothing is to be done.
type changeFunc func(u *unstructured.Unstructured, us lineage.Actor, former *lineage.Ledger) (*unstructured.Unstructured, error)

// change updates one workload of the source: read, compute, write with the resourceVersion
// that was read.
func (s *switcher) change(ctx context.Context, r application.Ref, former *lineage.Ledger, compute changeFunc) error {
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		u, err := s.source.Workload(ctx, r)
		if err != nil || u == nil {
			return err
		}
		next, err := compute(u, s.us, former)
		if err != nil {
			return &permanent{err}
		}
		if next == nil {
			return nil
		}
		return s.source.Wrap("update "+r.String(), s.source.SetWorkload(ctx, next))
	})
	return refused(err)
}

// stop workloads of the source, in the order of the plan.
func (s *switcher) stop(ctx context.Context, o *Observed, list []Workload) error {
	return inLevels(ctx, list, sameKind, func(w Workload) error { return s.quiesce(ctx, w.Ref, o.formerOrNil(w)) })
}

// quiesce stops one workload of the source. One whose claims would go with its Pods takes two
// changes, and the second is made only after the first was read back.
func (s *switcher) quiesce(ctx context.Context, r application.Ref, former *lineage.Ledger) error {
	for range 2 {
		again := false
		err := s.change(ctx, r, former,
			func(u *unstructured.Unstructured, us lineage.Actor, former *lineage.Ledger) (*unstructured.Unstructured, error) {
				again = !workload.KeepsClaims(u)
				return quiesceStep(u, us, former)
			})
		if err != nil || !again {
			return err
		}
	}
	return nil // The next reading says that it is not stopped.
}

// restoreAll gives the workloads of the source back what they were.
func (s *switcher) restoreAll(ctx context.Context, o *Observed) error {
	s.mover.Dismiss(ctx) // They may hold the volumes on another node.
	return inLevels(ctx, o.toRestore(), sameKind, func(w Workload) error { return s.restore(ctx, w.Ref, o.formerOrNil(w)) })
}

// restore gives one workload of the source back what it was, and its fields to their managers.
func (s *switcher) restore(ctx context.Context, r application.Ref, former *lineage.Ledger) error {
	if err := s.change(ctx, r, former, restored); err != nil {
		return err
	}
	s.handBack(ctx, r)
	return nil
}

// mark sets or removes the active mark of the target's claims.
func (s *switcher) mark(ctx context.Context, set bool, o *Observed) error {
	for _, c := range o.Claims {
		if !c.Exists || set == s.us.IsSelf(c.Mark) {
			continue
		}
		if by := s.us.Rival(c.Mark); by != "" {
			if !set {
				continue
			}
			return &permanent{fmt.Errorf("the claim %s at the target is active for another switch (UID %s)", c.Name, by)}
		}
		if err := s.markClaim(ctx, c, set); err != nil {
			return err
		}
	}
	return nil
}

// markClaim marks the very claim that was observed, or removes the mark.
func (s *switcher) markClaim(ctx context.Context, c Claim, set bool) error {
	name := c.Name
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		pvc, err := s.target.Claim(ctx, name)
		if err != nil {
			return fmt.Errorf("cannot read the claim %s at the target: %w", name, err)
		}
		if pvc.UID != c.UID {
			return fmt.Errorf("the claim %s at the target was made anew meanwhile (UID %s, it was %s)", name, pvc.UID, c.UID)
		}
		if by := s.us.Rival(lineage.Active(pvc)); by != "" {
			return &permanent{fmt.Errorf("the claim %s at the target is active for another switch (UID %s)", name, by)}
		}
		if set {
			s.us.Activate(pvc)
		} else {
			lineage.Passivate(pvc)
		}
		return s.target.SetClaim(ctx, pvc)
	})
}

// claimsStand reads whether the claims of the target are still the very ones that were observed, and active for this
// switch. A process can be held up for any time between its reading and what it does then, and another client can have put
// an empty claim in the place of a full one meanwhile.
func (s *switcher) claimsStand(ctx context.Context, o *Observed) error {
	return worst(cluster.Each(ctx, len(o.Claims), func(i int) error {
		c := o.Claims[i]
		pvc, err := s.target.Claim(ctx, c.Name)
		if err != nil {
			return fmt.Errorf("cannot read the claim %s at the target: %w", c.Name, err)
		}
		c.Exists, c.Going, c.Mark = pvc.UID == c.UID, pvc.DeletionTimestamp != nil, lineage.Active(pvc)
		return c.stands(s.us)
	}))
}

// refused makes an error permanent when the API server understood the request and said no: it says
// so again, and the application may be down meanwhile.
func refused(err error) error {
	if cluster.Denied(err) && !isPermanent(err) {
		return &permanent{err}
	}
	return err
}

func (s *switcher) acted(ctx context.Context, a Action) {
	if slices.Contains(actions[a.Kind].kills, after) {
		s.killed(ctx, a)
	}
}

func (s *switcher) now() time.Time { return time.Now() }

func (s *switcher) sleep(ctx context.Context, d time.Duration) { sleep(ctx, d) }

// sleep waits, or until the task is asked to stop.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
