// Package downtime predicts how long a switch keeps an application down. It is pure, and what people are told, what
// maxDowntime is compared with and what the plan estimates all come from here.
package downtime

import (
	"cmp"
	"math"
	"slices"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// What KubeMove itself needs while the application is down, in seconds, as the steps of a switch show it.
const (
	// turnSeconds: some ten readings of both clusters with what is written between them, the check of the workers before
	// the final run, and the second after which a switch looks again whether Pods are gone, or ready.
	turnSeconds = 4
	// workerSeconds until the workers of the final run are gone: the target starts after that.
	workerSeconds = 2
	// objectsPerSecond are created.
	objectsPerSecond = 200
)

// Move is what a prediction is made from.
type Move struct {
	// StopSeconds and StartSeconds of the application, as the plan says.
	StopSeconds, StartSeconds int64
	// Objects that are created at the target.
	Objects int64
	// Live: the data is copied while the application runs, by a schedule.
	Live bool
	// Checksum: the content of every file is compared.
	Checksum bool
	// Copies, one for each mobilizer that copies something.
	Copies []Copy
}

// Copy is what is known of the copies of one mobilizer.
type Copy struct {
	// Known: what the volumes hold is known, and it is Bytes in so many Files.
	Known        bool
	Bytes, Files int64
	// Repeats: the mobilizer serves several passes, so that a live switch copies once more before the stop.
	Repeats bool
	// Runs of it that have ended, the newest first.
	Runs []api.SyncRun
}

// Predict says what the downtime is made of; nil: it cannot be told yet.
func Predict(m Move) *api.PredictedDowntime {
	p := &api.PredictedDowntime{StopSeconds: m.StopSeconds, StartSeconds: m.StartSeconds,
		OwnSeconds: turnSeconds + rounded(float64(m.Objects)/objectsPerSecond)}
	if len(m.Copies) == 0 {
		return p
	}
	p.OwnSeconds += workerSeconds
	p.CopyBasis = api.BasisMeasured
	seconds, finals := 0.0, 0.0
	for _, c := range m.Copies {
		took, basis, whole := c.final(m)
		switch basis {
		case "":
			return nil
		case api.BasisEstimated:
			p.CopyBasis = basis
		}
		if whole {
			finals = max(finals, took)
		} else { // All volumes are copied in one session, and share its cores: their times are added.
			seconds += took
		}
	}
	p.CopySeconds = max(1, rounded(seconds+finals))
	return p
}

// Estimate is Predict before anything was copied, too: as long as one copy of everything takes. nil: it is not known what
// the volumes hold.
func Estimate(m Move) *api.PredictedDowntime {
	if p := Predict(m); p != nil {
		return p
	}
	m.Live = false
	return Predict(m)
}

// Seconds of it all.
func Seconds(p *api.PredictedDowntime) int64 {
	if p == nil {
		return 0
	}
	return p.StopSeconds + p.CopySeconds + p.OwnSeconds + p.StartSeconds
}

// BeforeSeconds is how long a switch works before it stops the application: until the workers of the final run are there.
func (m Move) BeforeSeconds() int64 {
	if len(m.Copies) == 0 {
		return 0
	}
	return 6
}

// Coarse rounds up, so that an estimate that is made again mostly is the same number.
func Coarse(seconds int64) int64 {
	unit := int64(900)
	switch {
	case seconds <= 60:
		unit = 10
	case seconds <= 600:
		unit = 60
	case seconds <= 3600:
		unit = 300
	}
	return (seconds + unit - 1) / unit * unit
}

func rounded(seconds float64) int64 { return int64(math.Round(seconds)) }

// final is how long the final run presumably copies and compares, and where that comes from; empty: it is not known.
// whole: it is the time of all mobilizers, as an earlier final run has measured it.
func (c Copy) final(m Move) (seconds float64, basis api.PredictionBasis, whole bool) {
	runs := slices.DeleteFunc(slices.Clone(c.Runs), func(r api.SyncRun) bool {
		return r.Outcome != string(task.OutcomeSucceeded) || r.CopySeconds <= 0
	})
	whole = len(runs) > 0 && runs[0].Trigger == api.TriggerFinal
	switch {
	case len(runs) > 0 && m.Live:
		seconds, basis = c.live(runs, m)
		return seconds, basis, whole
	case len(runs) > 0:
		if took, tells := c.like(runs[0]); tells {
			return took + c.exact(runs[0], m), api.BasisMeasured, whole
		}
	case m.Live:
		return 0, "", false
	}
	if !c.Known {
		return 0, "", false
	}
	return c.all(m), api.BasisEstimated, false
}

// Rates are those of restic in this project's own benchmark, on two cores: of a whole copy, and of one that finds nothing
// changed.
const (
	bytesPerSecond      = 110e6
	filesPerSecond      = 2500
	quietSeconds        = 1.5
	quietFilesPerSecond = 12000
	// comparedPerSecond: the final run compares each path, where another run counts files.
	comparedPerSecond = 50000
	// recentRuns that a prediction goes by.
	recentRuns = 5
	// tellingSeconds is how long a run must have taken for its rate to tell something of one that is much bigger.
	tellingSeconds = 60
)

// all is how long a copy of everything takes that was not measured. It is compared within that.
func (c Copy) all(m Move) float64 {
	return quietSeconds + float64(c.Bytes)/bytesPerSecond + c.checksums(c.Bytes, m) + float64(c.Files)/filesPerSecond
}

// checksums take once more as long as to read everything: both sides do it at the same time.
func (c Copy) checksums(bytes int64, m Move) float64 {
	if !m.Checksum {
		return 0
	}
	return float64(bytes) / bytesPerSecond
}

// exact is what a final run does beside what the run has done.
func (c Copy) exact(run api.SyncRun, m Move) float64 {
	if run.Trigger == api.TriggerFinal {
		return 0
	}
	files, bytes := max(c.Files, run.Files), max(c.Bytes, run.Bytes)
	return float64(files)/comparedPerSecond + c.checksums(bytes, m)
}

// like is how long a run takes that does what the last one has done, if that tells something.
func (c Copy) like(last api.SyncRun) (float64, bool) {
	growth := max(grown(c.Bytes, last.Bytes), grown(c.Files, last.Files))
	took := float64(last.CopySeconds)
	tells := growth <= 2 || took >= tellingSeconds && !math.IsInf(growth, 1)
	return took * growth, tells || !c.Known
}

// grown is what now is a multiple of; at least 1, as every run has its fixed costs.
func grown(now, then int64) float64 {
	switch {
	case now <= then:
		return 1
	case then == 0:
		return math.Inf(1)
	}
	return float64(now) / float64(then)
}

// live is how long a final run takes that has only the newest changes to copy. Those before it have copied as much as had
// changed in their interval. Where the switch copies once more before the stop, what is left is what a run of few changes
// takes: the quickest of the recent ones tells. Else it is as much as the last one had. The first one has copied everything,
// which no second one does.
func (c Copy) live(runs []api.SyncRun, m Move) (float64, api.PredictionBasis) {
	if runs[0].Trigger == api.TriggerFinal { // A switch that was rolled back since has measured it.
		return float64(runs[0].CopySeconds), api.BasisMeasured
	}
	deltas := slices.DeleteFunc(slices.Clone(runs), func(r api.SyncRun) bool {
		return r.Trigger == api.TriggerInitial || r.Trigger == api.TriggerFinal
	})
	if len(deltas) == 0 {
		first := runs[0]
		took := float64(first.CopySeconds)
		if c.Repeats {
			took = min(took, quietSeconds+float64(max(c.Files, first.Files))/quietFilesPerSecond)
		}
		return took + c.exact(first, m), api.BasisEstimated
	}
	run := deltas[0]
	if c.Repeats {
		recent := deltas[:min(len(deltas), recentRuns)]
		run = slices.MinFunc(recent, func(a, b api.SyncRun) int { return cmp.Compare(a.CopySeconds, b.CopySeconds) })
	}
	return float64(run.CopySeconds) + c.exact(run, m), api.BasisMeasured
}
