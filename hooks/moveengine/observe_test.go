package moveengine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/observed"
)

func TestObserve(t *testing.T) {
	begun := []metav1.Condition{{Type: api.ConditionSwitched, Status: "False", Reason: api.ReasonRunning}}
	for name, c := range map[string]struct {
		reason   string
		begun    bool
		target   string
		sw, pair string
	}{
		"Target": {"the pair and the switch of the target that is named", false, "b", "shop-b", "shop-b"},
		"Begun":  {"a switch that has begun decides which pair counts", true, "b", "shop-a", "shop-a"},
		"None":   {"neither is there", false, "c", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(func(s *state) {
				s.engine.TypeMeta = hooks.KindMoveEngine.TypeMeta()
				s.engine.Spec.Switch.Target = c.target
				s.switches = append(s.switches, theSwitch("shop-b", "shop-b"))
				if c.begun {
					s.switches[0].Status.Conditions = begun
				}
			})
			var list []runtime.Object
			for _, p := range s.pairs {
				p.TypeMeta = hooks.KindMovePair.TypeMeta()
				list = append(list, p)
			}
			for _, m := range s.switches {
				m.TypeMeta = hooks.KindMoveSwitch.TypeMeta()
				list = append(list, m)
			}
			view := hooks.View{Parent: observed.Object(t, s.engine), Children: observed.Objects(t, list...), Finalizing: true}
			got, err := observe(view, config.Config{}, now)
			if err != nil {
				t.Fatal(err)
			}
			sw, pair := "", ""
			if got.sw != nil {
				sw = got.sw.Name
			}
			if got.pair != nil {
				pair = got.pair.Name
			}
			if d := cmp.Diff([]string{c.target, c.sw, c.pair}, []string{got.target, sw, pair}); d != "" {
				t.Errorf("%s: target, switch, pair: -want +got\n%s", c.reason, d)
			}
			if !got.now.Equal(now) || got.engine.Name != "shop" || len(got.pairs) != 2 || !got.view.Finalizing || got.problem == nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// What cannot be read is an error: left out, it would look absent.
func TestObserveUnreadable(t *testing.T) {
	good := func() hooks.View {
		e := given(nil).engine
		e.TypeMeta = hooks.KindMoveEngine.TypeMeta()
		return hooks.View{Parent: observed.Object(t, e)}
	}
	bad := func(k hooks.Kind) hooks.Object {
		return hooks.Object{Kind: k, Name: "x", Fields: []hooks.Field{{Name: "spec", Value: []byte("1")}}}
	}
	hook := New(config.Config{})
	if _, err := hook.Sync(good(), now); err != nil {
		t.Fatal(err)
	}
	for _, k := range []hooks.Kind{hooks.KindMoveEngine, hooks.KindMovePair, hooks.KindMoveSwitch} {
		view := good()
		if k == hooks.KindMoveEngine {
			view.Parent = bad(k)
		} else {
			view.Children, _ = hooks.NewObjects(nil, []hooks.Object{bad(k)})
		}
		if _, err := hook.Sync(view, now); err == nil {
			t.Errorf("a %s that cannot be read is no error", k.Kind)
		}
	}
}
