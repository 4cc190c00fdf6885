package snapshot

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Run is one copy.
type Run struct {
	ID string `json:"id"`
	// Sync is the DataSync that it is of; empty for the final run of a switch.
	Sync    string      `json:"dataSync,omitempty"`
	Trigger api.Trigger `json:"trigger"`
	Request string      `json:"request,omitempty"`
	Started time.Time   `json:"started,omitzero"`
	// Finished is zero while it runs.
	Finished time.Time `json:"finished,omitzero"`
	// Seconds that it took, and of it the copy alone; 0: not known.
	Seconds     int64 `json:"seconds,omitempty"`
	CopySeconds int64 `json:"copySeconds,omitempty"`
	// Outcome: Succeeded, Failed or Declined; empty while it runs.
	Outcome  string   `json:"outcome,omitempty"`
	Message  string   `json:"message,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	Bytes    int64    `json:"bytes,omitempty"`
	Files    int64    `json:"files,omitempty"`
	// BytesPerSecond and ETASeconds of the run that goes on; 0: not known.
	BytesPerSecond int64 `json:"bytesPerSecond,omitempty"`
	ETASeconds     int64 `json:"etaSeconds,omitempty"`
}

// Succeeded is the outcome of a run that copied everything.
const Succeeded = "Succeeded"

// Progress in bytes.
type Progress struct {
	Done  int64 `json:"bytesDone"`
	Total int64 `json:"bytesTotal"`
	// Percent of it, from 0 to 100. It is 100 only when all is done and compared.
	Percent int `json:"percent"`
}

// Volume is a claim that is copied.
type Volume struct {
	// Claim at the source, and its name at the target.
	Claim     string          `json:"claim"`
	Target    string          `json:"target"`
	Sync      string          `json:"dataSync"`
	Mobilizer string          `json:"mobilizer"`
	Stage     api.VolumeStage `json:"stage"`
	Progress
	FilesDone   int64     `json:"filesDone"`
	FilesTotal  int64     `json:"filesTotal"`
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	Error       string    `json:"error,omitempty"`
}

// addSync adds what a DataSync says to its route.
func (r *Route) addSync(d *api.DataSync) {
	states := map[string]api.VolumeStatus{}
	for _, v := range d.Status.Volumes {
		states[v.Name] = v
	}
	for _, v := range d.Spec.Volumes {
		r.Volumes = append(r.Volumes, volumeOf(d, v, states[v.Name]))
	}
	for _, run := range d.Status.Runs {
		r.Runs = append(r.Runs, runOf(run, d.Name))
	}
	if run := d.Status.Run; run != nil {
		now := runOf(*run, d.Name)
		now.BytesPerSecond, now.ETASeconds = d.Status.BytesPerSecond, d.Status.ETASeconds
		r.addRun(now)
	}
	if next := timeOf(d.Status.NextRunTime); !next.IsZero() && (r.NextRun.IsZero() || next.Before(r.NextRun)) {
		r.NextRun = next
	}
	if r.Stalled == nil {
		r.Stalled = stallOf(d.Status.Conditions)
	}
}

// addRun that goes on: several mobilizers copy at the same time, their rates are added, and the slowest tells when it ends.
func (r *Route) addRun(now Run) {
	if r.Run == nil {
		r.Run = &now
		return
	}
	r.Run.BytesPerSecond += now.BytesPerSecond
	r.Run.ETASeconds = max(r.Run.ETASeconds, now.ETASeconds)
	if now.Started.Before(r.Run.Started) {
		r.Run.Started = now.Started
	}
}

func runOf(run api.SyncRun, sync string) Run {
	return Run{
		ID: run.ID, Sync: sync, Trigger: run.Trigger, Request: run.Request, Started: timeOf(run.StartedAt), Finished: timeOf(run.FinishedAt),
		Seconds: run.Seconds, CopySeconds: run.CopySeconds, Outcome: run.Outcome, Message: run.Message, Warnings: run.Warnings,
		Bytes: run.Bytes, Files: run.Files,
	}
}

func volumeOf(d *api.DataSync, spec api.SyncVolume, s api.VolumeStatus) Volume {
	v := Volume{
		Claim: spec.Name, Target: spec.Target, Sync: d.Name, Mobilizer: d.Spec.Mobilizer, Stage: s.Stage,
		FilesDone: s.FilesDone, FilesTotal: s.FilesTotal, LastSuccess: timeOf(s.LastSuccessTime), Error: s.Error,
	}
	if v.Stage == "" {
		v.Stage = api.StagePending
	}
	v.Progress = progressOf(s.BytesDone, s.BytesTotal, v.Stage == api.StageSynced)
	return v
}

// progressOf bytes that a cluster tells: they may be anything.
func progressOf(done, total int64, complete bool) Progress {
	p := Progress{Done: max(0, done), Total: max(0, total)}
	switch {
	case complete:
		p.Percent = 100
	case p.Total > 0:
		p.Percent = min(99, int(float64(p.Done)/float64(p.Total)*100))
	}
	return p
}

// sumOf the volumes. While a run goes on it is not complete, though each volume is.
func sumOf(volumes []Volume, run *Run) Progress {
	complete := run == nil && len(volumes) > 0
	var done, total int64
	for _, v := range volumes {
		done, total = done+v.Done, total+v.Total
		complete = complete && v.Stage == api.StageSynced
	}
	return progressOf(done, total, complete)
}

// After is this snapshot as the next frame of a live view that has shown the former one: within a run no volume goes back.
func (s Snapshot) After(former Snapshot) Snapshot {
	shown := map[string]*Route{}
	for i := range former.Moves {
		for j := range former.Moves[i].Routes {
			r := &former.Moves[i].Routes[j]
			shown[former.Moves[i].Namespace+"/"+r.PairName] = r
		}
	}
	for i := range s.Moves {
		for j := range s.Moves[i].Routes {
			r := &s.Moves[i].Routes[j]
			if old := shown[s.Moves[i].Namespace+"/"+r.PairName]; old != nil {
				r.after(old)
			}
		}
	}
	return s
}

func (r *Route) after(old *Route) {
	if r.Run == nil || old.Run == nil || r.Run.ID != old.Run.ID {
		return
	}
	for i := range r.Volumes {
		for _, o := range old.Volumes {
			if o.Claim == r.Volumes[i].Claim && o.Percent > r.Volumes[i].Percent {
				r.Volumes[i].Progress = o.Progress
			}
		}
	}
	if old.Sum.Percent > r.Sum.Percent {
		r.Sum = old.Sum
	}
}
