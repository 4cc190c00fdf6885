package application

import (
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
)

// checkReady warns of workloads that are not ready at the source, as a switch asks it of those at the
// target. It is no blocker: a cluster that is short of room is a reason to move away from it.
func checkReady(v *view) (out Findings) {
	if v.dataOnly() {
		return nil
	}
	for _, w := range v.plan.Workloads {
		n := v.x.byRef[w.Ref]
		if w.TargetReplicas != nil && *w.TargetReplicas == 0 {
			continue
		}
		if why := whyNotReady(n); why != "" {
			out.AddWarning(w.Ref, "%s is not ready at the source (%s): if it is not at the target either, "+
				"the switch waits until healthTimeout and rolls back; fix it before, unless it can only be ready at the target", w.Ref, why)
		}
	}
	return out
}

// whyNotReady says why a workload that is to run is not ready; empty: it is, or it cannot be told. One
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
func checkPaused(v *view) (out Findings) {
	for i := range v.plan.Objects {
		o := &v.plan.Objects[i]
		if o.kind() != kindDeployment || !paused(&o.Object) || replicasOf(&o.Object) == 0 {
			continue
		}
		ref := o.SourceRef()
		if !paused(v.x.byRef[ref].obj) {
			out.AddBlocker(api.ReasonUnsupportedWorkload, ref,
				"a kustomization sets spec.paused of %s, so no Pod of it would start at the target: "+
					"expected a Deployment that is not paused; take that out of the kustomization", ref)
			continue
		}
		out.AddBlocker(api.ReasonUnsupportedWorkload, ref,
			"the rollout of %s is paused, so no Pod of it would start at the target: expected a Deployment that is not paused; "+
				"kubectl -n %s rollout resume deployment %s",
			ref, v.in.SourceNamespace, ref.Name)
	}
	return out
}

func paused(o *unstructured.Unstructured) bool {
	p, _, _ := unstructured.NestedBool(o.Object, "spec", "paused")
	return p
}
