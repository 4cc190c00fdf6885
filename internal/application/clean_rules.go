package application

import "github.com/kubemove/kubemove/internal/workload"

// rule removes one thing that belongs to the source cluster and not to the application.
type rule struct {
	// kind that the rule is for, as Ref.kind() spells it; empty: every kind.
	kind string
	// path of the field. "[]" stands for each item of a list; a last element that ends in
	// "*" for every key with that prefix.
	path []string
	// keep, where set, spares the field; o is the whole object, at the map that holds the
	// field (or the item itself when the path ends in "[]").
	keep func(o, at map[string]any) bool
}

func path(elements ...string) []string { return elements }

// cleanRules say what is not carried to the target, and cleaning is nothing else.
var cleanRules = concat(metadataRules, annotationRules, serviceRules, accountRules, podRules, claimRules, setRules)

// metadataRules: what API servers and controllers write.
var metadataRules = []rule{
	{path: path("status")},
	{path: path("metadata", "uid")},
	{path: path("metadata", "resourceVersion")},
	{path: path("metadata", "generation")},
	{path: path("metadata", "creationTimestamp")},
	{path: path("metadata", "deletionTimestamp")},
	{path: path("metadata", "deletionGracePeriodSeconds")},
	{path: path("metadata", "managedFields")},
	{path: path("metadata", "selfLink")},
	{path: path("metadata", "generateName")},
	// Owners have another UID at the target, where the garbage collector would delete what
	// names one that does not exist.
	{path: path("metadata", "ownerReferences")},
	// There may be no controller at the target that removes a finalizer.
	{path: path("metadata", "finalizers")},
}

// annotationRules: marks of KubeMove, of kubectl and of controllers.
var annotationRules = []rule{
	{path: path("metadata", "annotations", "kubemove.io/*")},
	{path: path("metadata", "labels", "kubemove.io/*")},
	{path: path("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")},
	{kind: kindDeployment, path: path("metadata", "annotations", "deployment.kubernetes.io/*")},
	{kind: kindHPA, path: path("metadata", "annotations", "autoscaling.alpha.kubernetes.io/*")},
	{kind: kindSecret, path: path("metadata", "annotations", "kubernetes.io/service-account.uid")},
	{kind: kindConfigMap, path: path("metadata", "annotations", "control-plane.alpha.kubernetes.io/leader")},
	// What balancers of the source have given, as their controllers note it.
	{path: path("metadata", "annotations", "field.cattle.io/publicEndpoints")},
	{kind: kindService, path: path("metadata", "annotations", "cloud.google.com/neg-status")},
	{kind: kindService, path: path("metadata", "annotations", "metallb.universe.tf/ip-allocated-from-pool")},
	{kind: kindService, path: path("metadata", "annotations", "metallb.io/ip-allocated-from-pool")},
	{kind: kindIngress, path: path("metadata", "annotations", "ingress.kubernetes.io/backends")},
	{kind: kindIngress, path: path("metadata", "annotations", "ingress.kubernetes.io/forwarding-rule")},
	{kind: kindIngress, path: path("metadata", "annotations", "ingress.kubernetes.io/https-forwarding-rule")},
	{kind: kindIngress, path: path("metadata", "annotations", "ingress.kubernetes.io/target-proxy")},
	{kind: kindIngress, path: path("metadata", "annotations", "ingress.kubernetes.io/https-target-proxy")},
	{kind: kindIngress, path: path("metadata", "annotations", "ingress.kubernetes.io/url-map")},
}

// serviceRules: addresses that the source cluster gave.
var serviceRules = []rule{
	{kind: kindService, path: path("spec", "clusterIP"), keep: isHeadless},
	{kind: kindService, path: path("spec", "clusterIPs"), keep: isHeadless},
	{kind: kindService, path: path("spec", "healthCheckNodePort")},
	{kind: kindService, path: path("spec", "ports", "[]", "nodePort"), keep: isExplicitNodePort},
}

// accountRules: tokens that the source cluster issued.
var accountRules = []rule{
	{kind: kindServiceAccount, path: path("secrets", "[]"), keep: isHandMade},
	{kind: kindServiceAccount, path: path("imagePullSecrets", "[]"), keep: isHandMade},
	{kind: kindServiceAccount, path: path("metadata", "annotations", "openshift.io/internal-registry-pull-secret-ref")},
	{kind: kindSecret, path: path("data"), keep: isNoToken},
}

// podRules: nodes of the source, and what servers put into templates.
var podRules = concat(templateRules(), []rule{
	{kind: kindCronJob, path: path("spec", "jobTemplate", "metadata", "creationTimestamp")},
})

func templateRules() []rule {
	var out []rule
	for _, k := range workload.All() {
		kind := k.GVK().GroupKind().String()
		out = append(out,
			rule{kind: kind, path: append(path(k.Template()...), "spec", "nodeName")},
			rule{kind: kind, path: append(path(k.Template()...), "metadata", "creationTimestamp")})
	}
	return out
}

// claimRules: the binding of a claim to a volume of the source.
var claimRules = []rule{
	{kind: kindClaim, path: path("spec", "volumeName")},
	{kind: kindClaim, path: path("spec", "dataSource")},
	{kind: kindClaim, path: path("spec", "dataSourceRef")},
	{kind: kindClaim, path: path("metadata", "annotations", "pv.kubernetes.io/*")},
	{kind: kindClaim, path: path("metadata", "annotations", "volume.kubernetes.io/*")},
	{kind: kindClaim, path: path("metadata", "annotations", "volume.beta.kubernetes.io/*")},
}

// setRules clean the claim templates of StatefulSets as claims are cleaned.
var setRules = concat(
	inClaimTemplates(claimRules),
	inClaimTemplates([]rule{{path: path("status")}, {path: path("metadata", "creationTimestamp")}}),
)

func inClaimTemplates(rules []rule) []rule {
	out := make([]rule, 0, len(rules))
	for _, r := range rules {
		out = append(out, rule{
			kind: kindStatefulSet,
			path: append(path("spec", "volumeClaimTemplates", "[]"), r.path...),
			keep: r.keep,
		})
	}
	return out
}

func concat(lists ...[]rule) []rule {
	var out []rule
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}
