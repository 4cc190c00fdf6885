package datasync

import (
	"fmt"
	"strings"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/task"
)

// volumes of the spec with what the report says of each; what it does not say stays as it was.
// Ended is the run that the report belongs to, once it has ended.
func volumes(spec []api.SyncVolume, old []api.VolumeStatus, report *task.Status, ended *api.SyncRun) []api.VolumeStatus {
	before := make(map[string]api.VolumeStatus, len(old))
	for _, v := range old {
		before[v.Name] = v
	}
	now := map[string]task.VolumeProgress{}
	if report != nil {
		for _, p := range report.Volumes {
			now[p.Name] = p
		}
	}
	list := make([]api.VolumeStatus, 0, len(spec))
	for _, v := range spec {
		st, ok := before[v.Name]
		if !ok {
			st = api.VolumeStatus{Name: v.Name, Stage: api.StagePending}
		}
		if p, ok := now[v.Name]; ok {
			st = merge(st, p, ended)
		}
		list = append(list, st)
	}
	return list
}

func merge(st api.VolumeStatus, p task.VolumeProgress, ended *api.SyncRun) api.VolumeStatus {
	st.BytesDone, st.BytesTotal = p.BytesDone, p.BytesTotal
	st.FilesDone, st.FilesTotal = p.FilesDone, p.FilesTotal
	st.Error = task.Cut(p.Error, task.MaxMessage)
	if p.Transport != "" {
		st.Transport = p.Transport
	}
	if p.Stage != "" {
		st.Stage = p.Stage
	}
	if ended != nil && ended.Outcome == string(task.OutcomeSucceeded) {
		st.Stage = api.StageSynced
		if later(ended.FinishedAt, st.LastSuccessTime) {
			st.LastSuccessTime = ended.FinishedAt
		}
	}
	return st
}

// stages of a volume, in their order.
var stages = []api.VolumeStage{
	api.StagePending, api.StagePreparing, api.StageCopying, api.StageVerifying, api.StageSynced, api.StageFailed,
}

// sum says of all volumes together what each has said: a printer column shows one value.
func sum(st *api.DataSyncStatus, list []api.VolumeStatus) {
	count := map[api.VolumeStage]int{}
	for _, v := range list {
		st.BytesDone += v.BytesDone
		st.FilesDone += v.FilesDone
		count[v.Stage]++
	}
	var words []string
	for _, stage := range stages {
		switch n := count[stage]; n {
		case 0:
		case len(list):
			words = append(words, string(stage))
		default:
			words = append(words, fmt.Sprintf("%d %s", n, stage))
		}
	}
	st.Stages, st.Transport = strings.Join(words, ", "), hooks.Transports(list)
}

// progress in a few words, such as "42% of 1.5 GiB, 12.0 MiB/s, 3m20s left".
func progress(list []api.VolumeStatus, bytesPerSecond, etaSeconds int64) string {
	var done, total int64
	for _, v := range list {
		done += v.BytesDone
		total += v.BytesTotal
	}
	if total <= 0 {
		return ""
	}
	text := fmt.Sprintf("%d%% of %s", min(done*100/total, 100), size(total))
	if bytesPerSecond > 0 {
		text += ", " + size(bytesPerSecond) + "/s"
	}
	if etaSeconds > 0 {
		text += ", " + (time.Duration(etaSeconds) * time.Second).String() + " left"
	}
	return text
}

// size in the largest unit that gives at least 1.
func size(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/unit, 0
	for f >= unit && i < 4 {
		f, i = f/unit, i+1
	}
	return fmt.Sprintf("%.1f %ciB", f, "KMGTP"[i])
}
