package cutover

import (
	"testing"
	"time"

	"github.com/kubemove/kubemove/internal/application"
)

// TestWaitsForHealth: what asks for Pods, or has others ask for them, has to be ready.
func TestWaitsForHealth(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for name, c := range map[string]struct {
		reason string
		object Object
		want   Kind
	}{
		"Ready":          {"it is what is waited for", Object{Ready: true}, Commit},
		"NotReady":       {"its Pods are about to start", Object{}, Wait},
		"AtZero":         {"it is paused, and says for ever that it is not ready", Object{Stopped: true, Zero: true}, Commit},
		"ScaledDown":     {"the plan does not say zero: another client has scaled it", Object{Stopped: true, Ready: true}, Wait},
		"CustomResource": {"it asks for no Pods itself, and its workloads do", Object{Runs: true, Stopped: true}, Wait},
	} {
		t.Run(name, func(t *testing.T) {
			c.object.Ref, c.object.Phase = application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}, application.PhaseStart
			c.object.Workload, c.object.Exists, c.object.Mine, c.object.Recorded = true, true, true, true
			o := Observed{Now: now, HealthTimeout: time.Minute, Objects: []Object{c.object},
				Record: Record{Epoch: 1, StartedAt: &now, Final: &FinalRun{Epoch: 1, Fence: Fence{}}}}
			if a := nextStart(o); a.Kind != c.want {
				t.Errorf("%s: %s (%s), want %s", c.reason, a.Kind, a.Message, c.want)
			}
		})
	}
}
