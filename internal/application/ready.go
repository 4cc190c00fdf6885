package application

import (
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
)

// checkReady warns of workloads that are not ready at the source, as a switch asks it of those at the
// target. It is no blocker: a cluster that is short of room is a reason to move away from it.
func (m *maker) checkReady() {
	if m.dataOnly() {
		return
	}
	for _, w := range m.plan.Workloads {
		n := m.x.byRef[w.Ref]
		if w.TargetReplicas != nil && *w.TargetReplicas == 0 {
			continue
		}
		if why := whyNotReady(n); why != "" {
			m.AddWarning(w.Ref, "%s is not ready at the source (%s): if it is not at the target either, "+
				"the switch waits until healthTimeout and rolls back; fix it before, unless it can only be ready at the target", w.Ref, why)
		}
	}
}

// whyNotReady says why a workload that is to run is not ready; empty: it is, or nobody can tell. One
// that a switch has stopped is not to run.
func whyNotReady(n *node) string {
	_, reported := n.obj.Object["status"]
	if isScheduled(n.ref.kind()) || lineage.HasLedger(n.obj) || !reported || replicasOf(n.obj) == 0 {
		return ""
	}
	r, err := status.Compute(n.obj)
	switch {
	case err != nil:
		return err.Error()
	case r.Status != status.CurrentStatus:
		return r.Message
	}
	return ""
}

// checkPaused refuses Deployments that would be created paused: their controller makes no Pod then,
// and the switch would wait for them in vain.
func (m *maker) checkPaused() {
	for i := range m.plan.Objects {
		o := &m.plan.Objects[i]
		if o.kind() != kindDeployment || !paused(&o.Object) || replicasOf(&o.Object) == 0 {
			continue
		}
		ref := o.SourceRef()
		if !paused(m.x.byRef[ref].obj) {
			m.AddBlocker(api.ReasonUnsupportedWorkload, ref,
				"a kustomization sets spec.paused of %s, so no Pod of it would start at the target: "+
					"expected a Deployment that is not paused; take that out of the kustomization", ref)
			continue
		}
		m.AddBlocker(api.ReasonUnsupportedWorkload, ref,
			"the rollout of %s is paused, so no Pod of it would start at the target: expected a Deployment that is not paused; "+
				"kubectl -n %s rollout resume deployment %s",
			ref, m.in.SourceNamespace, ref.Name)
	}
}

func paused(o *unstructured.Unstructured) bool {
	p, _, _ := unstructured.NestedBool(o.Object, "spec", "paused")
	return p
}
