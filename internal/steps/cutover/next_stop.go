package cutover

import (
	"fmt"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// nextStop is everything until the source is stopped and seen so.
func nextStop(o Observed) (Action, bool) {
	running := o.toStop()
	began := o.began(o.Record.Stopping)
	switch {
	case o.Record.QuiescedAt == nil, began == nil && len(running)+len(o.SourcePods) > 0:
		return Action{Kind: RecordQuiesce, Message: "record the stop"}, true
	case len(running) > 0:
		return Action{Kind: Quiesce, Message: "stop " + names(running)}, true
	case len(o.SourcePods) == 0:
		return Action{}, false
	case o.Now.Sub(*began) > o.QuiesceTimeout:
		return failed(api.ReasonQuiesceTimeout, fmt.Sprintf("after %s Pods of the application are still there: %s. "+
			"KubeMove never force-deletes a Pod: look at their nodes, or raise quiesce.timeout",
			o.QuiesceTimeout, list(o.SourcePods))), true
	}
	return wait("Quiesce", "waiting for Pods to be gone: "+list(o.SourcePods)), true
}
