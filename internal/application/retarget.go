package application

import (
	"cmp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// targetName is what a claim is called at the target.
func (v *view) targetName(claim string) string {
	return cmp.Or(v.claimData(claim).Target.Name, claim)
}

// targetRef is what an object is called at the target.
func (v *view) targetRef(ref Ref) Ref {
	if ref.kind() == kindClaim {
		ref.Name = v.targetName(ref.Name)
	}
	return ref
}

// sourceName is what an object is called at the source, where that is another name.
func (v *view) sourceName(ref Ref) string {
	if v.targetRef(ref) == ref {
		return ""
	}
	return ref.Name
}

// retarget makes the claim the one that the target is to have: what data.claims says of it goes
// before what is worked out.
func (m *maker) retarget(n *node, out *unstructured.Unstructured) {
	want := m.claimData(n.ref.Name).Target
	out.SetName(m.targetName(n.ref.Name))
	spec, _ := out.Object["spec"].(map[string]any)
	if spec == nil {
		return // No API server has such a claim.
	}
	if class := want.StorageClassName; class == nil {
		m.mapClass(n, n.obj.Object, out.Object)
	} else {
		spec["storageClassName"] = *class
		if *class != "" {
			delete(spec, "selector")
		}
	}
	if want.Size == "" {
		m.raiseRequest(n, out)
	} else {
		m.resize(n, out, want.Size)
	}
	if len(want.AccessModes) > 0 {
		modes := make([]any, 0, len(want.AccessModes))
		for _, mode := range want.AccessModes {
			modes = append(modes, string(mode))
		}
		spec["accessModes"] = modes
	}
}

// resize asks for the size that the user wants. Whether the data fits into it is known when the
// volume has been looked through.
func (m *maker) resize(n *node, out *unstructured.Unstructured, size string) {
	q, err := resource.ParseQuantity(size)
	if err == nil && q.Sign() > 0 {
		err = unstructured.SetNestedField(out.Object, q.String(), "spec", "resources", "requests", "storage")
	}
	if err != nil || q.Sign() <= 0 {
		m.AddBlocker(api.ReasonInvalidSpec, n.ref,
			"data.claims gives %s the size %q at the target: expected a quantity of bytes such as 10Gi; correct it", n.ref, size)
	}
}

// renameMounts lets the Pods of a workload mount their claims by the names at the target.
func (m *maker) renameMounts(out *unstructured.Unstructured) {
	for _, volume := range podVolumes(out) {
		if mount, _ := volume["persistentVolumeClaim"].(map[string]any); mount != nil {
			if name, _ := mount["claimName"].(string); name != "" {
				mount["claimName"] = m.targetName(name)
			}
		}
	}
}

// renameClaims lets a custom resource name claims as they are called at the target.
func (m *maker) renameClaims(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			m.renameClaims(item)
		}
	case map[string]any:
		for key, inner := range value {
			name, _ := inner.(string)
			if name != "" && (kindOfText(key, false) == kindClaim || key == "name" && value["kind"] == kindClaim) {
				value[key] = m.targetName(name)
				continue
			}
			m.renameClaims(inner)
		}
	}
}

// checkTargetNames refuses names at the target that cannot be, whatever a kustomization makes of them.
func checkTargetNames(v *view) (out Findings) {
	first := map[string]string{}
	for _, vol := range v.plan.Volumes {
		ref, target := refTo(kindClaim, vol.Name), v.targetName(vol.Name)
		if other, twice := first[target]; twice {
			out.AddBlocker(api.ReasonInvalidSpec, ref,
				"the claims %s and %s of the source would both be the claim %s at the target: expected a name for each; "+
					"give one of them another target.name in data.claims",
				other, vol.Name, target)
			continue
		}
		first[target] = vol.Name
		if target == vol.Name {
			continue
		}
		if by := v.fixing(vol.Name); by != nil {
			out.AddBlocker(api.ReasonInvalidSpec, ref,
				"data.claims gives %s the name %s at the target, and there %s makes Pods that mount it by its old one: "+
					"expected the name %s; remove target.name (size, class and access modes may differ)",
				ref, target, by.ref, vol.Name)
		}
	}
	return out
}

// fixing is what gives a claim its name at the target by itself, so that nothing else would be
// mounted: a StatefulSet that has made it of a claim template, or a custom resource whose workload
// mounts it, and that does not name it. Nil: nothing does.
func (v *view) fixing(claim string) *node {
	if v.dataOnly() {
		return nil
	}
	for _, n := range v.stopped() {
		switch {
		case isTemplated(n, claim):
			return n
		case !v.moves(n) && mountsClaim(n, claim):
			owner := v.customOwner(n)
			if !slices.ContainsFunc(v.names(owner), func(to naming) bool { return to.to == refTo(kindClaim, claim) }) {
				return owner
			}
		}
	}
	return nil
}

// isTemplated says whether a StatefulSet has made the claim of one of its claim templates.
func isTemplated(n *node, claim string) bool {
	return n.ref.kind() == kindStatefulSet &&
		slices.ContainsFunc(read[appsv1.StatefulSet](n).Spec.VolumeClaimTemplates, func(t corev1.PersistentVolumeClaim) bool {
			return isOrdinalOf(claim, t.Name+"-"+n.ref.Name)
		})
}
