package cutover

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

// startForm is an object as it is created before the commit: with the switch's name on it, and
// without an external endpoint. A Service that has an external endpoint is created as a ClusterIP Service, since the
// application itself may need it; a CronJob is created suspended. Nil: nothing is created yet.
func startForm(o application.Object, us lineage.Actor) (*unstructured.Unstructured, error) {
	if o.Phase == application.PhaseOpen && !isService(o.Ref) {
		return nil, nil
	}
	u := o.Object.DeepCopy()
	us.Sign(u, o.Phase == application.PhaseVolume)
	o.AddLastApplied(u)
	switch k := o.Ref.Workload(); {
	case k != nil:
		return u, k.Start(u)
	case o.Phase == application.PhaseOpen:
		return u, closeService(u)
	}
	return u, nil
}

// openForm is the final form of an object that startForm held back; nil when there is nothing
// to change.
func openForm(o application.Object, us lineage.Actor) *unstructured.Unstructured {
	if !isHeldBack(&o) {
		return nil
	}
	u := o.Object.DeepCopy()
	us.Sign(u, o.Phase == application.PhaseVolume)
	o.AddLastApplied(u)
	return u
}

// isHeldBack: startForm holds the object, or a part of it, back.
func isHeldBack(o *application.Object) bool {
	return o.Phase == application.PhaseOpen || isScheduled(o.Ref)
}

// closeService takes from a Service what only one with an external endpoint may have.
func closeService(u *unstructured.Unstructured) error {
	for _, f := range []string{"externalTrafficPolicy", "loadBalancerIP", "loadBalancerClass", "loadBalancerSourceRanges",
		"allocateLoadBalancerNodePorts", "healthCheckNodePort", "externalIPs"} {
		unstructured.RemoveNestedField(u.Object, "spec", f)
	}
	ports, _, err := unstructured.NestedSlice(u.Object, "spec", "ports")
	if err != nil {
		return fmt.Errorf("cannot read the ports of Service/%s: %w", u.GetName(), err)
	}
	for _, p := range ports {
		if m, ok := p.(map[string]any); ok {
			delete(m, "nodePort")
		}
	}
	if err := unstructured.SetNestedSlice(u.Object, ports, "spec", "ports"); err != nil {
		return err
	}
	return unstructured.SetNestedField(u.Object, "ClusterIP", "spec", "type")
}

// readTarget turns an object of the plan and what was read in its place into what decisions
// are made of.
func readTarget(want application.Object, got *unstructured.Unstructured, us lineage.Actor) Object {
	out := Object{Ref: want.Ref, Phase: want.Phase, Workload: isWorkload(want.Ref) || want.Runs, Runs: want.Runs,
		Cluster: want.Cluster, Kept: want.Kept, Changes: want.Former != nil}
	if out.Workload {
		out.Selector = selector(&want.Object)
	}
	if got == nil {
		// Before the commit a missing object is created; after it only external endpoints are still
		// opened: what was deleted from a running application is not our business.
		out.Open = want.Phase != application.PhaseOpen
		return out
	}
	out.Exists, out.UID = true, got.GetUID()
	out.Mine = us.Owns(got, want.Phase == application.PhaseVolume)
	// Also where the plan, and with it what it says of the object, is lost.
	out.Kept, out.Took, out.Reapplied = want.Kept || us.Left(out.UID), us.Took(got), us.Reapplied(got)
	out.Open = isOpen(want, got)
	out.Zero = isScheduled(want.Ref) || out.Workload && !out.Runs && stopped(&want.Object)
	if out.Workload {
		// Of a custom resource its workloads are stopped.
		out.Stopped, out.Settled = out.Runs || stopped(got), out.Runs || workload.Settled(got)
		out.Ready, out.Message = workload.Ready(got)
	}
	return out
}

// identify says by the recorded UIDs whose an object is: one that was replaced is another client's,
// whatever its annotations say, and one that has lost these is still ours.
func (b *Object) identify(uids map[string]types.UID) {
	uid, recorded := uids[b.Ref.String()]
	b.Recorded = recorded
	if b.Exists {
		b.Mine = lineage.Identified(b.Mine, b.UID, uid)
	}
}

// isOpen: an external endpoint has its final form.
func isOpen(want application.Object, got *unstructured.Unstructured) bool {
	switch {
	case isScheduled(want.Ref):
		return stopped(&want.Object) == stopped(got)
	case want.Phase == application.PhaseOpen && isService(want.Ref):
		w, _, _ := unstructured.NestedString(want.Object.Object, "spec", "type")
		g, _, _ := unstructured.NestedString(got.Object, "spec", "type")
		return w == g && slices.Equal(externalIPs(&want.Object), externalIPs(got))
	}
	return true
}

// externalIPs of a Service: an external endpoint that a Service of any type may have.
func externalIPs(u *unstructured.Unstructured) []string {
	ips, _, _ := unstructured.NestedStringSlice(u.Object, "spec", "externalIPs")
	return ips
}
