package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// healthy is what a Deployment with three replicas says of itself.
const healthy = `, status: {observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3,
	conditions: [{type: Available, status: "True"}, {type: Progressing, status: "True", reason: NewReplicaSetAvailable}]}}`

// TestBrokenAtTheSource: what cannot become healthy at the target is said before anything is stopped.
func TestBrokenAtTheSource(t *testing.T) {
	const blocked = "UnsupportedWorkload Deployment.apps/web"
	web := strings.TrimSuffix(webYAML, "}") + healthy
	with := func(old, now string) string { return strings.Replace(web, old, now, 1) }
	broken := with("readyReplicas: 3, availableReplicas: 3", "readyReplicas: 1, availableReplicas: 1")
	annotated := func(text, annotation string) string {
		return strings.Replace(text, "namespace: src,", "namespace: src, annotations: {"+annotation+"},", 1)
	}
	paused := with("spec: {replicas: 3,", "spec: {replicas: 3, paused: true,")
	for name, c := range map[string]struct {
		reason  string
		object  string
		change  func(*Input)
		want    []string
		warning string
	}{
		"Healthy": {reason: "it will be at the target, too", object: web, want: []string{}},
		"NotReady": {reason: "a person should look at it, who may know better",
			object: broken, want: []string{}, warning: "Deployment.apps/web is not ready at the source (Available: 1/3)"},
		"NotSeenYet": {reason: "its controller has not acted yet",
			object: with("observedGeneration: 1", "observedGeneration: 0"), want: []string{}, warning: "is not ready at the source"},
		"AtZero": {reason: "it is to run nowhere",
			object: strings.Replace(broken, "spec: {replicas: 3,", "spec: {replicas: 0,", 1), want: []string{}},
		"StoppedByUs": {reason: "the switch has done it",
			object: strings.Replace(annotated(broken, `kubemove.io/ledger: '{"switch":"switch","replicas":3}'`), "spec: {replicas: 3,",
				"spec: {replicas: 0,", 1), want: []string{}},
		"RestoredLater": {reason: "what carries a ledger is in the hands of a switch",
			object: annotated(broken, `kubemove.io/ledger: '{"switch":"switch","replicas":3}'`), want: []string{}},
		"DataAlone": {reason: "nothing is started at the target",
			object: broken, change: func(in *Input) { in.Application.Contents = "Data" }, want: []string{}},
		"ZeroAtTarget": {reason: "the target starts nothing of it",
			object: broken, change: kustomized(t, "replicas: [{name: web, count: 0}]"), want: []string{}},
		"Unknown":      {reason: "an object that no server has given says nothing of itself", object: webYAML, want: []string{}},
		"Paused":       {reason: "its controller would make no Pod at the target", object: paused, want: []string{blocked}},
		"PausedAtZero": {reason: "it needs none", object: strings.Replace(paused, "replicas: 3,", "replicas: 0,", 1), want: []string{}},
		"Resumed": {reason: "at the target it is not paused", object: paused,
			change: kustomized(t, `patches: [{target: {kind: Deployment}, patch: '[{"op": "remove", "path": "/spec/paused"}]'}]`), want: []string{}},
		"PausedThere": {reason: "at the target it is", object: web,
			change: kustomized(t, `patches: [{target: {kind: Deployment}, patch: '[{"op": "add", "path": "/spec/paused", "value": true}]'}]`),
			want:   []string{blocked}},
		"PausedData": {reason: "nothing is started at the target",
			object: paused, change: func(in *Input) { in.Application.Contents = "Data" }, want: []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, join(c.object, bound), func(in *Input) {
				in.Objects[0].SetGeneration(1)
				if c.change != nil {
					c.change(in)
				}
			}))
			if diff := cmp.Diff(c.want, reasons(p.Blockers)); diff != "" {
				t.Errorf("%s: blockers (-want +got):\n%s", c.reason, diff)
			}
			if got := strings.Join(p.Warnings, "\n"); c.warning == "" && got != "" || !strings.Contains(got, c.warning) {
				t.Errorf("%s: the warnings are %q, want %q", c.reason, p.Warnings, c.warning)
			}
		})
	}
	hash := func(object string) string { return Make(whole(t, join(object, bound), nil)).Hash() }
	if hash(web) != hash(broken) {
		t.Error("another readiness gives another hash")
	}
}
