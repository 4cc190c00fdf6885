package moveengine

import (
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/keep"
	"github.com/kubemove/kubemove/hooks/internal/schedule"
	"github.com/kubemove/kubemove/hooks/internal/switches"
)

// maxName of an object.
const maxName = 253

func (s *state) switchName() string { return s.childName(s.target) }

// childName is ENGINE-TARGET.
func (s *state) childName(target string) string {
	name := s.engine.Name + "-" + target
	return name[:min(len(name), maxName)]
}

// children of an engine that can be worked on. With a mistake in the spec those that exist
// stay as they are.
func (s *state) children() []runtime.Object {
	if s.problem != nil {
		return s.kept()
	}
	var list []runtime.Object
	for _, t := range s.engine.Spec.Targets {
		list = append(list, s.movePair(t))
	}
	for _, p := range s.pairs {
		if s.isTarget(p.Name) {
			continue
		}
		// The pair of a target that was removed stays while its switch has begun.
		if s.sw != nil && switches.Begun(s.sw) && p.Name == s.sw.Spec.PairRef.Name || s.isOutdated(p) {
			list = append(list, s.lastWord(p))
		}
	}
	if m := s.moveSwitch(); m != nil {
		list = append(list, m)
	}
	return list
}

func (s *state) movePair(t api.Target) *api.MovePair {
	name := s.childName(t.Name)
	// After the switch nothing is planned for the other targets any more: the source is held.
	p := &api.MovePair{
		TypeMeta: hooks.KindMovePair.TypeMeta(),
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.engine.Namespace, Labels: keep.Labels(name),
			Annotations: map[string]string{api.EngineGenerationAnnotation: strconv.FormatInt(s.engine.Generation, 10)}},
		Spec: api.MovePairSpec{
			Engine:         s.engine.Name,
			Suspend:        s.engine.Spec.Suspend || s.switched() && name != s.switchPair(),
			Application:    unmerged(s.engine.Spec.Application),
			Source:         s.engine.Spec.Source,
			Target:         t,
			Data:           s.engine.Spec.Data,
			Sync:           s.syncPolicy(),
			PlanInterval:   s.engine.Spec.PlanInterval,
			DeletionPolicy: s.engine.Spec.DeletionPolicy,
		},
	}
	for _, old := range s.pairs {
		if old.Name == name && reordered(old.Spec.Data.Mobilizers, p.Spec.Data.Mobilizers) {
			return between(p)
		}
	}
	return p
}

// isOutdated: the pair has another deletionPolicy than the engine. It goes only with the engine's: an edit may have come
// together with the deletion, or with the removal of the target.
func (s *state) isOutdated(p *api.MovePair) bool {
	return p.DeletionTimestamp == nil && p.Spec.DeletionPolicy.Deletes() != s.engine.Spec.DeletionPolicy.Deletes()
}

// lastWord keeps a pair that is about to go, with the engine's deletionPolicy.
func (s *state) lastWord(p *api.MovePair) *api.MovePair {
	kept := keep.Pair(p)
	if s.isOutdated(p) {
		kept.Spec.DeletionPolicy = s.engine.Spec.DeletionPolicy
	}
	return kept
}

// syncPolicy of the pairs; nil: nothing is copied before the switch but on request.
func (s *state) syncPolicy() *api.SyncPolicy {
	if s.engine.Spec.Mode != api.ModeLive {
		return nil
	}
	p := s.engine.Spec.Sync
	if p == nil {
		p = &api.SyncPolicy{}
	}
	return schedule.WithDefault(p)
}

// unmerged keeps apart what Metacontroller would take for one: it merges the entries of a list
// by their names when all have one, and application.exclude may name a Secret and a ConfigMap
// of one name. An entry without a name has the list replaced as a whole; what it names never
// moves anyway.
func unmerged(app api.Application) api.Application {
	seen := map[string]bool{}
	twice := false
	for _, e := range app.Exclude {
		if e.Name == "" {
			return app
		}
		twice = twice || seen[e.Name]
		seen[e.Name] = true
	}
	if twice {
		own := api.ExcludedObject{Group: api.GroupVersion.Group, Kind: hooks.KindMovePair.Kind}
		app.Exclude = append(slices.Clone(app.Exclude), own)
	}
	return app
}

// reordered says whether the merge by name, with which children are updated, would give the
// mobilizers another order than desired: it keeps the old ones in their order and appends the
// new ones. The first is the default, so the order matters.
func reordered(old, desired []api.Mobilizer) bool {
	var merged []string
	for _, m := range old {
		if slices.ContainsFunc(desired, func(d api.Mobilizer) bool { return d.Name == m.Name }) {
			merged = append(merged, m.Name)
		}
	}
	for _, m := range desired {
		if !slices.Contains(merged, m.Name) {
			merged = append(merged, m.Name)
		}
	}
	return !slices.EqualFunc(merged, desired, func(name string, d api.Mobilizer) bool { return name == d.Name })
}

// between is a step on the way to another order: only the first mobilizer, and suspended, so
// that nothing starts with it. The next call adds the others behind it.
func between(p *api.MovePair) *api.MovePair {
	delete(p.Annotations, api.EngineGenerationAnnotation)
	p.Spec.Suspend = true
	p.Spec.Data.Mobilizers = p.Spec.Data.Mobilizers[:1]
	p.Spec.Data.Claims = nil
	return p
}

// moveSwitch of the target; nil once the move is done and the switch was deleted: there is no
// second one.
func (s *state) moveSwitch() *api.MoveSwitch {
	if s.sw == nil && s.switched() {
		return nil
	}
	name, pair := s.switchName(), s.switchPair()
	if s.sw != nil {
		name = s.sw.Name
	}
	m := &api.MoveSwitch{
		TypeMeta:   hooks.KindMoveSwitch.TypeMeta(),
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.engine.Namespace, Labels: keep.Labels(pair)},
		Spec: api.MoveSwitchSpec{
			PairRef: api.LocalReference{Name: pair},
			Suspend: s.engine.Spec.Suspend,
		},
	}
	if s.engine.Spec.Switch != nil {
		m.Spec.SwitchPolicy = s.engine.Spec.Switch.SwitchPolicy
	}
	return m
}

// kept desires what exists to stay as it is, without the fields that belong to the operator.
func (s *state) kept() []runtime.Object {
	var list []runtime.Object
	for _, p := range s.pairs {
		list = append(list, keep.Pair(p))
	}
	for _, m := range s.switches {
		list = append(list, keep.Switch(m))
	}
	return list
}
