package plan

import (
	"context"
	"maps"
	"math"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// What a switch takes when nobody has measured it yet. The rates are those of restic in this
// project's own benchmark, on two cores; the rest is what moves of the end-to-end tests took.
const (
	usualBytesPerSecond = 110e6
	usualFilesPerSecond = 2500
	// workerSeconds until the Pods of a run are there; the application still runs.
	workerSeconds = 6
	// turnSeconds to stop the application and to start it.
	turnSeconds = 15
	// tellingSeconds is how long a run must have taken for its rate to tell something of one
	// that is much bigger.
	tellingSeconds = 60
)

// pastRun is what the last run of a mobilizer copied, and how long it took.
type pastRun struct{ bytes, files, seconds float64 }

// estimate fills in how long the switch would take, if what all volumes hold is known. past are
// the last runs by mobilizer.
func estimate(s *api.PlanStatus, p *application.Plan, verification api.Verification, past map[string]pastRun) {
	load := map[string]pastRun{}
	for _, v := range p.Volumes {
		if v.Policy != api.ClaimCopy {
			continue
		}
		if v.Usage == nil {
			return
		}
		l := load[v.Mobilizer]
		l.bytes += float64(v.Usage.Bytes)
		l.files += float64(v.Usage.Files)
		load[v.Mobilizer] = l
	}
	var seconds float64
	// In a fixed order, so that the sum is always the same.
	for _, mobilizer := range slices.Sorted(maps.Keys(load)) {
		seconds += copySeconds(load[mobilizer], past[mobilizer], verification)
	}
	downtime, start := seconds+turnSeconds, 0.0
	if len(load) > 0 {
		start = workerSeconds
	}
	s.EstimatedDowntimeSeconds, s.EstimatedSeconds = coarse(downtime), coarse(start+downtime)
}

// copySeconds is how long a run takes: as the last one did, if that tells something.
func copySeconds(load, last pastRun, verification api.Verification) float64 {
	if growth := max(grown(load.bytes, last.bytes), grown(load.files, last.files)); last.seconds > 0 &&
		(growth <= 2 || last.seconds >= tellingSeconds && !math.IsInf(growth, 1)) {
		return last.seconds * growth
	}
	reading := load.bytes / usualBytesPerSecond
	if verification == api.VerificationChecksum {
		reading *= 2 // Both sides read everything once more, at the same time.
	}
	return reading + load.files/usualFilesPerSecond
}

// grown is what now is a multiple of; at least 1, as every run has its fixed costs.
func grown(now, then float64) float64 {
	switch {
	case now <= then:
		return 1
	case then == 0:
		return math.Inf(1)
	}
	return now / then
}

// coarse rounds up, so that a plan made again shows the same number.
func coarse(seconds float64) int64 {
	unit := 900.0
	switch {
	case seconds <= 60:
		unit = 10
	case seconds <= 600:
		unit = 60
	case seconds <= 3600:
		unit = 300
	}
	return int64(math.Ceil(seconds/unit) * unit)
}

// pastRuns are the last runs of the pair that succeeded, by mobilizer. It is for an estimate
// only: what cannot be read counts as never measured.
func pastRuns(ctx context.Context, home *cluster.Cluster, t *task.Task) map[string]pastRun {
	objects, _, err := home.List(ctx, []schema.GroupVersionResource{api.GroupVersion.WithResource("datasyncs")})
	if err != nil {
		return nil
	}
	out := map[string]pastRun{}
	for _, o := range objects {
		var sync api.DataSync
		if decode(o.Object, &sync) != nil || sync.Spec.PairRef.Name != t.Move.Pair.Name {
			continue
		}
		if run, ok := measured(sync.Status.LastRun); ok {
			out[sync.Spec.Mobilizer] = run
		}
	}
	return out
}

func measured(run *api.SyncRun) (pastRun, bool) {
	if run == nil || run.Outcome != string(task.OutcomeSucceeded) || run.StartedAt == nil || run.FinishedAt == nil {
		return pastRun{}, false
	}
	seconds := run.FinishedAt.Sub(run.StartedAt.Time).Seconds()
	return pastRun{bytes: float64(run.Bytes), files: float64(run.Files), seconds: seconds}, seconds > 0
}
