package cutover

import (
	"context"
	"errors"
	"slices"
	"strings"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
)

// sides are the endpoints in the order in which every switch locks them: two switches that need
// the same two locks in different directions would otherwise wait for each other for ever.
func (s *switcher) sides(ctx context.Context) ([]endpoint, error) {
	out := s.endpoints()
	places := map[endpoint]string{}
	for _, e := range out {
		place, err := e.Place(ctx)
		if err != nil {
			return nil, err
		}
		places[e] = place
	}
	slices.SortFunc(out, func(a, b endpoint) int { return strings.Compare(places[a], places[b]) })
	return out, nil
}

func (s *switcher) lock(ctx context.Context, o *Observed) error {
	sides, err := s.sides(ctx)
	if err != nil {
		return err
	}
	for _, c := range sides {
		if s.isTarget(c) && s.rollback && o.TargetGone {
			continue
		}
		err := c.AcquireLock(ctx, s.holder(), func(h cluster.Holder) bool { return s.gone(ctx, h) })
		var locked *cluster.LockedError
		if errors.As(err, &locked) {
			return &ending{*declined(api.ReasonLocked, locked.Error()).Result}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *switcher) holder() cluster.Holder {
	return cluster.Holder{UID: s.self(), Name: s.task.Move.Home + "/" + s.task.Subject().Name, Home: s.homeUID}
}

// unlock releases what this switch holds.
func (s *switcher) unlock(ctx context.Context) error {
	sides, err := s.sides(ctx)
	if err != nil {
		return err
	}
	slices.Reverse(sides)
	for _, c := range sides {
		if err := c.ReleaseLock(ctx, s.self()); err != nil {
			return err
		}
	}
	return nil
}

// gone: the switch that holds a lock does not exist any more. That is known for certain only
// of a switch of the same home and namespace; every other one counts as alive.
func (s *switcher) gone(ctx context.Context, h cluster.Holder) bool {
	namespace, name, ok := strings.Cut(h.Name, "/")
	if !ok || h.Home != s.homeUID || namespace != s.task.Move.Home {
		return false
	}
	uid, err := s.home.SwitchUID(ctx, name)
	return err == nil && uid != h.UID
}

// planName names the bundle that holds the pinned plan, in the home namespace.
func (s *switcher) planName() string { return planNameOf(s.self()) }

func planNameOf(switchUID string) string { return cluster.RecordName(switchUID) + "-plan" }
