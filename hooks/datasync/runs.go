package datasync

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// runs are the current one and those that have ended, of Jobs and of switches.
type runs struct {
	current *api.SyncRun
	// ended runs, the newest first.
	ended []api.SyncRun
	// shown is the newest report: of the current run, else of the last one.
	shown *task.Status
}

// last run that has ended; nil: there is none.
func (r runs) last() *api.SyncRun {
	if len(r.ended) == 0 {
		return nil
	}
	last := r.ended[0]
	return &last
}

// shownEnd is the last run if the report that is shown belongs to it, else nil.
func (r runs) shownEnd() *api.SyncRun {
	if last := r.last(); r.shown != nil && last != nil && r.shown.RunID == last.ID {
		return last
	}
	return nil
}

func (s *state) runs() runs {
	r := runs{}
	reports := map[string]*task.Status{}
	var found []api.SyncRun
	for i := range s.attempts {
		a := &s.attempts[i]
		if isSession(a) {
			found = append(found, s.ofSession(a, &r, reports)...)
			continue
		}
		run := s.runOf(a)
		if a.State == jobs.Running {
			r.current, r.shown = &run, a.Status
			continue
		}
		found, reports[run.ID] = append(found, run), a.Status
	}
	report := finalReport(s.dataSync)
	for _, m := range s.switches.All {
		if f := m.Status.FinalRun; f != nil && f.FinishedAt != nil {
			run := finalRun(*f, report)
			found = append(found, run)
			if report != nil && report.RunID == run.ID {
				reports[run.ID] = report
			}
		}
	}
	r.ended = history(s.known(), found)
	if last := r.last(); r.current == nil && last != nil {
		r.shown = reports[last.ID]
	}
	s.finalNow(&r, report)
	return r
}

// maxRuns that a status holds.
const maxRuns = 10

// history of the runs that are known, with what was found of them now: the newest first. The last one that succeeded is
// never forgotten: when the next one is due follows from it.
func history(known, found []api.SyncRun) []api.SyncRun {
	byID := map[string]api.SyncRun{}
	for _, list := range [][]api.SyncRun{known, found} {
		for _, r := range list {
			if r.FinishedAt != nil {
				byID[r.ID] = r
			}
		}
	}
	list := make([]api.SyncRun, 0, len(byID))
	for _, r := range byID {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b api.SyncRun) int {
		return cmp.Or(b.FinishedAt.Compare(a.FinishedAt.Time), cmp.Compare(b.ID, a.ID))
	})
	if len(list) <= maxRuns {
		return list
	}
	good := slices.IndexFunc(list, func(r api.SyncRun) bool { return r.Outcome == string(task.OutcomeSucceeded) })
	if good >= maxRuns {
		list[maxRuns-1] = list[good]
	}
	return list[:maxRuns]
}

// runOf a Job.
func (s *state) runOf(a *jobs.Attempt) api.SyncRun {
	started := a.Job.CreationTimestamp
	run := api.SyncRun{ID: a.Job.Name, Trigger: trigger(a), StartedAt: &started, Warnings: warnings(a.Status)}
	if run.Trigger == api.TriggerRequest {
		run.Request = s.request(a)
	}
	if a.State == jobs.Running {
		return run
	}
	finished := metav1.NewTime(a.Finished)
	run.FinishedAt, run.Seconds = &finished, seconds(&started, &finished)
	run.Outcome = string(a.State)
	if a.State != jobs.Succeeded {
		run.Message = task.Cut(a.Result.Message, task.MaxMessage)
	} else if a.Status != nil {
		run.CopySeconds = a.Status.CopySeconds
	}
	run.Bytes, run.Files = totals(a.Status)
	return run
}

// trigger of a Job: that of one without the annotation is older than the other triggers.
func trigger(a *jobs.Attempt) api.Trigger {
	return cmp.Or(api.Trigger(a.Job.Annotations[triggerAnnotation]), api.TriggerRequest)
}

// request that a Job answers. One without the annotation is known as long as the status says it.
func (s *state) request(a *jobs.Attempt) string {
	if a.Intent == s.requestIntent() {
		return s.dataSync.Spec.Request
	}
	if request := a.Job.Annotations[requestAnnotation]; request != "" {
		return request
	}
	known := s.known()
	if current := s.dataSync.Status.Run; current != nil {
		known = append(known, *current)
	}
	i := slices.IndexFunc(known, func(r api.SyncRun) bool { return r.ID == a.Job.Name })
	if i < 0 {
		return ""
	}
	return known[i].Request
}

func seconds(from, to *metav1.Time) int64 {
	if from == nil || to == nil {
		return 0
	}
	return int64(max(to.Sub(from.Time), 0).Round(time.Second) / time.Second)
}

// finalRun of a switch as this DataSync shows it: the switch counts all its DataSyncs, the report only this one.
func finalRun(run api.SyncRun, report *task.Status) api.SyncRun {
	run.Trigger = api.TriggerFinal
	run.Message = task.Cut(run.Message, task.MaxMessage)
	run.Seconds = seconds(run.StartedAt, run.FinishedAt)
	if report == nil || report.RunID != run.ID {
		return run
	}
	if bytes, files := totals(report); bytes > 0 || files > 0 {
		run.Bytes, run.Files = bytes, files
	}
	if len(report.Warnings) > 0 {
		run.Warnings = warnings(report)
	}
	return run
}

// finalNow shows the final run of a switch that goes on: its progress is on the DataSync itself.
func (s *state) finalNow(r *runs, report *task.Status) {
	if report == nil || s.switches.Busy == nil || report.Result != nil && s.switches.Busy.Status.FinalRun != nil {
		return
	}
	if slices.ContainsFunc(r.ended, func(e api.SyncRun) bool { return e.ID == report.RunID }) {
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

// warnings of a report.
func warnings(st *task.Status) []string {
	if st == nil {
		return nil
	}
	return shortList(st.Warnings)
}

// shortList of warnings, as many and as long as a status takes.
func shortList(warnings []string) (out []string) {
	const most = 10
	for _, w := range warnings[:min(len(warnings), most)] {
		out = append(out, task.Cut(w, task.MaxMessage))
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
