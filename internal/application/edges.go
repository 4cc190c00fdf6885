package application

import (
	"regexp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// edges lists what moves because n moves: what it refers to, and what refers to it and
// belongs to it. The order is fixed.
func (v *view) edges(n *node) []edge {
	var out []edge
	if isWorkload(n.ref.kind()) {
		out = v.workloadEdges(n)
	}
	switch n.ref.kind() {
	case kindServiceAccount:
		out = v.accountEdges(n)
	case kindRoleBinding:
		if ref := read[rbacv1.RoleBinding](n).RoleRef; ref.Kind == "Role" {
			out = append(out, hard(kindRole, ref.Name))
		}
	case kindService:
		out = v.serviceEdges(n)
	case kindIngress:
		for _, t := range read[networkingv1.Ingress](n).Spec.TLS {
			if t.SecretName != "" {
				out = append(out, edge{to: refTo(kindSecret, t.SecretName), hard: true, optional: true})
			}
		}
		for _, r := range resourceBackends(read[networkingv1.Ingress](n)) {
			out = append(out, edge{to: r})
		}
		out = append(out, v.annotationEdges(n)...)
	default:
		if isCustom(n.ref.kind()) {
			out = v.customEdges(n)
		}
	}
	slices.SortStableFunc(out, func(a, b edge) int { return compareRefs(a.to, b.to) })
	return out
}

// serviceEdges are what leads traffic to a Service, and the addresses that a user wrote down
// for one without a selector.
func (v *view) serviceEdges(n *node) []edge {
	out := v.namedBy(n.ref)
	for _, i := range v.x.ofKind(kindIngress) {
		if slices.Contains(backends(read[networkingv1.Ingress](i)), n.ref.Name) {
			out = append(out, edge{to: i.ref})
		}
	}
	if len(read[corev1.Service](n).Spec.Selector) > 0 {
		return out
	}
	for _, s := range v.x.ofKind(kindEndpointSlice) {
		if s.obj.GetLabels()[discoveryv1.LabelServiceName] == n.ref.Name {
			out = append(out, edge{to: s.ref})
		}
	}
	return append(out, edge{to: refTo(kindEndpoints, n.ref.Name)})
}

// releaseEdges are the records of the Helm release that a workload belongs to: without them Helm
// would not know it at the target.
func (v *view) releaseEdges(n *node) []edge {
	release := n.obj.GetAnnotations()[helmRelease]
	if release == "" {
		return nil
	}
	var out []edge
	for _, s := range v.x.ofKind(kindSecret) {
		if l := s.obj.GetLabels(); l["owner"] == "helm" && l["name"] == release {
			out = append(out, edge{to: s.ref})
		}
	}
	return out
}

// The annotations by which Helm knows what is its own.
const (
	helmRelease   = "meta.helm.sh/release-name"
	helmNamespace = "meta.helm.sh/release-namespace"
)

func (v *view) workloadEdges(n *node) []edge {
	if n.template == nil {
		return nil
	}
	out := append(templateEdges(n.template), v.releaseEdges(n)...)
	out = append(out, v.namedBy(n.ref)...)
	for _, claim := range n.template.Spec.ResourceClaims {
		out = append(out, deviceEdges(claim)...)
	}
	for _, mount := range n.mounts {
		out = append(out, hard(kindClaim, mount.claim))
	}
	if n.ref.kind() == kindStatefulSet {
		// Sets work without their Service, but for the names of the Pods.
		if name := read[appsv1.StatefulSet](n).Spec.ServiceName; name != "" {
			out = append(out, edge{to: refTo(kindService, name), hard: true, optional: true})
		}
	}
	set := labels.Set(n.template.Labels)
	for i := range v.x.followers {
		if f := &v.x.followers[i]; f.concerns(n.ref, set) {
			out = append(out, edge{to: f.node.ref})
		}
	}
	return out
}

// follower is an object that moves with the workloads that it concerns.
type follower struct {
	node *node
	// pods that it serves, protects or shuts off; nil: it scales target.
	pods   labels.Selector
	target Ref
}

// newFollower reads whom an object concerns, once: every workload is compared with each.
func newFollower(n *node) (follower, bool) {
	f := follower{node: n}
	var err error
	switch n.ref.kind() {
	case kindService:
		selector := read[corev1.Service](n).Spec.Selector
		f.pods = labels.SelectorFromSet(selector)
		return f, len(selector) > 0
	case kindHPA:
		f.target = scaleTarget(n)
		return f, true
	case kindPDB:
		f.pods, err = metav1.LabelSelectorAsSelector(read[policyv1.PodDisruptionBudget](n).Spec.Selector)
		return f, err == nil
	case kindNetworkPolicy:
		f.pods, err = metav1.LabelSelectorAsSelector(&read[networkingv1.NetworkPolicy](n).Spec.PodSelector)
		return f, err == nil
	}
	return f, false
}

// concerns says whether it serves, scales or protects a workload with these Pod labels.
func (f *follower) concerns(workload Ref, podLabels labels.Set) bool {
	if f.pods == nil {
		return f.target == workload
	}
	return f.pods.Matches(podLabels)
}

// scaleTarget is the object that an autoscaler scales.
func scaleTarget(hpa *node) Ref {
	t := read[autoscalingv2.HorizontalPodAutoscaler](hpa).Spec.ScaleTargetRef
	return ownerRef(&metav1.OwnerReference{APIVersion: t.APIVersion, Kind: t.Kind, Name: t.Name})
}

// generatedSecret matches the Secrets that clusters make for an account, by their names.
var generatedSecret = regexp.MustCompile(`-(token|dockercfg)-[a-z0-9]{5}$`)

func (v *view) accountEdges(n *node) []edge {
	var out []edge
	account := read[corev1.ServiceAccount](n)
	for _, s := range account.ImagePullSecrets {
		out = append(out, edge{to: refTo(kindSecret, s.Name), hard: true, optional: true})
	}
	for _, s := range account.Secrets {
		if !generatedSecret.MatchString(s.Name) {
			out = append(out, edge{to: refTo(kindSecret, s.Name), hard: true, optional: true})
		}
	}
	for _, b := range v.x.ofKind(kindRoleBinding) {
		if bindsAccount(read[rbacv1.RoleBinding](b).Subjects, v.in.SourceNamespace, n.ref.Name) {
			out = append(out, edge{to: b.ref})
		}
	}
	return out
}

func bindsAccount(subjects []rbacv1.Subject, namespace, account string) bool {
	return slices.ContainsFunc(subjects, func(s rbacv1.Subject) bool {
		switch s.Kind {
		case rbacv1.ServiceAccountKind:
			return s.Name == account && s.Namespace == namespace
		case rbacv1.UserKind:
			return s.Name == accountUserPrefix+namespace+":"+account
		case rbacv1.GroupKind:
			return s.Name == accountGroupPrefix+namespace
		}
		return false
	})
}

// backends are the names of the Services that an Ingress routes to.
func backends(i *networkingv1.Ingress) []string {
	var out []string
	for _, b := range allBackends(i) {
		if b.Service != nil {
			out = append(out, b.Service.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// resourceBackends are the objects of other kinds that an Ingress routes to.
func resourceBackends(i *networkingv1.Ingress) []Ref {
	var out []Ref
	for _, b := range allBackends(i) {
		if r := b.Resource; r != nil {
			ref := Ref{Kind: r.Kind, Name: r.Name}
			if r.APIGroup != nil {
				ref.Group = *r.APIGroup
			}
			out = append(out, ref)
		}
	}
	slices.SortFunc(out, compareRefs)
	return slices.Compact(out)
}

func allBackends(i *networkingv1.Ingress) []*networkingv1.IngressBackend {
	var out []*networkingv1.IngressBackend
	if i.Spec.DefaultBackend != nil {
		out = append(out, i.Spec.DefaultBackend)
	}
	for _, rule := range i.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for j := range rule.HTTP.Paths {
			out = append(out, &rule.HTTP.Paths[j].Backend)
		}
	}
	return out
}

// deviceEdges are the claims of devices that Pods share, and the templates of those they do not.
func deviceEdges(claim corev1.PodResourceClaim) []edge {
	var out []edge
	for kind, name := range map[string]*string{"ResourceClaim": claim.ResourceClaimName,
		"ResourceClaimTemplate": claim.ResourceClaimTemplateName} {
		if name != nil {
			out = append(out, edge{to: Ref{Group: "resource.k8s.io", Kind: kind, Name: *name}, hard: true})
		}
	}
	return out
}
