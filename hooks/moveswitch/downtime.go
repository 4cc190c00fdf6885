package moveswitch

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
)

// tooLong closes the gate while more downtime is predicted than maxDowntime allows, or nothing is known to predict it
// from. What the pair predicts changes with its runs and plans, and with it the gate.
func (s *state) tooLong(g *gate) bool {
	limit, err := time.ParseDuration(s.sw.Spec.MaxDowntime)
	if err != nil || limit <= 0 {
		return false // There is none: what is no duration the API server has refused.
	}
	p := s.pair.Status
	predicted := time.Duration(p.PredictedDowntimeSeconds) * time.Second
	switch {
	case p.PredictedDowntime == nil:
		g.reason = api.ReasonDowntimeUnknown
		g.message = fmt.Sprintf("maxDowntime is %s, and how long the application would be down is not known yet: %s",
			s.sw.Spec.MaxDowntime, s.whatTells())
	case predicted > limit:
		g.reason = api.ReasonDowntimeTooLong
		g.message = fmt.Sprintf("a downtime of %d s is predicted (%s), and maxDowntime is %s: nothing was stopped, "+
			"and the switch begins by itself when the prediction is no longer above it; %s, or raise maxDowntime",
			p.PredictedDowntimeSeconds, composed(p.PredictedDowntime), s.sw.Spec.MaxDowntime, s.whatHelps())
	}
	return g.reason != ""
}

// composed is what a downtime is made of, in words.
func composed(p *api.PredictedDowntime) string {
	parts := []string{fmt.Sprintf("%d s to stop", p.StopSeconds)}
	if p.CopySeconds > 0 {
		basis := "as measured"
		if p.CopyBasis == api.BasisEstimated {
			basis = "estimated"
		}
		parts = append(parts, fmt.Sprintf("%d s for the final copy, %s", p.CopySeconds, basis))
	}
	return strings.Join(append(parts, fmt.Sprintf("%d s for KubeMove's own work", p.OwnSeconds),
		fmt.Sprintf("%d s to start", p.StartSeconds)), ", ")
}

// live: the pair copies by a schedule.
func (s *state) live() bool { return s.pair.Spec.Sync != nil }

// whatTells the downtime.
func (s *state) whatTells() string {
	if s.live() {
		return "a run that succeeds tells it; the next one comes by spec.sync, or ask for one with spec.request of the DataSync"
	}
	return "a plan that has looked through every volume tells it; its warnings say why this one has not"
}

// whatHelps to make it shorter.
func (s *state) whatHelps() string {
	if s.live() {
		return "copy more often (spec.sync), or when less is written"
	}
	return "copy beforehand with spec.request of the DataSync, or set mode to Live"
}

// raiseMaxDowntime is the command for it: of a switch that an engine has made the engine has the field.
func (s *state) raiseMaxDowntime() string {
	if owner := metav1.GetControllerOf(s.sw); owner != nil && owner.Kind == hooks.KindMoveEngine.Kind {
		return fmt.Sprintf("kubectl -n %s edit moveengine %s", s.sw.Namespace, owner.Name)
	}
	return fmt.Sprintf("kubectl -n %s edit moveswitch %s", s.sw.Namespace, s.sw.Name)
}

// waitsForDowntime: what the pair predicts is looked at again, though no event of it came.
func waitsForDowntime(d decision) bool {
	return d.gate.reason == api.ReasonDowntimeTooLong || d.gate.reason == api.ReasonDowntimeUnknown
}
