package application

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// edge is a reference from one object to another.
type edge struct {
	to Ref
	// hard: the object does not work without the other one. Soft edges lead to objects that
	// select or serve it.
	hard bool
	// optional: it may be missing.
	optional bool
}

func hard(kind, name string) edge { return edge{to: refTo(kind, name), hard: true} }

func need(kind, name string, optional *bool) edge {
	return edge{to: refTo(kind, name), hard: true, optional: optional != nil && *optional}
}

// templateEdges are the references of a Pod template.
func templateEdges(t *corev1.PodTemplateSpec) []edge {
	var out []edge
	for i := range t.Spec.Volumes {
		out = append(out, volumeEdges(&t.Spec.Volumes[i])...)
	}
	for _, c := range containers(&t.Spec) {
		out = append(out, containerEdges(c)...)
	}
	for _, s := range t.Spec.ImagePullSecrets {
		out = append(out, edge{to: refTo(kindSecret, s.Name), hard: true, optional: true})
	}
	return append(out, hard(kindServiceAccount, accountOf(t)))
}

// accountOf is the name of the account that the Pods run as.
func accountOf(t *corev1.PodTemplateSpec) string {
	return cmp.Or(t.Spec.ServiceAccountName, t.Spec.DeprecatedServiceAccount, defaultAccount)
}

// containers of a Pod, the ordinary ones first.
func containers(spec *corev1.PodSpec) []*corev1.Container {
	var out []*corev1.Container
	for i := range spec.Containers {
		out = append(out, &spec.Containers[i])
	}
	for i := range spec.InitContainers {
		out = append(out, &spec.InitContainers[i])
	}
	return out
}

func containerEdges(c *corev1.Container) []edge {
	var out []edge
	for _, from := range c.EnvFrom {
		if r := from.ConfigMapRef; r != nil {
			out = append(out, need(kindConfigMap, r.Name, r.Optional))
		}
		if r := from.SecretRef; r != nil {
			out = append(out, need(kindSecret, r.Name, r.Optional))
		}
	}
	for _, env := range c.Env {
		if env.ValueFrom == nil {
			continue
		}
		if r := env.ValueFrom.ConfigMapKeyRef; r != nil {
			out = append(out, need(kindConfigMap, r.Name, r.Optional))
		}
		if r := env.ValueFrom.SecretKeyRef; r != nil {
			out = append(out, need(kindSecret, r.Name, r.Optional))
		}
	}
	return out
}

func volumeEdges(v *corev1.Volume) []edge {
	switch {
	case v.PersistentVolumeClaim != nil:
		return []edge{hard(kindClaim, v.PersistentVolumeClaim.ClaimName)}
	case v.ConfigMap != nil:
		return []edge{need(kindConfigMap, v.ConfigMap.Name, v.ConfigMap.Optional)}
	case v.Secret != nil:
		return []edge{need(kindSecret, v.Secret.SecretName, v.Secret.Optional)}
	case v.Projected != nil:
		return projectedEdges(v.Projected.Sources)
	}
	var out []edge
	if v.CSI != nil && v.CSI.VolumeAttributes[secretProviderClass] != "" {
		out = append(out, edge{to: refTo("SecretProviderClass.secrets-store.csi.x-k8s.io", v.CSI.VolumeAttributes[secretProviderClass])})
	}
	if name := volumeSecret(v); name != "" {
		out = append(out, hard(kindSecret, name))
	}
	return out
}

// secretProviderClass is the attribute by which an inline volume of the Secrets Store CSI driver
// names what it mounts (https://secrets-store-csi-driver.sigs.k8s.io/concepts).
const secretProviderClass = "secretProviderClass"

func projectedEdges(sources []corev1.VolumeProjection) []edge {
	var out []edge
	for _, s := range sources {
		if s.ConfigMap != nil {
			out = append(out, need(kindConfigMap, s.ConfigMap.Name, s.ConfigMap.Optional))
		}
		if s.Secret != nil {
			out = append(out, need(kindSecret, s.Secret.Name, s.Secret.Optional))
		}
	}
	return out
}

// volumeSecret is the Secret with the credentials of an inline volume, where it names one.
func volumeSecret(v *corev1.Volume) string {
	local := func(r *corev1.LocalObjectReference) string {
		if r == nil {
			return ""
		}
		return r.Name
	}
	switch {
	case v.CSI != nil:
		return local(v.CSI.NodePublishSecretRef)
	case v.AzureFile != nil:
		return v.AzureFile.SecretName
	case v.CephFS != nil:
		return local(v.CephFS.SecretRef)
	case v.RBD != nil:
		return local(v.RBD.SecretRef)
	case v.ISCSI != nil:
		return local(v.ISCSI.SecretRef)
	case v.FlexVolume != nil:
		return local(v.FlexVolume.SecretRef)
	}
	return ""
}

// mount is a claim and the name of the volume by which a template mounts it.
type mount struct {
	claim  string
	volume string
}

// mounts lists the claims that the Pods of an object mount, by name. claims are those that
// exist: the ones of a StatefulSet's own templates are found among them.
func mounts(n *node, claims []*node) []mount {
	if n.template == nil {
		return nil
	}
	var out []mount
	for _, v := range n.template.Spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			out = append(out, mount{claim: v.PersistentVolumeClaim.ClaimName, volume: v.Name})
		}
	}
	if n.ref.kind() == kindStatefulSet {
		set := read[appsv1.StatefulSet](n)
		for _, t := range set.Spec.VolumeClaimTemplates {
			for _, c := range claims {
				if isOrdinalOf(c.ref.Name, t.Name+"-"+n.ref.Name) {
					out = append(out, mount{claim: c.ref.Name, volume: t.Name})
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b mount) int { return cmp.Compare(a.claim, b.claim) })
	return out
}

// isOrdinalOf says whether name is PREFIX-N, as the StatefulSet controller names claims.
func isOrdinalOf(name, prefix string) bool {
	digits, ok := strings.CutPrefix(name, prefix+"-")
	if !ok {
		return false
	}
	number, err := strconv.ParseUint(digits, 10, 31)
	return err == nil && strconv.FormatUint(number, 10) == digits
}
