package application

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application/kustomize"
)

// kustomize changes the objects as the user has asked for, layer by layer: the names that one
// gives are those that the next one finds.
func (m *maker) kustomize() {
	if len(m.in.Kustomizations) == 0 {
		return
	}
	// A fixed order, of which the messages are made.
	slices.SortFunc(m.plan.Objects, func(a, b Object) int { return compareRefs(a.Ref, b.Ref) })
	sources := make([]Ref, len(m.plan.Objects))
	replicas := map[Ref]int64{}
	for i := range m.plan.Objects {
		sources[i] = m.plan.Objects[i].SourceRef()
		replicas[sources[i]] = replicasOf(&m.plan.Objects[i].Object)
	}
	set := map[Ref]bool{}
	for n := range m.in.Kustomizations {
		k := &m.in.Kustomizations[n]
		for i, o := range m.plan.Objects {
			named := slices.ContainsFunc(k.Replicas, func(r api.KustomizeReplicas) bool { return r.Name == o.Name })
			set[sources[i]] = set[sources[i]] || named
		}
		m.applyLayer(layerName(n, len(m.in.Kustomizations)), k)
	}
	for i := range m.plan.Objects {
		o := &m.plan.Objects[i]
		if o.Source = ""; o.Name != sources[i].Name {
			o.Source = sources[i].Name
		}
	}
	m.noteReplicas(replicas, set)
}

// layerName is how messages call a kustomization.
func layerName(n, of int) string {
	if of == 1 {
		return "kustomization"
	}
	return fmt.Sprintf("kustomizations[%d]", n)
}

func (m *maker) applyLayer(name string, k *api.Kustomization) {
	before := make([]unstructured.Unstructured, len(m.plan.Objects))
	for i := range m.plan.Objects {
		before[i] = m.plan.Objects[i].Object
	}
	after, problems := kustomize.Apply(name, k, before)
	for _, p := range problems {
		var ref Ref
		if p.Object >= 0 {
			ref = m.plan.Objects[p.Object].Ref
		}
		m.AddBlocker(p.Reason, ref, "%s", p.Message)
	}
	if k.NamePrefix != "" {
		m.finishPrefix(before, after)
	}
	for i := range after {
		m.plan.Objects[i].Object, m.plan.Objects[i].Ref = after[i], RefOf(&after[i])
	}
}

// replicasOf a workload; absent means 1.
func replicasOf(o *unstructured.Unstructured) int64 {
	if n, found, err := unstructured.NestedInt64(o.Object, "spec", "replicas"); found && err == nil {
		return n
	}
	return 1
}

// noteReplicas says in the list of workloads which of them get another number at the target. It
// is part of what is approved, other than the number that an autoscaler has just set.
func (m *maker) noteReplicas(before map[Ref]int64, set map[Ref]bool) {
	for i := range m.plan.Workloads {
		w := &m.plan.Workloads[i]
		o := m.plan.ofSource(w.Ref)
		if o == nil || isScheduled(w.kind()) {
			continue
		}
		if n := replicasOf(&o.Object); set[w.Ref] || n != before[w.Ref] {
			w.TargetReplicas = new(int32(n))
		}
	}
}

// kustomized are the objects in the order in which the kustomizations got them; none, where there is no
// kustomization.
func (v *view) kustomized() []*Object {
	if len(v.in.Kustomizations) == 0 {
		return nil
	}
	out := make([]*Object, len(v.plan.Objects))
	for i := range v.plan.Objects {
		out[i] = &v.plan.Objects[i]
	}
	slices.SortFunc(out, func(a, b *Object) int {
		return cmp.Or(compareRefs(v.targetRef(a.SourceRef()), v.targetRef(b.SourceRef())), compareRefs(a.SourceRef(), b.SourceRef()))
	})
	return out
}

// checkNames refuses two objects of one name.
func checkNames(v *view) (out Findings) {
	made := map[Ref]Ref{}
	for _, o := range v.kustomized() {
		if other, there := made[o.Ref]; there {
			out.AddBlocker(api.ReasonInvalidKustomization, o.Ref,
				"the kustomization gives %s and %s one name, %s: expected a name for each; choose another namePrefix", other, o.SourceRef(), o.Name)
		}
		made[o.Ref] = o.SourceRef()
	}
	return out
}

// checkKustomized looks whether the data still finds its way: into claims that a worker can
// fill, and to the workloads that had them.
func checkKustomized(v *view) (out Findings) {
	objects := v.kustomized()
	if len(objects) == 0 {
		return nil
	}
	byName := map[string]*unstructured.Unstructured{}
	var claims []*node
	for _, o := range objects {
		if o.kind() == kindClaim {
			byName[o.Name] = &o.Object
			claims = append(claims, &node{ref: o.Ref})
		}
	}
	target := map[Ref]string{}
	for _, vol := range v.plan.Volumes {
		target[refTo(kindClaim, vol.Name)] = vol.Target
		if byName[vol.Target] == nil {
			claims = append(claims, &node{ref: refTo(kindClaim, vol.Target)})
			continue
		}
		if vol.Policy == api.ClaimCopy && isBlock(byName[vol.Target]) && !isBlock(v.x.byRef[refTo(kindClaim, vol.Name)].obj) {
			out.AddBlocker(api.ReasonUnsupportedVolume, refTo(kindClaim, vol.Target),
				"the kustomization makes a block device of the claim %s: expected volumeMode Filesystem, as files are copied into it; "+
					"leave spec.volumeMode out of the patch", vol.Target)
		}
	}
	for _, o := range objects {
		n := v.x.byRef[o.SourceRef()]
		if len(n.mounts) == 0 {
			continue
		}
		now := &node{ref: o.Ref, obj: &o.Object}
		if now.template, now.unread = podTemplate(now.obj, o.kind()); now.unread != nil {
			out.AddBlocker(api.ReasonInvalidKustomization, o.Ref,
				"the kustomization makes something of %s that cannot be read (%v): correct its patches", o.Ref, now.unread)
			continue
		}
		out = append(out, checkMounts(n, now, mounts(now, claims), target)...)
	}
	return out
}

func isBlock(claim *unstructured.Unstructured) bool {
	mode, _, _ := unstructured.NestedString(claim.Object, "spec", "volumeMode")
	return mode == string(corev1.PersistentVolumeBlock)
}

// checkMounts: a workload that does not mount a claim any more starts without its data.
func checkMounts(n, now *node, there []mount, target map[Ref]string) (out Findings) {
	for _, mt := range n.mounts {
		claim, moves := target[refTo(kindClaim, mt.claim)]
		if !moves || slices.ContainsFunc(there, func(t mount) bool { return t.claim == claim }) {
			continue
		}
		if isTemplated(n, mt.claim) {
			out.AddBlocker(api.ReasonInvalidKustomization, now.ref,
				"with the kustomization %s would make new, empty claims in the place of %s: "+
					"expected its volumeClaimTemplates with their names; leave them out of the patch", now.ref, claim)
			continue
		}
		out.AddWarning(now.ref, "with the kustomization %s does not mount the claim %s any more: the data of %s is not used by it at the target",
			now.ref, claim, mt.claim)
	}
	return out
}
