package application

import (
	"strings"
	"testing"
	"time"
)

// TestTimes: what the application says of its own times is compared with those of the switch, and both
// numbers are told.
func TestTimes(t *testing.T) {
	// of is a workload with fields of its own, of its Pods and of its container.
	of := func(kind, fields, pod, container string) string {
		return `{apiVersion: apps/v1, kind: ` + kind + `, metadata: {name: web, namespace: src}, spec: {` + fields +
			`template: {metadata: {labels: {app: web}}, spec: {` + pod + `containers: [{name: c` + container + `}]}}}}`
	}
	job := func(status string) string {
		return `{apiVersion: batch/v1, kind: Job,
			metadata: {name: nightly-1, namespace: src, ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: nightly, controller: true}]},
			spec: {template: {spec: {containers: [{name: c}]}}}, status: {startTime: "2026-01-01T11:00:00Z", ` + status + `}}`
	}
	nightly := func(fields string) string {
		return `{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, namespace: src}, spec: {` + fields +
			`jobTemplate: {spec: {activeDeadlineSeconds: 3600, template: {spec: {containers: [{name: c}]}}}}}}`
	}
	const complete = `conditions: [{type: Complete, status: "True"}], completionTime: `
	cases := map[string]struct {
		reason  string
		objects string
		change  func(*Input)
		want    []string
	}{
		"Usual": {"nothing is said of any time", of("Deployment", "replicas: 9, ", "", ""), nil, nil},
		"Grace": {"the switch gives up before the Pod is gone", of("Deployment", "", "terminationGracePeriodSeconds: 240, ", ""), nil,
			[]string{"Deployment.apps/web", "240s", "60s", "quiesce.timeout"}},
		"GraceEqual": {"it is gone a moment after that",
			of("Deployment", "", "terminationGracePeriodSeconds: 60, ", ""), nil, []string{"60s", "quiesce.timeout"}},
		"GraceFits":   {"it is gone in time", of("Deployment", "", "terminationGracePeriodSeconds: 59, ", ""), nil, nil},
		"GraceAtZero": {"no Pod has to end", of("Deployment", "replicas: 0, ", "terminationGracePeriodSeconds: 240, ", ""), nil, nil},
		"GraceUnsaid": {"without a switch its times are not known",
			of("Deployment", "", "terminationGracePeriodSeconds: 240, ", ""), func(in *Input) { in.QuiesceTimeout = 0 }, nil},
		"GraceData": {"it is stopped though its objects stay", of("Deployment", "", "terminationGracePeriodSeconds: 240, ", ""),
			func(in *Input) { in.Application.Contents = "Data" }, []string{"240s"}},
		"GraceTurns": {"the Pods of a StatefulSet end one after the other",
			of("StatefulSet", "replicas: 2, ", "terminationGracePeriodSeconds: 40, ", ""), nil,
			[]string{"StatefulSet.apps/web", "80s", "2 Pods", "60s"}},
		"GraceAtOnce": {"or all at once",
			of("StatefulSet", "replicas: 2, podManagementPolicy: Parallel, ", "terminationGracePeriodSeconds: 40, ", ""), nil, nil},
		"GraceUsual": {"few programs use what they get",
			of("StatefulSet", "replicas: 9, ", "terminationGracePeriodSeconds: 30, ", ""), nil, nil},
		"GraceHook": {"but for those that have something to do",
			of("StatefulSet", "replicas: 9, ", "", `, lifecycle: {preStop: {exec: {command: [drain]}}}`), nil, []string{"270s"}},
		"MinReady": {"a controller waits", of("Deployment", "minReadySeconds: 120, ", "", ""), nil,
			[]string{"cannot be ready", "120s", "minReadySeconds", "100s", "healthTimeout"}},
		"Readiness": {"the first question comes late", of("Deployment", "", "", ", readinessProbe: {initialDelaySeconds: 110}"), nil,
			[]string{"cannot be ready", "110s", "readinessProbe of c"}},
		"Successes": {"and more than one answer is wanted",
			of("Deployment", "", "", ", readinessProbe: {periodSeconds: 60, successThreshold: 3}"), nil,
			[]string{"cannot be ready", "120s", "successThreshold 3"}},
		"Sum": {"both count",
			of("Deployment", "minReadySeconds: 60, ", "", ", readinessProbe: {initialDelaySeconds: 50}"), nil, []string{"cannot be ready", "110s"}},
		"Turns": {"a StatefulSet starts one Pod after the other",
			of("StatefulSet", "replicas: 5, ", "", ", readinessProbe: {initialDelaySeconds: 20}"), nil,
			[]string{"cannot be ready", "5 Pods", "100s"}},
		"TurnsFit": {"three are ready in time",
			of("StatefulSet", "replicas: 3, ", "", ", readinessProbe: {initialDelaySeconds: 20}"), nil, nil},
		"Startup": {"it says how long it may take", of("Deployment", "", "", ", startupProbe: {periodSeconds: 10, failureThreshold: 30}"),
			nil, []string{"may take 300s", "startupProbe of c", "failureThreshold 30", "100s"}},
		"StartupFits": {"no longer than the switch waits",
			of("Deployment", "", "", ", startupProbe: {periodSeconds: 10, failureThreshold: 10}"), nil, nil},
		"Sidecar": {"a sidecar starts before the rest",
			of("Deployment", "", "initContainers: [{name: s, restartPolicy: Always, startupProbe: {initialDelaySeconds: 60}}], ",
				", readinessProbe: {initialDelaySeconds: 50}"), nil, []string{"cannot be ready", "110s"}},
		"Progress": {"a rollout may take as long as was said",
			of("Deployment", "progressDeadlineSeconds: 900, ", "", ""), nil, []string{"may take 900s", "progressDeadlineSeconds"}},
		"ProgressSet": {"the API server fills in a number", of("Deployment", "progressDeadlineSeconds: 600, ", "", ""), nil, nil},
		"Changed": {"a kustomization may change it", of("Deployment", "minReadySeconds: 120, ", "", ""),
			kustomized(t, `patches: [{target: {kind: Deployment}, patch: '[{"op": "remove", "path": "/spec/minReadySeconds"}]'}]`), nil},
		"ZeroThere": {"nothing starts at the target",
			of("Deployment", "minReadySeconds: 120, ", "", ""), kustomized(t, "replicas: [{name: web, count: 0}]"), nil},
		"DataStart": {"nothing is started by KubeMove",
			of("Deployment", "minReadySeconds: 120, ", "", ""), func(in *Input) { in.Application.Contents = "Data" }, nil},
		"JobTook": {"a Job took longer than the switch waits for one",
			join(nightly(""), job(complete+`"2026-01-01T11:02:00Z"`)), nil, []string{"Job.batch/nightly-1", "CronJob.batch/nightly", "120s", "60s"}},
		"JobShort": {"what Jobs took says more than what they may", join(nightly(""), job(complete+`"2026-01-01T11:00:10Z"`)), nil, nil},
		"JobFailed": {"one that has failed took its time as well",
			join(nightly(""), job(`conditions: [{type: Failed, status: "True", lastTransitionTime: "2026-01-01T11:02:00Z"}]`)), nil,
			[]string{"120s"}},
		"JobRuns": {"one is at it", join(nightly(""), job(`active: 1`)), nil, []string{"Job.batch/nightly-1", "3600s", "60s"}},
		"JobMay": {"nothing but its deadline is known",
			nightly(""), nil, []string{"CronJob.batch/nightly", "3600s", "activeDeadlineSeconds", "60s"}},
		"JobNever": {"a suspended one has no Jobs", nightly("suspend: true, "), nil, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, func(in *Input) {
				in.Now, in.QuiesceTimeout, in.HealthTimeout = noon, time.Minute, 100*time.Second
				if tc.change != nil {
					tc.change(in)
				}
			}))
			var got []string
			for _, w := range p.Warnings {
				if strings.Contains(w, "quiesce.timeout)") || strings.Contains(w, "(healthTimeout)") {
					got = append(got, w)
				}
			}
			if tc.want == nil && len(got) > 0 || tc.want != nil && len(got) != 1 {
				t.Fatalf("%s: got %q, all warnings %q", tc.reason, got, p.Warnings)
			}
			for _, want := range tc.want {
				if !strings.Contains(got[0], want) {
					t.Errorf("%s: %q lacks %q", tc.reason, got[0], want)
				}
			}
			without := whole(t, tc.objects, tc.change)
			if tc.change == nil && p.Hash() != Make(without).Hash() {
				t.Errorf("%s: the times of the switch change the hash: an approval would not hold", tc.reason)
			}
		})
	}
}
