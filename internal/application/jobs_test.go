package application

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// noon is when the objects of the tests are read.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

const (
	nightlyYAML = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, uid: cj, namespace: src},
		spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: {containers: [{name: c}]}}}}}}`
	jobYAML = `{apiVersion: batch/v1, kind: Job,
		metadata: {name: nightly-1, uid: j, namespace: src, creationTimestamp: "2026-01-01T11:00:00Z", ownerReferences: [{apiVersion: batch/v1,
		kind: CronJob, name: nightly, uid: cj, controller: true}]}, spec: {template: {spec: {containers: [{name: c}]}}}, status: {}}`
	jobPodYAML = `{apiVersion: v1, kind: Pod, metadata: {name: nightly-1-a, namespace: src, creationTimestamp: "2026-01-01T11:00:00Z",
		ownerReferences: [{apiVersion: batch/v1, kind: Job, name: nightly-1, uid: j, controller: true}]}, spec: {containers: [{name: c}]},
		status: {phase: Pending, containerStatuses: [{name: c, state: {waiting: {reason: ImagePullBackOff}}}]}}`
)

func TestJobsOfCronJobs(t *testing.T) {
	const stuck = "JobNotEnded Job.batch/nightly-1"
	justNow := func(text string) string { return strings.Replace(text, "T11:00:00Z", "T11:59:00Z", 1) }
	with := func(text, old, now string) string { return strings.Replace(text, old, now, 1) }
	status := func(status string) string { return with(jobYAML, "status: {}", "status: "+status) }
	pod := func(phase, container string) string {
		return with(jobPodYAML, "phase: Pending, containerStatuses: [{name: c, state: {waiting: {reason: ImagePullBackOff}}}]",
			"phase: "+phase+", containerStatuses: [{name: c, "+container+"}]")
	}
	for name, c := range map[string]struct {
		reason   string
		objects  string
		change   func(*Input)
		want     []string
		warnings int
	}{
		"NoJob":      {reason: "there is nothing to wait for", objects: nightlyYAML, want: []string{}},
		"PodPending": {reason: "it will not run at night either", objects: join(nightlyYAML, jobYAML, jobPodYAML), want: []string{stuck}},
		"Suspended": {reason: "it ends only after a person has resumed it",
			objects: join(nightlyYAML, with(jobYAML, "spec: {", "spec: {suspend: true, ")), want: []string{stuck}},
		"NoPod": {reason: "a quota may forbid it", objects: join(nightlyYAML, jobYAML), want: []string{stuck}},
		"Runs": {reason: "it will end",
			objects: join(nightlyYAML, jobYAML, pod("Running", "state: {running: {}}")), want: []string{}, warnings: 1},
		"JustCreated": {reason: "it is about to run", objects: join(nightlyYAML, justNow(jobYAML)), want: []string{}, warnings: 1},
		"JustResumed": {reason: "it is about to run",
			objects: join(nightlyYAML, status(`{startTime: "2026-01-01T11:58:00Z"}`)), want: []string{}, warnings: 1},
		"NextTry": {reason: "its next Pod is about to run",
			objects: join(nightlyYAML, jobYAML, justNow(jobPodYAML)), want: []string{}, warnings: 1},
		"BetweenTries": {reason: "its container is started again", objects: join(nightlyYAML, jobYAML, pod("Running",
			`state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, finishedAt: "2026-01-01T11:57:00Z"}}`)),
			want: []string{}, warnings: 1},
		"LastTryFailed": {reason: "the Job has not seen that yet",
			objects: join(nightlyYAML, jobYAML, pod("Failed", `state: {terminated: {exitCode: 1, finishedAt: "2026-01-01T11:57:00Z"}}`)),
			want:    []string{}, warnings: 1},
		"Finished": {reason: "nothing waits for it",
			objects: join(nightlyYAML, status(`{conditions: [{type: Failed, status: "True"}]}`)), want: []string{}},
		"CronJobStays": {reason: "it is not stopped", objects: join(webYAML, bound, nightlyYAML, jobYAML),
			change: func(in *Input) { in.Application.Selector.MatchLabels = map[string]string{"app": "web"} }, want: []string{}},
		"TimeUnknown": {reason: "a Job cannot be called stuck without a clock",
			objects: join(nightlyYAML, jobYAML, jobPodYAML), change: func(in *Input) { in.Now = time.Time{} }, want: []string{}, warnings: 1},
	} {
		t.Run(name, func(t *testing.T) {
			in := whole(t, c.objects, func(in *Input) {
				in.Now = noon
				if c.change != nil {
					c.change(in)
				}
			})
			p := Make(in)
			if diff := cmp.Diff(c.want, reasons(p.Blockers)); diff != "" {
				t.Errorf("%s: blockers (-want +got):\n%s", c.reason, diff)
			}
			if len(p.Warnings) != c.warnings {
				t.Errorf("%s: %d warnings, want %d: %q", c.reason, len(p.Warnings), c.warnings, p.Warnings)
			}
			in.Now = noon.Add(time.Hour)
			if p.Hash() != Make(in).Hash() {
				t.Error("an hour later the hash is another one")
			}
		})
	}
}
