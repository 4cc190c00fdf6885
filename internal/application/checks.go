package application

import (
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// checkClaims refuses claims whose data cannot be copied, or would be lost.
func (m *maker) checkClaims() {
	for _, v := range m.plan.Volumes {
		ref := refTo(kindClaim, v.Name)
		n := m.x.byRef[ref]
		if n.obj.GetDeletionTimestamp() != nil {
			m.AddBlocker(api.ReasonUnsupportedVolume, ref,
				"%s is being deleted, and goes with its data as soon as its Pods stop: expected a claim that stays; "+
					"save its data, or take what uses it out of the selection", ref)
			continue
		}
		if v.Policy == api.ClaimCopy {
			m.checkCopied(n)
		}
	}
}

func (m *maker) checkCopied(n *node) {
	claim := read[corev1.PersistentVolumeClaim](n)
	if mode := claim.Spec.VolumeMode; mode != nil && *mode == corev1.PersistentVolumeBlock {
		m.AddBlocker(api.ReasonUnsupportedVolume, n.ref,
			"%s is a block device: expected volumeMode Filesystem; copy it by other means and set its policy in data.claims to Skip", n.ref)
	}
	if claim.Status.Phase == corev1.ClaimLost {
		m.AddBlocker(api.ReasonUnsupportedVolume, n.ref,
			"%s has lost its PersistentVolume %s: expected a bound claim; "+
				"restore the volume, or set the claim's policy in data.claims to CreateEmpty if its data is not needed",
			n.ref, claim.Spec.VolumeName)
	}
	if slices.Contains(claim.Spec.AccessModes, corev1.ReadWriteOncePod) {
		m.AddBlocker(api.ReasonUnsupportedVolume, n.ref,
			"%s has the access mode ReadWriteOncePod, so no worker can mount it while the application runs: "+
				"expected ReadWriteOnce or ReadWriteMany; copy it by other means and set its policy in data.claims to Skip", n.ref)
	}
	want := m.claimData(n.ref.Name).Target
	if len(want.AccessModes) == 0 && len(claim.Spec.AccessModes) == 1 && claim.Spec.AccessModes[0] == corev1.ReadOnlyMany {
		m.AddWarning(n.ref, "%s is read-only (ReadOnlyMany): if the target's driver enforces that, its data cannot be written there", n.ref)
	}
	if claim.Spec.Selector != nil && (want.StorageClassName == nil || *want.StorageClassName == "") {
		m.AddWarning(n.ref, "%s selects its PersistentVolume by labels: the target needs one that matches", n.ref)
	}
}

// checkSharedClaims refuses claims that something outside of the application uses: it would
// go on writing at the source.
func (m *maker) checkSharedClaims() {
	for _, n := range m.x.nodes {
		if n.unread != nil && !n.own && !m.blocked[n.ref] {
			m.AddBlocker(api.ReasonUnsupportedWorkload, n.ref,
				"%s cannot be read (%v), so KubeMove cannot tell which claims it mounts: correct or remove it", n.ref, n.unread)
		}
		if n.template == nil || n.own || isFinished(n) || m.blocked[n.ref] {
			continue
		}
		root, _ := m.x.root(n)
		if m.moves(root) || m.blocked[root.ref] || root != n && !m.runs(n) {
			continue
		}
		var shared []string
		for _, mt := range n.mounts {
			reported := root != n && mountsClaim(root, mt.claim)
			if m.isTaken(kindClaim, mt.claim) && !reported && !slices.Contains(shared, mt.claim) {
				shared = append(shared, mt.claim)
			}
		}
		for _, claim := range shared {
			m.reportShared(n.ref, claim, m.runs(n))
		}
	}
}

func (m *maker) moves(n *node) bool {
	_, ok := m.taken[n.ref]
	return ok
}

func (m *maker) reportShared(user Ref, claim string, runs bool) {
	if !runs {
		m.AddWarning(user, "%s mounts the claim %s and does not move: it is stopped now; do not start it at the source again", user, claim)
		return
	}
	fix := "select " + user.String() + " too"
	if !isWorkload(user.kind()) {
		fix = "end " + user.String() + " first"
	}
	m.AddBlocker(api.ReasonClaimShared, refTo(kindClaim, claim),
		"the claim %s of the application is mounted by %s too, which is not a member and would go on writing at the source: "+
			"expected members only; %s", claim, user, fix)
}

// checkAutoscalers marks the workloads whose replicas an autoscaler sets, and refuses
// autoscalers that would start a stopped workload again.
func (m *maker) checkAutoscalers() {
	for _, n := range m.x.ofKind(kindHPA) {
		target := scaleTarget(n)
		i := slices.IndexFunc(m.plan.Workloads, func(w Workload) bool { return w.Ref == target })
		if i < 0 {
			if m.moves(n) && !m.remains(n.ref) {
				m.AddWarning(n.ref, "%s moves, and %s that it scales does not", n.ref, target)
			}
			continue
		}
		m.plan.Workloads[i].Autoscaled = true
		if owner := foreignOwner(n.obj); owner != nil {
			m.AddBlocker(api.ReasonUnsupportedWorkload, n.ref,
				"%s is scaled by %s, which may start it again when KubeMove stops it: expected nothing else to scale it; "+
					"pause or remove %s for the time of the move", target, owner, owner)
		}
		lowest := read[autoscalingv2.HorizontalPodAutoscaler](n).Spec.MinReplicas
		if lowest != nil && *lowest == 0 {
			m.AddBlocker(api.ReasonUnsupportedWorkload, n.ref,
				"%s has minReplicas 0, so it would start %s again when KubeMove stops it: expected 1 or more; set spec.minReplicas to 1", n.ref, target)
		}
	}
}

// checkTemplates points at data and settings of Pods that do not move.
func (m *maker) checkTemplates() {
	for _, n := range m.takenNodes() {
		if n.template == nil || m.remains(n.ref) {
			continue
		}
		spec := &n.template.Spec
		m.checkEphemeral(n)
		if spec.NodeName != "" {
			m.AddWarning(n.ref, "%s is bound to the node %s by nodeName: at the target the scheduler chooses", n.ref, spec.NodeName)
		}
		if host := spec.NodeSelector[corev1.LabelHostname]; host != "" {
			m.AddWarning(n.ref, "%s selects the node %s by its hostname: the target needs a node of that name", n.ref, host)
		}
	}
}
