package cutover

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/application"
)

// TestMade: what controllers have made at the target of the plan's custom resources is stopped
// before anything is deleted, and gone before the source comes back.
func TestMade(t *testing.T) {
	cr := Object{Ref: application.Ref{Group: "example.com", Kind: "Widget", Name: "a"}, Phase: application.PhaseStart, Workload: true, Runs: true, Exists: true, Mine: true, Stopped: true}
	made := Object{Ref: application.Ref{Group: "apps", Kind: "Deployment", Name: "widget-a"}, Phase: application.PhaseStart, Workload: true, Exists: true, Mine: true}
	role := Object{Ref: application.Ref{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "shop"}, Phase: application.PhaseStart, Cluster: true, Exists: true, Mine: true}
	crd := Object{Ref: application.Ref{Group: "apiextensions.k8s.io", Kind: definitionKind, Name: "widgets.example.com"}, Phase: application.PhaseStart, Cluster: true, Exists: true, Mine: true}
	stopped := made
	stopped.Stopped = true
	cases := map[string]struct {
		reason string
		change func(*Observed)
		want   Kind
	}{
		"Running":  {"its Pods may write", func(o *Observed) { o.Made = []Object{made} }, StopTarget},
		"Stopping": {"Pods are seen gone before the source starts", func(o *Observed) { o.Made, o.TargetPods = []Object{stopped}, []string{"Pod/x"} }, Wait},
		"Stopped":  {"with the custom resource goes what was made of it", func(o *Observed) { o.Made = []Object{stopped} }, DeleteObjects},
		"Shared":   {"the account at the target may not delete what belongs to the whole cluster", func(o *Observed) { o.Objects = []Object{role} }, Forget},
		"Kept":     {"a definition stays, since all objects of its kind would go with it", func(o *Observed) { o.Objects = []Object{crd} }, Forget},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			o := Observed{Now: time.Now(), Began: time.Now(), HasRecord: true, Record: Record{RollbackAt: new(time.Now())}, SourceLock: LockMine, TargetLock: LockMine, Objects: []Object{cr}}
			tc.change(&o)
			if diff := cmp.Diff(tc.want, NextRollback(o).Kind); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
