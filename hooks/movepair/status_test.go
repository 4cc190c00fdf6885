package movepair

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

func TestChannel(t *testing.T) {
	absent := func(s *state) { s.there = false }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   api.Channel
	}{
		"Mistake": {"nothing is begun", []func(*state){mistaken}, api.ChannelInit},
		"First":   {"its plan is about to be made", nil, api.ChannelInProgress},
		"Planned": {"it is not open", []func(*state){planned}, api.ChannelInProgress},
		"Known": {"there is a plan, and nothing else is to be seen",
			[]func(*state){mistaken, func(s *state) { s.pair.Status.Plan = aPlan }}, api.ChannelInProgress},
		"Tried":       {"a Job is there", []func(*state){attempt(task.VerbPlan, jobs.Running), mistaken}, api.ChannelInProgress},
		"Active":      {"data can flow", []func(*state){planned, opened}, api.ChannelActive},
		"NoDataSync":  {"a DataSync is still to come", []func(*state){planned, opened, absent}, api.ChannelInProgress},
		"Unreachable": {"unknown", []func(*state){failed(task.VerbPlan, api.ReasonEndpointUnreachable, time.Second)}, api.ChannelUnknown},
		"Complete": {"a switch has used it, and what cannot be reached does not matter",
			[]func(*state){failed(task.VerbPlan, api.ReasonEndpointUnreachable, time.Second), committed}, api.ChannelComplete},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(c.given...).channel(); got != c.want {
				t.Errorf("%s: got %s, want %s", c.reason, got, c.want)
			}
		})
	}
}

func TestTransport(t *testing.T) {
	s := given(func(s *state) { s.pair.Status.Transport = "Relay" })
	if got := s.transport(); got != "Relay" {
		t.Errorf("what was known stays: got %q", got)
	}
	for _, used := range []api.TransportType{"NodePort", "ClusterIP"} {
		d := &api.DataSync{}
		d.Status.Volumes = []api.VolumeStatus{{Transport: used}}
		s.syncs = append(s.syncs, d)
	}
	if got := s.transport(); got != "ClusterIP,NodePort" {
		t.Errorf("got %q, want those of all DataSyncs", got)
	}
}

func TestStatus(t *testing.T) {
	s := given(blockedBy, suspended)
	got, _ := s.status([]string{"x"}, nil)
	if got.ObservedGeneration != 2 || !cmp.Equal(got.Plan.Blockers, blockedPlan.Blockers) || !cmp.Equal(got.DataSyncs,
		[]string{"x"}) || got.Channel != api.ChannelUnknown {
		t.Errorf("got %+v", got)
	}
	var kinds []string
	for _, c := range got.Conditions {
		kinds = append(kinds, c.Type+" "+string(c.Status))
	}
	want := []string{"Accepted True", "Connected False", "Planned False", "Ready False", "Stalled True"}
	if d := cmp.Diff(want, kinds); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if got.Stalled != api.ReasonBlocked {
		t.Errorf("the column says %q", got.Stalled)
	}
}
