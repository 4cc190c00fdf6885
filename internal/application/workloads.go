package application

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

// addWorkloads lists the members that run Pods in the order in which they are stopped: the
// mirror of the order in which the target starts them.
func (m *maker) addWorkloads() {
	for _, n := range m.stopped() {
		m.refuseHeld(n)
		w := Workload{Ref: n.ref, MadeBy: m.madeBy(n)}
		v := m.values(n)
		if v.Suspend != nil {
			w.Suspended = *v.Suspend
		}
		if v.Replicas != nil {
			w.Replicas = *v.Replicas
		}
		m.plan.Workloads = append(m.plan.Workloads, w)
	}
	slices.SortFunc(m.plan.Workloads, func(a, b Workload) int {
		// What controllers make stops after the controllers, which would start it again.
		if (a.MadeBy == nil) != (b.MadeBy == nil) {
			if a.MadeBy == nil {
				return -1
			}
			return 1
		}
		if a.kind() != b.kind() {
			return compareRefs(b.Ref, a.Ref)
		}
		return compareRefs(a.Ref, b.Ref)
	})
}

// stopped are the workloads that a switch stops: those that move, and those that custom
// resources make that move.
func (v *view) stopped() []*node {
	var out []*node
	for _, n := range v.includedNodes() {
		switch {
		case isWorkload(n.ref.kind()):
			out = append(out, n)
		case isCustom(n.ref.kind()):
			out = append(out, v.ownedWorkloads(n)...)
		}
	}
	return out
}

// madeBy is the custom resource that makes a workload; nil: it moves itself.
func (v *view) madeBy(n *node) *Ref {
	if v.moves(n) {
		return nil
	}
	return &v.customOwner(n).ref
}

// refuseHeld refuses workloads that another switch has stopped or started, and remembers the
// ledgers of those that this one has.
func (m *maker) refuseHeld(n *node) {
	ledger, err := lineage.LedgerOf(n.obj)
	if err != nil {
		m.AddBlocker(api.ReasonSourceHeld, n.ref,
			"%s: %v: expected what a switch wrote there; put the workload's replicas back by hand, then remove the annotation", n.ref, err)
		return
	}
	m.ledgers[n.ref] = ledger
	holder := m.in.Us.Holder(n.obj)
	if holder == "" {
		return
	}
	m.AddBlocker(api.ReasonSourceHeld, n.ref,
		"%s is held by another switch, the MoveSwitch with the UID %s: expected a workload that no other switch is moving; "+
			"let that switch finish or roll it back (spec.desired: RolledBack). "+
			"If it has moved the application away, what runs at its target is the newer one: move from there",
		n.ref, holder)
}

// values of a workload while no switch has stopped it.
func (v *view) values(n *node) workload.Values {
	out := workloadOf(n.ref.kind()).Values(n.obj)
	if l := v.ledgers[n.ref]; l != nil {
		out.Replicas, out.Suspend = cmp.Or(l.Replicas, out.Replicas), cmp.Or(l.Suspend, out.Suspend)
	}
	return out
}

// runs says whether an object makes Pods, now or by itself later. Workloads that this switch
// has stopped do.
func (v *view) runs(n *node) bool {
	switch kind := n.ref.kind(); {
	case isWorkload(kind):
		return v.values(n).AskForPods()
	case kind == kindJob:
		suspended, _, _ := unstructured.NestedBool(n.obj.Object, "spec", "suspend")
		return !suspended && !isFinished(n)
	}
	return !isFinished(n)
}

// addObjects cleans and transforms what moves.
func (m *maker) addObjects() {
	skipped := map[string]bool{}
	for _, v := range m.plan.Volumes {
		skipped[v.Name] = v.Policy == api.ClaimSkip
	}
	for _, n := range m.includedNodes() {
		switch {
		case m.dataOnly() && n.ref.kind() != kindClaim:
			m.leave(n.ref, byContents)
		case n.ref == refTo(kindServiceAccount, defaultAccount):
			m.requireAccount(n)
		case n.ref.kind() == kindClaim && skipped[n.ref.Name]:
			m.plan.Requires = append(m.plan.Requires, Required{Ref: m.targetRef(n.ref), Why: "data.claims has the policy Skip for it"})
		default:
			m.plan.Objects = append(m.plan.Objects, Object{
				Ref: m.targetRef(n.ref), Source: m.sourceName(n.ref), Why: m.included[n.ref], Runs: len(m.ownedWorkloads(n)) > 0,
				Origin: originOf(n.obj), Object: *m.transformed(n),
			})
		}
	}
}

// placeObjects puts the objects, as they will be, in the order of creation.
func (m *maker) placeObjects() {
	for i := range m.plan.Objects {
		m.plan.Objects[i].Phase = m.phaseOf(&m.plan.Objects[i])
	}
	slices.SortFunc(m.plan.Objects, compareObjects)
}

// requireAccount: the target has a default account, which is not overwritten; what the
// source's says has to stand there too.
func (m *maker) requireAccount(n *node) {
	account := m.transformed(n)
	want := map[string]any{"apiVersion": "v1", "kind": "ServiceAccount"}
	meta := map[string]any{"name": defaultAccount, "namespace": m.in.TargetNamespace}
	if a := account.GetAnnotations(); len(a) > 0 {
		meta["annotations"], _, _ = unstructured.NestedFieldCopy(account.Object, "metadata", "annotations")
	}
	want["metadata"] = meta
	asks := meta["annotations"] != nil
	for _, field := range []string{"imagePullSecrets", "automountServiceAccountToken"} {
		if value, ok := account.Object[field]; ok {
			want[field] = value
			asks = true
		}
	}
	if asks {
		m.plan.Requires = append(m.plan.Requires, Required{
			Ref: n.ref, Why: m.included[n.ref], Object: &unstructured.Unstructured{Object: want},
		})
	}
}

var phases = []Phase{PhaseVolume, PhaseStart, PhaseOpen}
