package application

import (
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// checkClaims refuses claims whose data cannot be copied, or would be lost.
func checkClaims(v *view) (out Findings) {
	for _, vol := range v.plan.Volumes {
		ref := refTo(kindClaim, vol.Name)
		n := v.x.byRef[ref]
		if n.obj.GetDeletionTimestamp() != nil {
			out.AddBlocker(api.ReasonUnsupportedVolume, ref,
				"%s is being deleted, and goes with its data as soon as its Pods stop: expected a claim that stays; "+
					"save its data, or take what uses it out of the selection", ref)
			continue
		}
		if vol.Policy == api.ClaimCopy {
			out = append(out, checkCopied(v, n)...)
		}
	}
	return out
}

func checkCopied(v *view, n *node) (out Findings) {
	claim := read[corev1.PersistentVolumeClaim](n)
	if mode := claim.Spec.VolumeMode; mode != nil && *mode == corev1.PersistentVolumeBlock {
		out.AddBlocker(api.ReasonUnsupportedVolume, n.ref,
			"%s is a block device: expected volumeMode Filesystem; copy it by other means and set its policy in data.claims to Skip", n.ref)
	}
	if claim.Status.Phase == corev1.ClaimLost {
		out.AddBlocker(api.ReasonUnsupportedVolume, n.ref,
			"%s has lost its PersistentVolume %s: expected a bound claim; "+
				"restore the volume, or set the claim's policy in data.claims to CreateEmpty if its data is not needed",
			n.ref, claim.Spec.VolumeName)
	}
	if slices.Contains(claim.Spec.AccessModes, corev1.ReadWriteOncePod) {
		out.AddBlocker(api.ReasonUnsupportedVolume, n.ref,
			"%s has the access mode ReadWriteOncePod, so no worker can mount it while the application runs: "+
				"expected ReadWriteOnce or ReadWriteMany; copy it by other means and set its policy in data.claims to Skip", n.ref)
	}
	want := v.claimData(n.ref.Name).Target
	if len(want.AccessModes) == 0 && len(claim.Spec.AccessModes) == 1 && claim.Spec.AccessModes[0] == corev1.ReadOnlyMany {
		out.AddWarning(n.ref, "%s is read-only (ReadOnlyMany): if the target's driver enforces that, its data cannot be written there", n.ref)
	}
	if claim.Spec.Selector != nil && (want.StorageClassName == nil || *want.StorageClassName == "") {
		out.AddWarning(n.ref, "%s selects its PersistentVolume by labels: the target needs one that matches", n.ref)
	}
	return out
}

// checkSharedClaims refuses claims that something outside of the application uses: it would
// go on writing at the source.
func checkSharedClaims(v *view) (out Findings) {
	for _, n := range v.x.nodes {
		if n.unread != nil && !n.own && !v.blocked[n.ref] {
			out.AddBlocker(api.ReasonUnsupportedWorkload, n.ref,
				"%s cannot be read (%v), so KubeMove cannot tell which claims it mounts: correct or remove it", n.ref, n.unread)
		}
		if n.template == nil || n.own || isFinished(n) || v.blocked[n.ref] {
			continue
		}
		root, _ := v.x.root(n)
		if v.moves(root) || v.blocked[root.ref] || root != n && !v.runs(n) {
			continue
		}
		var shared []string
		for _, mt := range n.mounts {
			reported := root != n && mountsClaim(root, mt.claim)
			if v.isIncluded(kindClaim, mt.claim) && !reported && !slices.Contains(shared, mt.claim) {
				shared = append(shared, mt.claim)
			}
		}
		for _, claim := range shared {
			out = append(out, checkShared(n.ref, claim, v.runs(n))...)
		}
	}
	return out
}

func checkShared(user Ref, claim string, runs bool) (out Findings) {
	if !runs {
		out.AddWarning(user, "%s mounts the claim %s and does not move: it is stopped now; do not start it at the source again", user, claim)
		return out
	}
	fix := "select " + user.String() + " too"
	if !isWorkload(user.kind()) {
		fix = "end " + user.String() + " first"
	}
	out.AddBlocker(api.ReasonClaimShared, refTo(kindClaim, claim),
		"the claim %s of the application is mounted by %s too, which is not a member and would go on writing at the source: "+
			"expected members only; %s", claim, user, fix)
	return out
}

// markAutoscaled marks the workloads whose replicas an autoscaler sets.
func (m *maker) markAutoscaled() {
	for _, n := range m.x.ofKind(kindHPA) {
		target := scaleTarget(n)
		for i := range m.plan.Workloads {
			if m.plan.Workloads[i].Ref == target {
				m.plan.Workloads[i].Autoscaled = true
			}
		}
	}
}

// checkAutoscalers refuses autoscalers that would start a stopped workload again.
func checkAutoscalers(v *view) (out Findings) {
	for _, n := range v.x.ofKind(kindHPA) {
		target := scaleTarget(n)
		if !slices.ContainsFunc(v.plan.Workloads, func(w Workload) bool { return w.Ref == target }) {
			if v.moves(n) && !v.remains(n.ref) {
				out.AddWarning(n.ref, "%s moves, and %s that it scales does not", n.ref, target)
			}
			continue
		}
		if owner := foreignOwner(n.obj); owner != nil {
			out.AddBlocker(api.ReasonUnsupportedWorkload, n.ref,
				"%s is scaled by %s, which may start it again when KubeMove stops it: expected nothing else to scale it; "+
					"pause or remove %s for the time of the move", target, owner, owner)
		}
		lowest := read[autoscalingv2.HorizontalPodAutoscaler](n).Spec.MinReplicas
		if lowest != nil && *lowest == 0 {
			out.AddBlocker(api.ReasonUnsupportedWorkload, n.ref,
				"%s has minReplicas 0, so it would start %s again when KubeMove stops it: expected 1 or more; set spec.minReplicas to 1", n.ref, target)
		}
	}
	return out
}

// checkTemplates points at data and settings of Pods that do not move.
func checkTemplates(v *view) (out Findings) {
	for _, n := range v.includedNodes() {
		if n.template == nil || v.remains(n.ref) {
			continue
		}
		spec := &n.template.Spec
		out = append(out, checkEphemeral(n)...)
		if spec.NodeName != "" {
			out.AddWarning(n.ref, "%s is bound to the node %s by nodeName: at the target the scheduler chooses", n.ref, spec.NodeName)
		}
		if host := spec.NodeSelector[corev1.LabelHostname]; host != "" {
			out.AddWarning(n.ref, "%s selects the node %s by its hostname: the target needs a node of that name", n.ref, host)
		}
	}
	return out
}
