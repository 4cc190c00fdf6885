package movepair

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
)

func TestSync(t *testing.T) {
	observed := func(s *state) { s.syncs = []*api.DataSync{{}}; s.syncs[0].Name = "shop-a-restic" }
	all := func(s *state) {
		s.view.Children, _ = hooks.NewObjects(nil, []hooks.Object{
			{Kind: hooks.KindServiceAccount, Name: "shop-a-data"}, {Kind: hooks.KindServiceAccount, Name: "shop-a-switch"},
			{Kind: hooks.KindRoleBinding, Name: "shop-a-data"}, {Kind: hooks.KindRoleBinding, Name: "shop-a-switch"},
			{Kind: hooks.KindJob, Name: "plan-job"}, {Kind: hooks.KindJob, Name: "open-job"}, {Kind: hooks.KindJob, Name: "watch-job"},
			{Kind: hooks.KindDataSync, Name: "shop-a-restic"},
		})
	}
	for name, c := range map[string]struct {
		reason   string
		given    []func(s *state)
		children string
		channel  api.Channel
		again    time.Duration
	}{
		"First": {"the first Job, which is waited for", nil, "Job new plan", api.ChannelInProgress, time.Minute},
		"Open": {"the next one, and the last is kept", []func(*state){planned}, "Job plan-job, Job new open", api.ChannelInProgress,
			time.Minute},
		"Opened": {"the channel is active only with its DataSyncs", []func(*state){planned, opened},
			"Job plan-job, Job open-job, DataSync shop-a-restic", api.ChannelInProgress, time.Minute},
		"Active": {"looked at again for the endpoints, before the next plan", []func(*state){planned, opened, observed, all},
			"Job plan-job, Job open-job, DataSync shop-a-restic", api.ChannelActive, 6*time.Minute + 3*time.Second},
		"Unknown": {"what exists stays, and the next look comes soon", []func(*state){planned, opened, observed, all, lost(time.Second)},
			"Job plan-job, Job open-job, Job watch-job, DataSync shop-a-restic", api.ChannelUnknown, 29 * time.Second},
		"Look": {"its Job is waited for by no status", []func(*state){planned, opened, observed, all, lost(time.Minute)},
			"Job plan-job, Job open-job, Job watch-job, Job new watch, DataSync shop-a-restic", api.ChannelUnknown, 26*time.Minute + 3*time.Second},
		"Busy": {"looked at again for the switch", []func(*state){planned, opened, observed, all, busy},
			"Job plan-job, Job open-job, DataSync shop-a-restic", api.ChannelActive, hooks.RelatedRecheck},
		"Mistake": {"nothing is begun", []func(*state){mistaken, all}, "", api.ChannelInit, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := given(c.given...).sync()
			if err != nil {
				t.Fatal(err)
			}
			st := d.Status.(api.MovePairStatus)
			if d := cmp.Diff([]any{c.children, c.channel, c.again}, []any{listed(d.Children), st.Channel, d.ResyncAfter}); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
			if want := strings.Count(c.children, "DataSync"); len(st.DataSyncs) != want {
				t.Errorf("%s: dataSyncs %v", c.reason, st.DataSyncs)
			}
		})
	}
}

// A spec that is too large for a Job is a mistake in the spec, and no failure of the hook.
func TestSyncTooLarge(t *testing.T) {
	s := given(func(s *state) {
		s.pair.Spec.Target.Kustomization = &api.Kustomization{Patches: []api.KustomizePatch{{Patch: strings.Repeat("x", 1<<20)}}}
	})
	d, err := s.sync()
	if err != nil {
		t.Fatal(err)
	}
	if got := listed(d.Children); got != "" {
		t.Errorf("%s is desired", got)
	}
	if got := said(d.Status.(api.MovePairStatus).Conditions, api.ConditionAccepted); !strings.HasPrefix(got, "False ") {
		t.Errorf("Accepted: %s", got)
	}
}
