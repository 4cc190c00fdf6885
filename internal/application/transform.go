package application

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

// transformed is the object as the target will have it.
func (m *maker) transformed(n *node) *unstructured.Unstructured {
	out := clean(n.obj)
	out.SetNamespace(m.in.TargetNamespace)
	switch kind := n.ref.kind(); {
	case isWorkload(kind):
		restore(out, m.ledgers[n.ref])
		m.mapClaimTemplates(n, out)
		m.mapEphemeralClaims(n, out)
		m.renameMounts(out)
	case kind == kindClaim:
		m.retarget(n, out)
	case kind == kindRoleBinding:
		m.dropForeign(out)
		m.mapSubjects(out)
	case isCustom(kind):
		m.renameClaims(out.Object["spec"])
	}
	if m.in.SourceNamespace != m.in.TargetNamespace {
		m.rename(n, out)
	}
	return out
}

// restore puts a stopped workload back to how it was before it was stopped.
func restore(o *unstructured.Unstructured, l *lineage.Ledger) {
	if l != nil {
		_ = workload.OfObject(o).Restore(o, l.Values) // An API server that has served it has taken its spec for one.
	}
}

func (m *maker) mapClaimTemplates(n *node, out *unstructured.Unstructured) {
	before := claimTemplates(n.obj)
	for i, to := range claimTemplates(out) {
		m.mapClass(n, before[i], to)
	}
}

// mapEphemeralClaims: Pods make claims of their ephemeral volumes, too.
func (m *maker) mapEphemeralClaims(n *node, out *unstructured.Unstructured) {
	for _, claim := range ephemeralClaims(out) {
		m.mapClass(n, claim, claim)
	}
}

// ephemeralClaims are the claim templates of the ephemeral volumes of a workload's Pods.
func ephemeralClaims(o *unstructured.Unstructured) []map[string]any {
	var out []map[string]any
	for _, volume := range podVolumes(o) {
		value, _, _ := unstructured.NestedFieldNoCopy(volume, "ephemeral", "volumeClaimTemplate")
		if claim, ok := value.(map[string]any); ok {
			out = append(out, claim)
		}
	}
	return out
}

// podVolumes are the volumes of a workload's Pods, as they lie in the object.
func podVolumes(o *unstructured.Unstructured) []map[string]any {
	return mapsIn(o.Object, append(templatePath(RefOf(o).kind()), "spec", "volumes")...)
}

// claimTemplates of a StatefulSet, as they lie in the object.
func claimTemplates(o *unstructured.Unstructured) []map[string]any {
	return mapsIn(o.Object, "spec", "volumeClaimTemplates")
}

// mapsIn lists the items of a list that are maps, as they lie in the content.
func mapsIn(content map[string]any, path ...string) []map[string]any {
	var out []map[string]any
	value, _, _ := unstructured.NestedFieldNoCopy(content, path...)
	list, _ := value.([]any)
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// legacyClass is how claims named their class before the field existed.
const legacyClass = "volume.beta.kubernetes.io/storage-class"

// mapClass sets the target's StorageClass of a claim or claim template. One that names none
// keeps none, and gets the default of the target.
func (m *maker) mapClass(n *node, from, to map[string]any) {
	class, found, _ := unstructured.NestedString(from, "spec", "storageClassName")
	if !found {
		class, found, _ = unstructured.NestedString(from, "metadata", "annotations", legacyClass)
	}
	spec, _ := to["spec"].(map[string]any)
	if !found || spec == nil {
		return
	}
	mapped := mapStorageClass(m.in.StorageClasses, class)
	spec["storageClassName"] = mapped
	if mapped == "" {
		m.AddWarning(n.ref,
			"%s asks for a volume without a StorageClass: the target needs a PersistentVolume that fits, or map \"*\" to one of its classes",
			n.ref)
	}
}

func mapStorageClass(mappings []api.StorageClassMapping, class string) string {
	to := class
	for _, mapping := range mappings {
		switch mapping.From {
		case class:
			return mapping.To
		case "*":
			to = mapping.To
		}
	}
	return to
}

// raiseRequest asks for as much as the source claim has: volumes may be larger than what was
// asked for, and their data too.
func (m *maker) raiseRequest(n *node, out *unstructured.Unstructured) {
	has, asked := capacity(n.obj), request(n.obj)
	if has == nil || asked == nil || has.Cmp(*asked) <= 0 {
		return
	}
	m.AddWarning(n.ref, "%s asks for %s and has %s: the target's claim asks for %s, as the data may need it", n.ref, asked, has, has)
	// The path exists: the request has been read from it.
	_ = unstructured.SetNestedField(out.Object, has.String(), "spec", "resources", "requests", "storage")
}

// sizeOf a claim in bytes: what it has, else what it asks for.
func sizeOf(o *unstructured.Unstructured) int64 {
	if q := cmp.Or(capacity(o), request(o)); q != nil {
		return q.Value()
	}
	return 0
}

func capacity(o *unstructured.Unstructured) *resource.Quantity {
	return quantity(o, "status", "capacity", "storage")
}

func request(o *unstructured.Unstructured) *resource.Quantity {
	return quantity(o, "spec", "resources", "requests", "storage")
}

func quantity(o *unstructured.Unstructured, path ...string) *resource.Quantity {
	value, found, err := unstructured.NestedString(o.Object, path...)
	if !found || err != nil {
		return nil
	}
	q, err := resource.ParseQuantity(value)
	if err != nil {
		return nil
	}
	return &q
}

// rename adapts what names the namespace of the source, where that is meant to be the
// application's own.
func (m *maker) rename(n *node, out *unstructured.Unstructured) {
	if a := out.GetAnnotations(); a[helmNamespace] == m.in.SourceNamespace {
		a[helmNamespace] = m.in.TargetNamespace
		out.SetAnnotations(a)
	}
	switch kind := n.ref.kind(); {
	case isCustom(kind):
		m.renameReferences(out.Object["spec"])
	case kind == kindIngress:
		m.renameAnnotatedSecrets(out)
	case kind == kindNetworkPolicy && renameSelectors(out.Object["spec"], m.in.SourceNamespace, m.in.TargetNamespace):
		m.AddWarning(n.ref,
			"%s selects the namespace %s by its name: at the target it selects %s", n.ref, m.in.SourceNamespace, m.in.TargetNamespace)
	}
}

// renameSelectors makes selectors of one namespace, by its name, ones of another.
func renameSelectors(value any, from, to string) (changed bool) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			changed = renameSelectors(item, from, to) || changed
		}
	case map[string]any:
		if v[corev1.LabelMetadataName] == from {
			v[corev1.LabelMetadataName], changed = to, true
		}
		if values, ok := v["values"].([]any); ok && v["key"] == corev1.LabelMetadataName {
			for i := range values {
				if values[i] == from {
					values[i], changed = to, true
				}
			}
		}
		for _, item := range v {
			changed = renameSelectors(item, from, to) || changed
		}
	}
	return changed
}
