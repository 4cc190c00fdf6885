package moveengine

import (
	"testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
)

func TestTarget(t *testing.T) {
	for name, c := range map[string]struct {
		reason  string
		targets []string
		named   string
		want    string
	}{
		"Only":    {"there is no other", []string{"a"}, "", "a"},
		"Named":   {"the user has said which", []string{"a", "b"}, "b", "b"},
		"Unclear": {"it is not said which of two", []string{"a", "b"}, "", ""},
		"None":    {"there is none", nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var spec api.MoveEngineSpec
			for _, n := range c.targets {
				spec.Targets = append(spec.Targets, api.Target{Name: n})
			}
			if got := target(spec); c.named == "" && got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
			spec.Switch = &api.EngineSwitch{Target: c.named}
			if got := target(spec); got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

func TestProblem(t *testing.T) {
	installed := config.Config{Mobilizers: map[string]config.Mobilizer{config.DefaultMobilizer: {}}}
	elsewhere := func(namespace string) api.Endpoint {
		return api.Endpoint{Namespace: namespace, Cluster: &api.ClusterAccess{
			KubeconfigSecretRef: api.SecretKeyReference{Name: "cloud", Key: "kubeconfig"}}}
	}
	for name, c := range map[string]struct {
		reason string
		change func(*api.MoveEngineSpec)
		want   string
	}{
		"None": {"nothing is wrong", func(*api.MoveEngineSpec) {}, ""},
		"Workloads": {"two of one name would be merged", func(s *api.MoveEngineSpec) {
			s.Application.Workloads = []api.WorkloadReference{{Kind: "Deployment", Name: "x"}, {Kind: "StatefulSet", Name: "x"}}
		}, api.ReasonInvalidSpec},
		"Target": {"the second target is in the place of the source", func(s *api.MoveEngineSpec) { s.Targets[1].Endpoint = api.Endpoint{} },
			api.ReasonInvalidSpec},
		"OnePlace": {"both targets are in one place", func(s *api.MoveEngineSpec) { s.Targets[1].Endpoint = s.Targets[0].Endpoint },
			api.ReasonInvalidSpec},
		"Mobilizer": {"it is not installed", func(s *api.MoveEngineSpec) { s.Data.Mobilizers = []api.Mobilizer{{Name: "x"}} },
			api.ReasonUnknownMobilizer},
		"NoTarget": {"which target it switches to is not clear", func(s *api.MoveEngineSpec) { s.Switch = nil }, api.ReasonInvalidSpec},
		"OtherTarget": {"it names a target that there is not", func(s *api.MoveEngineSpec) { s.Switch.Target = "c" },
			api.ReasonInvalidSpec},
	} {
		t.Run(name, func(t *testing.T) {
			e := &api.MoveEngine{}
			e.Spec.Targets = []api.Target{{Name: "a", Endpoint: elsewhere("one")}, {Name: "b", Endpoint: elsewhere("two")}}
			e.Spec.Switch = &api.EngineSwitch{Target: "b"}
			c.change(&e.Spec)
			got := ""
			if p := problem(e, installed); p != nil {
				got = p.Reason
			}
			if got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

func TestTheSwitch(t *testing.T) {
	begun := func(name string) *api.MoveSwitch {
		m := theSwitch(name, name)
		says(&m.Status.Conditions, api.ConditionSwitched, "False", api.ReasonRunning)
		return m
	}
	for name, c := range map[string]struct {
		reason   string
		switches []*api.MoveSwitch
		want     string
	}{
		"None":    {"there is none", nil, ""},
		"Present": {"it is the one of the target", []*api.MoveSwitch{theSwitch("other", "x"), theSwitch("shop-a", "shop-a")}, "shop-a"},
		"Other":   {"one of another target has not begun", []*api.MoveSwitch{theSwitch("shop-b", "shop-b")}, ""},
		"Begun": {"what has begun counts, whatever the spec says now", []*api.MoveSwitch{theSwitch("shop-a", "shop-a"), begun("shop-b")},
			"shop-b"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if m := given(func(s *state) { s.switches = c.switches }).theSwitch(); m != nil {
				got = m.Name
			}
			if got != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

func TestSwitched(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		change func(s *state)
		want   bool
	}{
		"Not":    {"it is not said", nil, false},
		"Switch": {"the switch says so", func(s *state) { says(&s.sw.Status.Conditions, api.ConditionSwitched, "True", "x") }, true},
		"Failed": {"the switch says the opposite", func(s *state) { says(&s.sw.Status.Conditions, api.ConditionSwitched, "False", "x") }, false},
		"Gone": {"the engine has said so, and the switch was deleted", func(s *state) {
			s.sw = nil
			says(&s.engine.Status.Conditions, api.ConditionSwitched, "True", "x")
		}, true},
		"Older": {"the engine has said so, and the switch is an older view", func(s *state) {
			says(&s.engine.Status.Conditions, api.ConditionSwitched, "True", "x")
			says(&s.sw.Status.Conditions, api.ConditionSwitched, "False", "x")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(c.change).switched(); got != c.want {
				t.Errorf("%s: got %t", c.reason, got)
			}
		})
	}
}

func TestSwitchPair(t *testing.T) {
	if got := given(func(s *state) { s.sw.Spec.PairRef.Name = "shop-old" }).switchPair(); got != "shop-old" {
		t.Errorf("the switch names its pair: got %s", got)
	}
	if got := given(func(s *state) { s.sw = nil }).switchPair(); got != "shop-a" {
		t.Errorf("without a switch it is the one of the target: got %s", got)
	}
}
