package movereverse

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/keep"
	"github.com/kubemove/kubemove/hooks/internal/schedule"
)

// targetName of the pair's only target.
const targetName = "back"

// children of a way back that can be gone. With a mistake in the spec those that exist stay as they are.
func (s *state) children() []runtime.Object {
	if s.problem != nil {
		return s.kept()
	}
	list := []runtime.Object{s.movePair()}
	if m := s.moveSwitch(); m != nil {
		list = append(list, m)
	}
	return list
}

func (s *state) kept() []runtime.Object {
	var list []runtime.Object
	if s.pair != nil {
		list = append(list, keep.Pair(s.pair))
	}
	if s.sw != nil {
		list = append(list, keep.Switch(s.sw))
	}
	return list
}

// movePair with the endpoints of the forward one swapped. Once it is there, it is what the way back is made from: the forward
// move may be deleted.
func (s *state) movePair() *api.MovePair {
	p := &api.MovePair{
		TypeMeta:   hooks.KindMovePair.TypeMeta(),
		ObjectMeta: metav1.ObjectMeta{Name: s.reverse.Name, Namespace: s.reverse.Namespace, Labels: keep.Labels(s.reverse.Name)},
	}
	if s.pair != nil {
		p = keep.Pair(s.pair)
	} else {
		p.Spec = api.MovePairSpec{
			Engine:       s.way.Spec.Engine,
			Application:  s.way.Spec.Application,
			Source:       s.source(),
			Target:       s.target(),
			Data:         s.data(),
			PlanInterval: s.way.Spec.PlanInterval,
			Reverses:     s.reversal(),
		}
	}
	if p.Spec.Objects = s.reverse.Spec.Objects; p.Spec.Objects == api.ObjectsRestore {
		p.Spec.Objects = "" // The default is not written, so that pairs of former versions stay as they are.
	}
	p.Spec.Suspend, p.Spec.Sync = s.reverse.Spec.Suspend, schedule.WithDefault(s.reverse.Spec.Sync)
	return p
}

// source of the way back; nil: home and this namespace.
func (s *state) source() *api.Endpoint {
	if s.way.Spec.Target.Cluster == nil {
		return nil
	}
	return s.way.Spec.Target.Endpoint.DeepCopy()
}

func (s *state) target() api.Target {
	t := api.Target{Name: targetName}
	if s.way.Spec.Source != nil {
		t.Endpoint = *s.way.Spec.Source.DeepCopy()
	}
	return t
}

// data as in the forward move. The claims are those that it has moved.
func (s *state) data() api.Data {
	d := *s.way.Spec.Data.DeepCopy()
	d.Claims = nil
	return d
}

func (s *state) reversal() *api.Reversal {
	r := &api.Reversal{
		Switch:    api.ObjectIdentity{Name: s.forward.Name, UID: string(s.forward.UID)},
		FirstPair: api.ObjectIdentity{Name: s.way.Name, UID: string(s.way.UID)},
		StateSide: api.StateAtSource,
	}
	if before := s.way.Spec.Reverses; before != nil {
		r.FirstPair, r.Earlier = before.FirstPair, slices.Clone(before.Earlier)
		if before.StateSide == api.StateAtSource {
			r.StateSide = api.StateAtTarget
		}
	}
	r.Earlier = append(r.Earlier, string(s.forward.UID))
	return r
}

// moveSwitch back; nil once it has ended and was deleted: there is no second one.
func (s *state) moveSwitch() *api.MoveSwitch {
	if s.sw == nil && s.switched() {
		return nil
	}
	m := &api.MoveSwitch{
		TypeMeta:   hooks.KindMoveSwitch.TypeMeta(),
		ObjectMeta: metav1.ObjectMeta{Name: s.reverse.Name, Namespace: s.reverse.Namespace, Labels: keep.Labels(s.reverse.Name)},
		Spec: api.MoveSwitchSpec{
			PairRef: api.LocalReference{Name: s.reverse.Name},
			Suspend: s.reverse.Spec.Suspend,
		},
	}
	if s.reverse.Spec.Switch != nil {
		m.Spec.SwitchPolicy = *s.reverse.Spec.Switch
	}
	return m
}
