package movepair

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/observed"
)

// TestLabel: a pair that its switch does not find begins nothing, keeps what it has, and says what to do.
func TestLabel(t *testing.T) {
	hash := api.PairNameHash("shop-a")
	labelled := func(s *state) { s.pair.Labels = map[string]string{api.PairNameLabel: hash} }
	for name, c := range map[string]struct {
		reason   string
		given    []func(s *state)
		children string
		channel  api.Channel
		accepted string
	}{
		"Labelled": {"the usual", []func(*state){labelled}, "Job new plan", api.ChannelInProgress, "Accepted: the spec can be worked on"},
		"None": {"it was made by hand", nil, "", api.ChannelInit, "LabelMissing: the label kubemove.io/pair-name is not " + hash +
			", by which MovePair shop-a and its objects find each other, so nothing begins: " +
			"kubectl -n home label movepair shop-a --overwrite kubemove.io/pair-name=" + hash},
	} {
		t.Run(name, func(t *testing.T) {
			g := given(c.given...)
			g.pair.TypeMeta = hooks.KindMovePair.TypeMeta()
			s, err := observe(hooks.View{Parent: observed.Object(t, g.pair)}, g.config, now)
			if err != nil {
				t.Fatal(err)
			}
			d, err := s.sync()
			if err != nil {
				t.Fatal(err)
			}
			st := d.Status.(api.MovePairStatus)
			if got := listed(d.Children); got != c.children || st.Channel != c.channel {
				t.Errorf("%s: desires %q and is %s, want %q and %s", c.reason, got, st.Channel, c.children, c.channel)
			}
			if got := reasonOf(st.Conditions, api.ConditionAccepted); got != c.accepted {
				t.Errorf("%s: Accepted is %s, want %s", c.reason, got, c.accepted)
			}
		})
	}
	s := given(planned, opened, func(s *state) { s.unlabelled = &config.Problem{Reason: api.ReasonLabelMissing} })
	if next := s.next(); next != nil || s.channel() != api.ChannelActive {
		t.Errorf("a pair that was made before there was a label is %s, and next is %v", s.channel(), next)
	}
}

func reasonOf(list []metav1.Condition, kind string) string {
	for _, x := range list {
		if x.Type == kind {
			return x.Reason + ": " + x.Message
		}
	}
	return "nothing"
}
