package snapshot

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// engine with its targets in the order of its spec, then the pairs of targets that it has no more.
func (x index) engine(e *api.MoveEngine) Move {
	m := Move{
		Kind: KindEngine, Namespace: e.Namespace, Name: e.Name, Mode: e.Spec.Mode, Created: e.CreationTimestamp.Time,
		Step: e.Status.Step, Suspended: e.Spec.Suspend, Engine: e, Active: Active{Side: api.ActiveSource}, Stalled: stallOf(e.Status.Conditions),
	}
	if a := e.Status.Active; a != nil {
		m.Active = Active{Side: a.Side, Target: a.Target, Since: timeOf(a.Since)}
	}
	if len(e.Spec.Targets) == 1 {
		m.Target = e.Spec.Targets[0].Name
	}
	if s := e.Spec.Switch; s != nil {
		m.At = parseTime(s.At)
		if s.Target != "" {
			m.Target = s.Target
		}
	}
	shown := map[string]bool{}
	for _, t := range e.Spec.Targets {
		name := e.Name + "-" + t.Name
		name = name[:min(len(name), maxName)]
		shown[name] = true
		m.Routes = append(m.Routes, x.route(e, t.Name, name))
	}
	former := x.owned[string(e.UID)]
	slices.SortFunc(former, func(a, b *api.MovePair) int { return slices.Compare([]byte(a.Name), []byte(b.Name)) })
	for _, p := range former {
		if !shown[p.Name] {
			m.Routes = append(m.Routes, x.route(e, p.Spec.Target.Name, p.Name))
		}
	}
	x.addWays(&m)
	m.Phase, m.Message = phaseOf(m, e.Status.Conditions, e.DeletionTimestamp != nil, isCurrent(e, e.Status.ObservedGeneration))
	return m
}

// Approval that the switch of a move needs.
func (m Move) Approval() api.Approval {
	var p *api.SwitchPolicy
	switch {
	case m.Engine != nil && m.Engine.Spec.Switch != nil:
		p = &m.Engine.Spec.Switch.SwitchPolicy
	case m.Reverse != nil:
		p = m.Reverse.Spec.Switch
	}
	if p == nil || p.Approval == "" {
		return api.ApprovalManual
	}
	return p.Approval
}

// maxName of an object.
const maxName = 253

// backTarget is the name of the only target of a way back.
const backTarget = "back"

func (x index) reverse(r *api.MoveReverse) Move {
	m := Move{
		Kind: KindReverse, Namespace: r.Namespace, Name: r.Name, Mode: api.ModeOffline, Created: r.CreationTimestamp.Time,
		Step: r.Status.Step, Suspended: r.Spec.Suspend, Reverse: r, Reverses: r.Spec.SwitchRef.Name, Target: backTarget,
		Active: Active{Side: api.ActiveSource, Since: timeOf(r.Status.Since)}, Stalled: stallOf(r.Status.Conditions),
		Routes: []Route{x.route(r, backTarget, r.Name)},
	}
	if r.Status.Active != "" {
		m.Active.Side = r.Status.Active
	}
	if r.Spec.Sync != nil {
		m.Mode = api.ModeLive
	}
	if r.Spec.Switch != nil {
		m.At = parseTime(r.Spec.Switch.At)
	}
	x.addWays(&m)
	m.Phase, m.Message = phaseOf(m, r.Status.Conditions, r.DeletionTimestamp != nil, isCurrent(r, r.Status.ObservedGeneration))
	return m
}

// isCurrent says whether the status was computed from this spec.
func isCurrent(o metav1.Object, observed int64) bool {
	return observed >= o.GetGeneration() && observed > 0
}

func (x index) addWays(m *Move) {
	for _, r := range m.Routes {
		if r.Switch != nil {
			m.Ways = append(m.Ways, x.ways[key{m.Namespace, r.Switch.Name}]...)
		}
	}
	slices.Sort(m.Ways)
}

func stallOf(conditions []metav1.Condition) *Stall {
	c := meta.FindStatusCondition(conditions, api.ConditionStalled)
	if c == nil || c.Status != metav1.ConditionTrue {
		return nil
	}
	return &Stall{Reason: c.Reason, Message: c.Message}
}

func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// parseTime of a spec; zero: there is none, or it cannot be read, which its condition Accepted says.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
