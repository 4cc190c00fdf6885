package sync

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

func claim(annotations map[string]string, deleting bool) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim",
		"metadata": map[string]any{"name": "data"}}}
	if annotations != nil {
		u.SetAnnotations(annotations)
	}
	if deleting {
		u.Object["metadata"].(map[string]any)["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	}
	return u
}

func TestJudgeClaim(t *testing.T) {
	mine := map[string]string{api.CreatedByAnnotation: "pair"}
	cases := map[string]struct {
		reason  string
		there   *unstructured.Unstructured
		outcome task.Outcome
		why     string
	}{
		"Missing": {reason: "It is created."},
		"Mine":    {reason: "An earlier run has made it.", there: claim(mine, false)},
		"Active": {reason: "A claim that the application uses is never written, no matter which client made it.",
			there:   claim(map[string]string{api.CreatedByAnnotation: "pair", api.ActiveAnnotation: "switch"}, false),
			outcome: task.OutcomeDeclined, why: api.ReasonTargetIsActive},
		"Foreign": {reason: "A claim that another client has made may hold its data.", there: claim(nil, false),
			outcome: task.OutcomeDeclined, why: api.ReasonNameConflict},
		"OtherPair": {reason: "A claim of another move is not ours.", there: claim(map[string]string{api.CreatedByAnnotation: "other"}, false),
			outcome: task.OutcomeDeclined, why: api.ReasonNameConflict},
		"Deleting": {reason: "A claim that goes away takes the copy with it.", there: claim(mine, true),
			outcome: task.OutcomeFailed, why: api.ReasonNameConflict},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var outcome task.Outcome
			var why string
			if r := judgeClaim("data", "shop", tc.there, lineage.Actor{Pair: "pair"}); r != nil {
				outcome, why = r.Outcome, r.Reason
			}
			if diff := cmp.Diff([]any{tc.outcome, tc.why}, []any{outcome, why}); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	p := &application.Plan{Volumes: []application.Volume{
		{Name: "a", Target: "a", Policy: api.ClaimCopy, CapacityBytes: 7},
		{Name: "b", Target: "b", Policy: api.ClaimSkip},
	}}
	cases := map[string]struct {
		reason string
		wanted []task.Volume
		want   []application.Volume
		stop   string
	}{
		"Known": {"The plan knows its size and its user.",
			[]task.Volume{{Name: "a", Target: "x"}}, []application.Volume{{Name: "a", Target: "x", Policy: api.ClaimCopy, CapacityBytes: 7}}, ""},
		"Gone": {"A claim that is not the application's any more is not copied silently.",
			[]task.Volume{{Name: "z", Target: "z"}}, nil, api.ReasonPlanChanged},
		"Skipped": {"A claim that is not copied is never written.", []task.Volume{{Name: "b", Target: "b"}}, nil, api.ReasonPlanChanged},
		"None":    {"An application without claims has nothing to copy.", nil, nil, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, stop := choose(p, tc.wanted)
			why := ""
			if stop != nil {
				why = stop.Reason
			}
			if diff := cmp.Diff([]any{tc.want, tc.stop}, []any{got, why}); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestNewClaim(t *testing.T) {
	p := &application.Plan{Objects: []application.Object{
		{Ref: application.Ref{Kind: "ConfigMap", Name: "data"}, Object: *claim(nil, false)},
		{Ref: application.Ref{Kind: "PersistentVolumeClaim", Name: "data"}, Object: *claim(map[string]string{"a": "b"}, false)},
	}}
	got := newClaim(p, "data", lineage.Actor{Pair: "pair"})
	if diff := cmp.Diff(map[string]string{"a": "b", api.CreatedByAnnotation: "pair"}, got.GetAnnotations()); diff != "" {
		t.Errorf("the claim carries the pair's name: -want +got:\n%s", diff)
	}
	if p.Objects[1].Object.GetAnnotations()[api.CreatedByAnnotation] != "" {
		t.Error("the plan was changed")
	}
	if newClaim(p, "other", lineage.Actor{Pair: "pair"}) != nil {
		t.Error("a claim that the plan does not create was made up")
	}
}
