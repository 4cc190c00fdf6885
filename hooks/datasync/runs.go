package datasync

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// runs are the current and the last one, whoever makes them.
type runs struct {
	current, last *api.SyncRun
	// shown is the newest report: of the current run, else of the last one.
	shown *task.Status
}

// ended is the last run if the report that is shown belongs to it, else nil.
func (r runs) ended() *api.SyncRun {
	if r.shown != nil && r.last != nil && r.shown.RunID == r.last.ID {
		return r.last
	}
	return nil
}

func (s *state) runs() runs {
	r := runs{last: s.dataSync.Status.LastRun}
	for i := range s.attempts {
		s.requested(&r, &s.attempts[i])
	}
	s.final(&r)
	return r
}

// requested takes a Job into account; they come oldest first.
func (s *state) requested(r *runs, a *jobs.Attempt) {
	started := a.Job.CreationTimestamp
	run := &api.SyncRun{
		ID:        a.Job.Name,
		Trigger:   api.TriggerRequest,
		Request:   s.request(a),
		StartedAt: &started,
	}
	run.Warnings = warnings(a.Status)
	if a.State == jobs.Running {
		r.current = run
		r.shown = a.Status
		return
	}
	finished := metav1.NewTime(a.Finished)
	run.FinishedAt = &finished
	run.Outcome = string(a.State)
	if a.State != jobs.Succeeded {
		run.Message = hooks.Cut(a.Result.Message, hooks.MaxMessage)
	}
	run.Bytes, run.Files = totals(a.Status)
	if r.last == nil || r.last.ID == run.ID || later(run.FinishedAt, r.last.FinishedAt) {
		r.last = run
		r.shown = a.Status
	}
}

// request that a Job answers: known for the Jobs of the present one and of the last run.
func (s *state) request(a *jobs.Attempt) string {
	if a.Intent == s.ask.Intent {
		return s.dataSync.Spec.Request
	}
	if l := s.dataSync.Status.LastRun; l != nil && l.ID == a.Job.Name {
		return l.Request
	}
	if c := s.dataSync.Status.Run; c != nil && c.ID == a.Job.Name {
		return c.Request
	}
	return ""
}

// final takes the final run of a switch into account: its progress is on the DataSync itself,
// its end in the status of the switch.
func (s *state) final(r *runs) {
	for _, m := range s.switches.All {
		f := m.Status.FinalRun
		if f == nil || f.FinishedAt == nil {
			continue
		}
		if r.last == nil || r.last.ID == f.ID || later(f.FinishedAt, r.last.FinishedAt) {
			run := *f
			run.Trigger = api.TriggerFinal
			run.Message = hooks.Cut(run.Message, hooks.MaxMessage)
			r.last = &run
		}
	}
	report := finalReport(s.dataSync)
	if report == nil {
		return
	}
	if r.last != nil && r.last.ID == report.RunID {
		r.shown = report
		own := *r.last
		if bytes, files := totals(report); bytes > 0 || files > 0 {
			// The switch counts all its DataSyncs, the report only this one.
			own.Bytes, own.Files = bytes, files
		}
		if len(report.Warnings) > 0 {
			own.Warnings = warnings(report)
		}
		r.last = &own
		return
	}
	if s.switches.Busy == nil || report.Result != nil && s.switches.Busy.Status.FinalRun != nil {
		return
	}
	r.shown = report
	r.current = &api.SyncRun{ID: report.RunID, Trigger: api.TriggerFinal, Warnings: warnings(report)}
	if old := s.dataSync.Status.Run; old != nil && old.ID == report.RunID {
		r.current.StartedAt = old.StartedAt
	}
	if r.current.StartedAt == nil {
		now := metav1.NewTime(s.now.UTC().Truncate(1e9))
		r.current.StartedAt = &now
	}
}

// finalReport is what the cutover has written on the DataSync.
func finalReport(d *api.DataSync) *task.Status {
	text, ok := d.Annotations[task.StatusAnnotation]
	if !ok {
		return nil
	}
	st, err := task.DecodeStatus([]byte(text))
	if err != nil || st.RunID == "" {
		return nil
	}
	return st
}

// warnings of a report, as many and as long as a status takes.
func warnings(st *task.Status) (out []string) {
	const most = 10
	if st == nil {
		return nil
	}
	for _, w := range st.Warnings[:min(len(st.Warnings), most)] {
		out = append(out, hooks.Cut(w, hooks.MaxMessage))
	}
	return out
}

func totals(st *task.Status) (bytes, files int64) {
	if st == nil {
		return 0, 0
	}
	for _, v := range st.Volumes {
		bytes += v.BytesTotal
		files += v.FilesTotal
	}
	return bytes, files
}

func later(a, b *metav1.Time) bool {
	return a != nil && (b == nil || a.After(b.Time))
}
