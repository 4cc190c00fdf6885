package moveswitch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// allows so much downtime.
func allows(limit string) func(s *state) { return func(s *state) { s.sw.Spec.MaxDowntime = limit } }

// predicts 21 s, of which the final copy takes ten.
func predicts(basis api.PredictionBasis) func(s *state) {
	return func(s *state) {
		s.pair.Status.PredictedDowntimeSeconds = 21
		s.pair.Status.PredictedDowntime = &api.PredictedDowntime{
			StopSeconds: 2, CopySeconds: 10, CopyBasis: basis, OwnSeconds: 6, StartSeconds: 3}
	}
}

func live(s *state) {
	s.pair.Spec.Sync = &api.SyncPolicy{Interval: "5m"}
	s.pair.Status.DataSyncs, s.pair.Status.LastSuccessTime = []string{"x"}, &earlier
}

func TestMaxDowntime(t *testing.T) {
	measured, estimated := predicts(api.BasisMeasured), predicts(api.BasisEstimated)
	noData := func(s *state) {
		s.pair.Status.PredictedDowntimeSeconds = 11
		s.pair.Status.PredictedDowntime = &api.PredictedDowntime{StopSeconds: 2, OwnSeconds: 6, StartSeconds: 3}
	}
	at := func(s *state) { s.sw.Spec.At = "2026-12-24T02:00:00Z" }
	first := func(s *state) { s.pair.Status.LastSuccessTime = nil }
	const (
		tooLong = "DowntimeTooLong: a downtime of 21 s is predicted (2 s to stop, 10 s for the final copy, as measured, " +
			"6 s for KubeMove's own work, 3 s to start), and maxDowntime is 20s: nothing was stopped, " +
			"and the switch begins by itself when the prediction is no longer above it; "
		offlineHelp = "copy beforehand with spec.request of the DataSync, or set mode to Live, or raise maxDowntime"
		liveHelp    = "copy more often (spec.sync), or when less is written, or raise maxDowntime"
	)
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"NoLimit": {"however long it takes", []func(*state){approved, measured}, "open"},
		"Below":   {"it takes less", []func(*state){approved, measured, allows("30s")}, "open"},
		"Equal":   {"it takes just as long", []func(*state){approved, measured, allows("21s")}, "open"},
		"Above":   {"it takes longer", []func(*state){approved, measured, allows("20s")}, tooLong + offlineHelp},
		"Live":    {"other things help there", []func(*state){approved, live, measured, allows("20s")}, tooLong + liveHelp},
		"Estimated": {"what was not measured is told", []func(*state){approved, estimated, allows("20s")},
			strings.Replace(tooLong, "as measured", "estimated", 1) + offlineHelp},
		"NoData": {"there may be nothing to copy", []func(*state){approved, noData, allows("10s")},
			"DowntimeTooLong: a downtime of 11 s is predicted (2 s to stop, 6 s for KubeMove's own work, 3 s to start), and maxDowntime is 10s: " +
				"nothing was stopped, and the switch begins by itself when the prediction is no longer above it; " + offlineHelp},
		"Unknown": {"a plan has not looked through a volume", []func(*state){approved, allows("20s")},
			"DowntimeUnknown: maxDowntime is 20s, and how long the application would be down is not known yet: " +
				"a plan that has looked through every volume tells it; its warnings say why this one has not"},
		"UnknownLive": {"no run has said how long it has copied", []func(*state){approved, live, allows("20s")},
			"DowntimeUnknown: maxDowntime is 20s, and how long the application would be down is not known yet: " +
				"a run that succeeds tells it; the next one comes by spec.sync, or ask for one with spec.request of the DataSync"},
		"FirstCopy":  {"that comes first", []func(*state){approved, live, first, allows("20s")}, "Syncing: "},
		"NoApproval": {"that comes first", []func(*state){measured, allows("20s")}, "WaitingForApproval: "},
		"BeforeTime": {"who has approved it is told in the evening, not at night", []func(*state){approved, measured, at, allows("20s")},
			tooLong + offlineHelp},
		"NoDuration": {"the API server refuses it", []func(*state){approved, measured, allows("soon")}, "open"},
	} {
		t.Run(name, func(t *testing.T) {
			g := given(c.given...).gate()
			got := g.reason + ": " + g.message
			if g.open {
				got = "open"
			}
			if short := strings.HasSuffix(c.want, ": "); short && strings.HasPrefix(got, c.want) {
				return
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

// A person is needed, and nothing is begun, until less is predicted.
func TestTooLongDowntimeWaits(t *testing.T) {
	byEngine := func(s *state) {
		s.sw.OwnerReferences = []metav1.OwnerReference{{Kind: hooks.KindMoveEngine.Kind, Name: "shop", Controller: new(true)}}
	}
	for command, change := range map[string]func(s *state){
		"kubectl -n home edit moveswitch shop-a": func(*state) {},
		"kubectl -n home edit moveengine shop":   byEngine,
	} {
		s := given(approved, predicts(api.BasisMeasured), allows("20s"), change)
		got, err := s.sync()
		if err != nil {
			t.Fatal(err)
		}
		st := got.Status.(api.MoveSwitchStatus)
		if len(got.Children) != 0 || got.ResyncAfter != hooks.RelatedRecheckLong || st.Stalled != api.ReasonDowntimeTooLong {
			t.Errorf("children %v, looked at again after %s, stalled %q", got.Children, got.ResyncAfter, st.Stalled)
		}
		if text := said(st.Conditions, api.ConditionStalled); !strings.HasSuffix(text, ": "+command) {
			t.Errorf("the message has no command %q: %s", command, text)
		}
		s.pair.Status.PredictedDowntimeSeconds = 20
		if got, err = s.sync(); err != nil || len(got.Children) != 1 {
			t.Errorf("it begins by itself: children %v, %v", got.Children, err)
		}
	}
	s := given(approved, live, allows("20s"))
	if got, err := s.sync(); err != nil || len(got.Children) != 0 || got.ResyncAfter != hooks.RelatedRecheckLong ||
		got.Status.(api.MoveSwitchStatus).Stalled != "" {
		t.Errorf("what is not known yet comes by itself: %+v, %v", got, err)
	}
}

// What has begun goes on, whatever is predicted now.
func TestMaxDowntimeEndsNothing(t *testing.T) {
	s := given(approved, cutover(jobs.Running, stopped), predicts(api.BasisMeasured), allows("1s"))
	d, err := s.decide()
	if err != nil || d.phase != phaseCutover || len(d.children) != 1 {
		t.Errorf("phase %s, children %v, %v", d.phase, d.children, err)
	}
}
