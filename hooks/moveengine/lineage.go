package moveengine

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// way back, or forward again, that has led the application on after the engine's own switch.
type way struct {
	side api.ActiveSide
	// since when the side is active.
	since *metav1.Time
}

// looksAfter the switch for ways back. Metacontroller wakes the engine when one changes; 1.5.20 may not, when another engine has
// its name.
const looksAfter = 2 * time.Minute

// looks is when to look for ways back again.
func (s *state) looks() time.Duration {
	if !s.switched() {
		return 0
	}
	return looksAfter
}

// last of the ways that follow the engine's switch, each the way back of the one before it; nil: there is none. One that
// has not stopped anything leads nowhere yet.
func (s *state) last() *way {
	if s.sw == nil || s.sw.Status.Active != api.ActiveTarget {
		return nil
	}
	var last *way
	name, side := s.sw.Name, api.ActiveTarget
	for range s.reverses {
		next := s.after(name)
		if next == nil {
			break
		}
		if next.Status.Active != api.ActiveTarget {
			return &way{side: api.ActiveNone}
		}
		if side == api.ActiveTarget {
			side = api.ActiveSource
		} else {
			side = api.ActiveTarget
		}
		name, last = next.Name, &way{side: side, since: next.Status.Since}
	}
	return last
}

// after is the way back of a switch that has begun to lead the application away, if there is one.
func (s *state) after(name string) *api.MoveReverse {
	for _, r := range s.reverses {
		if r.Spec.SwitchRef.Name == name && api.ActiveSource.Before(r.Status.Active) {
			return r
		}
	}
	return nil
}

// remembered says whether the status knows more than the switch: of a way that was deleted since.
func (s *state) remembered() *api.EngineActive {
	old := s.engine.Status.Active
	if old == nil || old.Since == nil || s.sw.Status.CommittedAt == nil || !s.sw.Status.CommittedAt.Before(old.Since) {
		return nil
	}
	return old
}
