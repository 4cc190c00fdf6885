package application

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// addVolumes plans the data of each claim.
func (m *maker) addVolumes() {
	users := m.users()
	for _, n := range m.includedNodes() {
		if n.ref.kind() != kindClaim {
			continue
		}
		mounting := users[n.ref.Name]
		v := Volume{Name: n.ref.Name, Target: m.targetName(n.ref.Name), Policy: m.policy(n), Candidates: candidates(mounting, n.ref.Name),
			Askable: askable(mounting, n.ref.Name)}
		if len(mounting) > 0 {
			v.Identity = identityOf(mounting[0])
		}
		if len(v.Candidates) > 0 {
			v.Identity = v.Choices()[0]
		}
		if v.Policy == api.ClaimCopy {
			v.Mobilizer = m.mobilizer(v.Name)
		}
		v.CapacityBytes = sizeOf(n.obj)
		m.plan.Volumes = append(m.plan.Volumes, v)
	}
}

func (v *view) claimData(claim string) api.ClaimData {
	for _, c := range v.in.Data.Claims {
		if c.Name == claim {
			return c
		}
	}
	return api.ClaimData{Name: claim}
}

func (m *maker) policy(n *node) api.ClaimPolicy {
	if p := m.claimData(n.ref.Name).Policy; p != "" && p != api.ClaimCopy {
		return p
	}
	if m.objectsOnly() {
		return api.ClaimCreateEmpty
	}
	phase, _, _ := unstructured.NestedString(n.obj.Object, "status", "phase")
	if phase != string(corev1.ClaimPending) {
		return api.ClaimCopy
	}
	// A Pod that waits for the claim can have it bound, and write, at any moment.
	if m.isWaitedFor(n.ref.Name) {
		m.AddWarning(n.ref, "%s is not bound, though Pods wait for it: the copy starts when it is", n.ref)
		return api.ClaimCopy
	}
	m.AddWarning(n.ref, "%s has no volume and no Pod uses it: it is created empty at the target", n.ref)
	return api.ClaimCreateEmpty
}

func (v *view) isWaitedFor(claim string) bool {
	return slices.ContainsFunc(v.x.nodes, func(n *node) bool {
		return !n.own && v.runs(n) && mountsClaim(n, claim)
	})
}

func mountsClaim(n *node, claim string) bool {
	return slices.ContainsFunc(n.mounts, func(mt mount) bool { return mt.claim == claim })
}

// mobilizer of a claim; the default one when the claim names none.
func (v *view) mobilizer(claim string) string {
	if name := v.claimData(claim).Mobilizer; name != "" {
		return name
	}
	if len(v.in.Data.Mobilizers) > 0 {
		return v.in.Data.Mobilizers[0].Name
	}
	if len(v.in.Mobilizers) > 0 {
		return v.in.Mobilizers[0]
	}
	return ""
}

// checkData refuses mobilizers that are not at hand, and points at overrides of nothing.
func checkData(v *view) (out Findings) {
	for _, vol := range v.plan.Volumes {
		if vol.Policy == api.ClaimCopy && !slices.Contains(v.in.Mobilizers, vol.Mobilizer) {
			out.AddBlocker(api.ReasonUnknownMobilizer, refTo(kindClaim, vol.Name),
				"the claim %s is to be copied by the mobilizer %q, which is not in use: expected one of [%s]; "+
					"correct data.claims or add it to data.mobilizers",
				vol.Name, vol.Mobilizer, strings.Join(v.in.Mobilizers, ", "))
		}
	}
	for _, c := range v.in.Data.Claims {
		if !v.isIncluded(kindClaim, c.Name) && !v.excludedByUser[refTo(kindClaim, c.Name)] {
			out.AddWarning(refTo(kindClaim, c.Name),
				"data.claims names %s, which is not a claim of the application: correct the name, or remove the entry", c.Name)
		}
	}
	return out
}

// user is one container that mounts a claim.
type user struct {
	workload  *node
	container *corev1.Container
}

// askable is the first workload of which a container mounts the claim for as long as it runs, in a Pod
// that is there or about to be: not one of a workload at zero, which this switch may have stopped.
func askable(users []user, claim string) *Ref {
	for _, u := range users {
		mounted := slices.ContainsFunc(u.workload.mounts,
			func(mt mount) bool { return mt.claim == claim && mountsVolume(u.container, mt.volume) })
		if mounted && runsAlong(u) && hasPodFor(u.workload, claim) {
			return &u.workload.ref
		}
	}
	return nil
}

// runsAlong: containers that only begin a Pod have ended when they could be asked.
func runsAlong(u user) bool {
	return slices.ContainsFunc(u.workload.template.Spec.Containers, func(c corev1.Container) bool { return c.Name == u.container.Name })
}

// hasPodFor says whether a workload, as it is, has a Pod that mounts the claim, or gets one.
func hasPodFor(n *node, claim string) bool {
	if !isWorkload(n.ref.kind()) || isScheduled(n.ref.kind()) {
		return false
	}
	count := replicasOf(n.obj)
	for _, t := range claimTemplates(n.obj) {
		name, _, _ := unstructured.NestedString(t, "metadata", "name")
		if prefix := name + "-" + n.ref.Name; isOrdinalOf(claim, prefix) {
			first, _, _ := unstructured.NestedInt64(n.obj.Object, "spec", "ordinals", "start")
			number, err := strconv.ParseInt(claim[len(prefix)+1:], 10, 64)
			return err == nil && first <= number && number < first+count
		}
	}
	return count > 0
}

// users of the claims among the workloads that stop, by the claim, in a fixed order.
func (v *view) users() map[string][]user {
	out := map[string][]user{}
	for _, n := range v.stopped() {
		for _, mt := range n.mounts {
			for _, c := range containers(&n.template.Spec) {
				if usesVolume(c, mt.volume) {
					out[mt.claim] = append(out[mt.claim], user{workload: n, container: c})
				}
			}
		}
	}
	return out
}

func usesVolume(c *corev1.Container, volume string) bool {
	return mountsVolume(c, volume) ||
		slices.ContainsFunc(c.VolumeDevices, func(v corev1.VolumeDevice) bool { return v.Name == volume })
}

func mountsVolume(c *corev1.Container, volume string) bool {
	return slices.ContainsFunc(c.VolumeMounts, func(v corev1.VolumeMount) bool { return v.Name == volume })
}
