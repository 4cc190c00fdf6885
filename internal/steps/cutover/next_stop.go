package cutover

import (
	"fmt"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// nextStop is everything until the source is stopped and seen so. The downtime begins with
// RecordQuiesce.
func nextStop(o Observed) (Action, bool) {
	// What takes long comes before anything of the application is stopped, be it a CronJob.
	if o.Record.SuspendedAt == nil && o.wantsDelta() {
		return delta(o), true
	}
	if a, more := nextSuspend(o); more && o.Record.QuiescedAt == nil {
		return a, true
	}
	if o.wantsDelta() { // The Jobs of the CronJobs have taken their time.
		return delta(o), true
	}
	running := o.toStop()
	began := o.stopBegan()
	switch {
	case o.Record.QuiescedAt == nil, began == nil && len(running)+len(o.SourcePods) > 0:
		return do(RecordQuiesce), true
	case len(running)+len(o.SourcePods) == 0:
		return Action{}, false
	case o.Now.Sub(*began) > o.QuiesceTimeout && len(running) > 0:
		return startedAgain(o, running), true
	case len(running) > 0:
		return do(Quiesce, "stop "+names(running)), true
	case o.Now.Sub(*began) > o.QuiesceTimeout:
		return failed(api.ReasonQuiesceTimeout, fmt.Sprintf("after %s Pods of the application are still there: %s. "+
			"KubeMove never force-deletes a Pod: look at their nodes, or raise quiesce.timeout",
			o.QuiesceTimeout, list(o.SourcePods))), true
	}
	return wait("Quiesce", "waiting for Pods to be gone: "+list(o.SourcePods)), true
}

func delta(o Observed) Action {
	return do(Delta, fmt.Sprintf("copy once more before the stop (%d)", len(o.Deltas)+1))
}

// nextSuspend suspends the CronJobs and waits for their Jobs, while the rest of the application
// goes on: a Job may take minutes, and may need the rest. In the downtime a CronJob that a person has
// resumed is stopped with the rest.
func nextSuspend(o Observed) (Action, bool) {
	resumed := o.toSuspend()
	began := o.Record.SuspendedAt
	switch {
	case len(resumed)+len(o.SourceJobs) == 0:
		return Action{}, false
	case began == nil:
		return do(RecordSuspend), true
	case o.Now.Sub(*began) > o.QuiesceTimeout && len(resumed) > 0:
		return startedAgain(o, resumed), true
	case len(resumed) > 0:
		return do(Suspend, "suspend "+names(resumed)), true
	case o.Now.Sub(*began) > o.QuiesceTimeout:
		return failed(api.ReasonQuiesceTimeout, fmt.Sprintf("after %s Jobs of the application's CronJobs have not ended: %s. "+
			"Delete what is stuck, switch at a time when no Job runs that long, or raise quiesce.timeout",
			o.QuiesceTimeout, list(o.SourceJobs))), true
	}
	return wait("Jobs", "waiting for Jobs to end: "+list(o.SourceJobs)), true
}

// startedAgain: another client is as fast as the switch, and would be for ever.
func startedAgain(o Observed, running []Workload) Action {
	return failed(api.ReasonQuiesceTimeout, fmt.Sprintf("after %s there is still something to stop: %s. "+
		"If it is started again and again, find out who does it (an operator, GitOps, an autoscaler), and pause that",
		o.QuiesceTimeout, names(running)))
}
