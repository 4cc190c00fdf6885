package steer

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// Way back that is wanted.
type Way struct {
	// Name of the MoveReverse; empty: that of the move with -back.
	Name string
	// Live: data is copied while the application runs. Interval of it, a duration; empty: the default.
	Live     bool
	Interval string
	// Objects: with which objects the application starts; empty: the default.
	Objects api.ReverseObjects
}

// Reverse is the MoveReverse of the switch of a move.
func Reverse(m snapshot.Move, w Way) (*api.MoveReverse, error) {
	r := m.Switch()
	switch {
	case m.Phase == snapshot.Deleting:
		return nil, refusal(m, "reverse", "it is being deleted")
	case r == nil || !r.Switch.Switched:
		return nil, refusal(m, "reverse", "it has not switched, so the application is at the source: %s", m.Said()).
			Trying("kubectl", "move", "status", m.Key())
	case len(m.Ways) > 0:
		last := "movereverse/" + m.Ways[len(m.Ways)-1]
		return nil, refusal(m, "reverse", "there is a way back of its switch already: %s", last).Trying("kubectl", "move", "status", last)
	}
	out := &api.MoveReverse{
		TypeMeta:   metav1.TypeMeta{APIVersion: api.GroupVersion.String(), Kind: snapshot.KindReverse},
		ObjectMeta: metav1.ObjectMeta{Namespace: m.Namespace, Name: w.Name},
		Spec:       api.MoveReverseSpec{SwitchRef: api.LocalReference{Name: r.Switch.Name}, Objects: w.Objects},
	}
	if out.Name == "" {
		out.Name = m.Name + "-back"
	}
	if w.Live || w.Interval != "" {
		out.Spec.Sync = &api.SyncPolicy{Interval: w.Interval}
	}
	return out, nil
}
