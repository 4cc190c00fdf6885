package moveengine

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
)

var now = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// given is an engine with the targets a and b that switches to a, whose pairs and switch are there.
// Change it before anything is asked of it.
func given(change func(s *state)) *state {
	s := &state{now: now, engine: &api.MoveEngine{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "home", Generation: 3}}}
	s.engine.Spec.Targets = []api.Target{{Name: "a"}, {Name: "b"}}
	s.engine.Spec.Switch = &api.EngineSwitch{Target: "a", SwitchPolicy: api.SwitchPolicy{Approval: api.ApprovalAutomatic}}
	s.target = "a"
	s.pairs = []*api.MovePair{pair("shop-a", "a"), pair("shop-b", "b")}
	s.switches = []*api.MoveSwitch{theSwitch("shop-a", "shop-a")}
	s.pair, s.sw = s.pairs[0], s.switches[0]
	if change != nil {
		change(s)
	}
	return s
}

func pair(name, target string) *api.MovePair {
	p := &api.MovePair{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "home"}}
	p.Spec.Target.Name = target
	return p
}

func theSwitch(name, pair string) *api.MoveSwitch {
	m := &api.MoveSwitch{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "home"}}
	m.Spec.PairRef.Name = pair
	return m
}

// says adds a condition.
func says(list *[]metav1.Condition, kind, status, reason string) {
	*list = append(*list, metav1.Condition{Type: kind, Status: metav1.ConditionStatus(status), Reason: reason, Message: reason + "!"})
}

// said is a condition in short: what it says, and why.
func said(c *hooks.Conditions, kind string) string {
	for _, x := range c.List() {
		if x.Type == kind {
			return string(x.Status) + " " + x.Reason + ": " + x.Message
		}
	}
	return "nothing"
}
