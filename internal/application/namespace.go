package application

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/task"
)

// Surroundings are what the Pods of a namespace get from it, without a word of their own objects.
type Surroundings struct {
	// Name of the namespace.
	Name string
	// Namespace; nil: the account may not read it.
	Namespace *corev1.Namespace
	// Account that Pods run as which name none; nil: it could not be read.
	Account *corev1.ServiceAccount
	// Limits give containers requests and limits. Without LimitsRead the account may not list them.
	Limits     []corev1.LimitRange
	LimitsRead bool
}

// CompareSurroundings says what the Pods of the plan get from the source's namespace and not from the
// target's, with the commands that give it.
func (p *Plan) CompareSurroundings(source, target Surroundings) Findings {
	if !slices.ContainsFunc(p.Objects, func(o Object) bool { return o.Runs || isWorkload(o.kind()) }) {
		return nil
	}
	out := compareMeta(source, target)
	out = append(out, p.compareAccounts(source, target)...)
	return append(out, p.compareLimits(source, target)...)
}

func compareMeta(source, target Surroundings) (out Findings) {
	if source.Namespace == nil {
		out.AddWarning(namespaceRef(source.Name), "%s", unreadNamespace("source", source.Name))
		return out
	}
	labels := givenLabels(source, target)
	annotations := map[string]string{}
	for key, value := range source.Namespace.Annotations {
		if value != "" && isGivingAnnotation(key) {
			annotations[key] = value
		}
	}
	if target.Namespace == nil {
		if len(labels)+len(annotations) == 0 {
			return nil
		}
		keys := slices.Sorted(maps.Keys(labels))
		out.AddWarning(namespaceRef(target.Name), "%s, and the source's has: %s", unreadNamespace("target", target.Name),
			few(append(keys, slices.Sorted(maps.Keys(annotations))...)))
		return out
	}
	out = lackingMeta("label", labels, target.Namespace.Labels, source.Name, target.Name)
	return append(out, lackingMeta("annotation", annotations, target.Namespace.Annotations, source.Name, target.Name)...)
}

func namespaceRef(name string) Ref { return Ref{Kind: "Namespace", Name: name} }

func unreadNamespace(side, name string) string {
	return fmt.Sprintf("the account at the %s may not read Namespace/%s, so its labels and annotations, by which policies, "+
		"meshes and schedulers treat Pods, were not compared: grant it get on namespaces there", side, name)
}

// lackingMeta names the labels or annotations that the target has not, or has with other values.
func lackingMeta(what string, want, have map[string]string, source, target string) (out Findings) {
	var lacks, settings []string
	overwrite := ""
	for _, key := range slices.Sorted(maps.Keys(want)) {
		there, found := have[key]
		if found && there == want[key] {
			continue
		}
		lack := key
		if found {
			overwrite, lack = "--overwrite ", fmt.Sprintf("%s (there: %q)", key, task.Cut(there, valueLength))
		}
		lacks = append(lacks, lack)
		settings = append(settings, key+"="+shellQuoted(want[key]))
	}
	if len(lacks) == 0 {
		return nil
	}
	out.AddWarning(namespaceRef(target), "Namespace/%s lacks %ss that Namespace/%s has: %s; "+
		"policies, meshes or schedulers may treat the Pods differently without. If they are wanted: kubectl %s %snamespace %s %s",
		target, what, source, few(lacks), map[string]string{"label": "label", "annotation": "annotate"}[what], overwrite, target,
		strings.Join(settings, " "))
	return out
}

// shellQuoted is a word for a shell.
func shellQuoted(value string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:", r)
	}
	if !strings.ContainsFunc(value, func(r rune) bool { return !plain(r) }) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// givenLabels are those of the source's namespace that the target's should have. Any may be selected
// by, but for those in which tools keep their books.
func givenLabels(source, target Surroundings) map[string]string {
	out := map[string]string{}
	for key, value := range source.Namespace.Labels {
		if isBookkeeping(key) {
			continue
		}
		if value == source.Name {
			value = target.Name // A label with the name of the namespace.
		}
		out[key] = value
	}
	return out
}

// bookkeepingPrefixes of labels that tools put on a namespace for themselves, or that treat no Pod.
var bookkeepingPrefixes = []string{
	corev1.LabelMetadataName, "kubemove.io/", "app.kubernetes.io/managed-by", "app.kubernetes.io/instance", "helm.sh/",
	"helm.toolkit.fluxcd.io/", "kustomize.toolkit.fluxcd.io/", "argocd.argoproj.io/", "kapp.k14s.io/", "field.cattle.io/",
	"objectset.rio.cattle.io/", "olm.operatorgroup.uid/", "kubesphere.io/", "velero.io/",
	"pod-security.kubernetes.io/audit", "pod-security.kubernetes.io/warn",
}

func isBookkeeping(key string) bool {
	return slices.ContainsFunc(bookkeepingPrefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// givingAnnotations are those of namespaces that admission controllers read for the Pods, or prefixes
// of such.
var givingAnnotations = []string{
	// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers
	"scheduler.alpha.kubernetes.io/", "scheduler.kubernetes.io/",
	// https://docs.redhat.com/en/documentation/openshift_container_platform (projects, SCCs)
	"openshift.io/node-selector", "openshift.io/sa.scc.",
	// Meshes.
	"linkerd.io/", "config.linkerd.io/", "config.alpha.linkerd.io/", "kuma.io/", "istio.io/", "ambient.istio.io/", "sidecar.istio.io/",
	"traffic.sidecar.istio.io/", "openservicemesh.io/", "consul.hashicorp.com/", "appmesh.k8s.aws/",
	// Networks.
	"cni.projectcalico.org/", "ovn.kubernetes.io/", "k8s.ovn.org/", "net.beta.kubernetes.io/network-policy", "k8s.v1.cni.cncf.io/",
	// Credentials and instrumentation.
	"iam.amazonaws.com/", "instrumentation.opentelemetry.io/", "sidecar.opentelemetry.io/", "vault.security.banzaicloud.io/",
	"admission.datadoghq.com/",
}

func isGivingAnnotation(key string) bool {
	return slices.ContainsFunc(givingAnnotations, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// compareAccounts looks at the Secrets of the default account. What else it lacks is a blocker
// (Conflicts).
func (p *Plan) compareAccounts(source, target Surroundings) (out Findings) {
	account := refTo(kindServiceAccount, defaultAccount)
	if source.Account == nil || target.Account == nil || !slices.ContainsFunc(p.Left, func(l Left) bool { return l.Ref == account }) {
		return nil
	}
	for _, s := range source.Account.Secrets {
		has := slices.ContainsFunc(target.Account.Secrets, func(o corev1.ObjectReference) bool { return o.Name == s.Name })
		if !has && !generatedSecret.MatchString(s.Name) {
			out.AddWarning(account, `the ServiceAccount default of the target namespace %s does not list Secret/%s, `+
				`as that of the source does: kubectl --namespace %s patch serviceaccount default --patch '{"secrets":[{"name":"%s"}]}'`,
				target.Name, s.Name, target.Name, s.Name)
		}
	}
	return out
}
