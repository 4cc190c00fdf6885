package cutover

import (
	"context"
	"errors"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
)

// sides are both endpoints in the order in which everybody locks them: two switches that need
// the same two locks in different directions would otherwise wait for each other for ever.
func (s *switcher) sides(ctx context.Context) ([]*cluster.Cluster, error) {
	type side struct {
		c   *cluster.Cluster
		key string
	}
	var out []side
	for _, c := range []*cluster.Cluster{s.source, s.target} {
		uid, err := c.ClusterUID(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, side{c, uid + "/" + c.Namespace})
	}
	slices.SortFunc(out, func(a, b side) int { return strings.Compare(a.key, b.key) })
	return []*cluster.Cluster{out[0].c, out[1].c}, nil
}

func (s *switcher) lock(ctx context.Context, o *Observed) error {
	sides, err := s.sides(ctx)
	if err != nil {
		return err
	}
	for _, c := range sides {
		if c == s.target && s.rollback && o.TargetGone {
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
	u, err := s.home.Dynamic.Resource(api.GroupVersion.WithResource("moveswitches")).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	return apierrors.IsNotFound(err) || err == nil && string(u.GetUID()) != h.UID
}

// planName names the bundle that holds the pinned plan, in the home namespace.
func (s *switcher) planName() string { return cluster.RecordName(s.self()) + "-plan" }
