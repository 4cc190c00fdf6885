package application

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// newNames says what the objects of one layer are called after it.
type newNames map[Ref]string

// of is the name of what was called so; of what is not renamed, the same.
func (n newNames) of(kind, name string) string {
	if to, ok := n[refTo(kind, name)]; ok {
		return to
	}
	return name
}

// finishPrefix finishes what Kustomize has begun: it gives the claims of StatefulSets the names that
// these will look for, and corrects the references that Kustomize does not know.
func (m *maker) finishPrefix(before, after []unstructured.Unstructured) {
	renamed := newNames{}
	for i := range before {
		renamed[RefOf(&before[i])] = after[i].GetName()
	}
	m.renameSetClaims(before, renamed)
	for i := range after {
		// They may share content with what was given to Kustomize.
		o := after[i].DeepCopy()
		o.SetName(renamed[RefOf(&before[i])])
		m.correct(&before[i], o, renamed)
		after[i] = *o
	}
	for i := range m.plan.Volumes {
		v := &m.plan.Volumes[i]
		v.Target = renamed.of(kindClaim, v.Target)
	}
	for i := range m.plan.Requires {
		r := &m.plan.Requires[i]
		if r.kind() == kindClaim {
			r.Name = renamed.of(kindClaim, r.Name)
		}
		if r.Object != nil {
			renameItems(r.Object.Object, "imagePullSecrets", kindSecret, renamed)
		}
	}
	m.warnOfMentions(before, after, renamed)
}

// renameSetClaims: a StatefulSet finds its claims by the names TEMPLATE-SET-NUMBER, those with
// the policy Skip among them.
func (m *maker) renameSetClaims(before []unstructured.Unstructured, renamed newNames) {
	owner := map[string]Ref{}
	for i := range before {
		set := RefOf(&before[i])
		if set.kind() != kindStatefulSet {
			continue
		}
		for _, t := range claimTemplates(&before[i]) {
			template, _, _ := unstructured.NestedString(t, "metadata", "name")
			for _, v := range m.plan.Volumes {
				if !isOrdinalOf(v.Target, template+"-"+set.Name) {
					continue
				}
				if other, there := owner[v.Target]; there {
					m.AddBlocker(api.ReasonInvalidKustomization, refTo(kindClaim, v.Target),
						"namePrefix cannot tell whether %s belongs to %s or to %s: both would look for it, by different names; remove namePrefix",
						v.Target, other, set)
				}
				owner[v.Target] = set
				number := v.Target[strings.LastIndex(v.Target, "-"):]
				renamed[refTo(kindClaim, v.Target)] = template + "-" + renamed.of(kindStatefulSet, set.Name) + number
			}
		}
	}
}

// correct corrects references by what they were before.
func (m *maker) correct(before, o *unstructured.Unstructured, renamed newNames) {
	kind := RefOf(o).kind()
	if isWorkload(kind) {
		correctTemplate(before, o, append(templatePath(kind), "spec"), renamed)
		return
	}
	switch kind {
	case kindServiceAccount:
		o.Object["secrets"] = before.DeepCopy().Object["secrets"]
		if o.Object["secrets"] == nil {
			delete(o.Object, "secrets")
		}
		renameItems(o.Object, "secrets", kindSecret, renamed)
	case kindRole:
		renameRules(before.DeepCopy().Object, o.Object, renamed)
	case kindRoleBinding:
		m.renameSubjects(before, o, renamed)
	case kindIngress:
		m.correctAnnotatedSecrets(before, o, renamed)
	case kindEndpointSlice:
		if service := before.GetLabels()[discoveryv1.LabelServiceName]; service != "" {
			labels := o.GetLabels()
			labels[discoveryv1.LabelServiceName] = renamed.of(kindService, service)
			o.SetLabels(labels)
		}
	default:
		if isCustom(kind) {
			m.AddBlocker(api.ReasonInvalidKustomization, RefOf(before),
				"namePrefix would rename %s, and it is not known what else refers to a custom resource or is named after it, "+
					"its claims among them: expected no namePrefix with custom resources; remove it", RefOf(before))
		}
	}
}

// correctTemplate corrects the references of a workload's Pods.
func correctTemplate(before, o *unstructured.Unstructured, path []string, renamed newNames) {
	was, _, _ := unstructured.NestedMap(before.Object, path...)
	is := inner(o.Object, path...)
	renameVolumes(was, is, renamed)
	renameDevices(was, is, renamed)
	if account, _ := was["serviceAccount"].(string); account != "" {
		is["serviceAccount"] = renamed.of(kindServiceAccount, account)
	}
}

// inner is a map in a map, not a copy of it; nil: there is none.
func inner(m map[string]any, path ...string) map[string]any {
	for _, field := range path {
		m, _ = m[field].(map[string]any)
	}
	return m
}

// renameItems renames what the items of a list refer to by name.
func renameItems(o map[string]any, list, kind string, renamed newNames) {
	items, _ := o[list].([]any)
	for _, item := range items {
		item, _ := item.(map[string]any)
		if name, _ := item["name"].(string); name != "" {
			item["name"] = renamed.of(kind, name)
		}
	}
}

// secretFields lead to the name of the Secret in volumes of types that Kustomize does not know.
var secretFields = [][]string{
	{"csi", "nodePublishSecretRef", "name"}, {"azureFile", "secretName"}, {"cephfs", "secretRef", "name"},
	{"rbd", "secretRef", "name"}, {"iscsi", "secretRef", "name"}, {"flexVolume", "secretRef", "name"},
}

func renameVolumes(was, is map[string]any, renamed newNames) {
	before, _ := was["volumes"].([]any)
	after, _ := is["volumes"].([]any)
	for i := range min(len(before), len(after)) {
		from, _ := before[i].(map[string]any)
		to, _ := after[i].(map[string]any)
		if claim, _, _ := unstructured.NestedString(from, "persistentVolumeClaim", "claimName"); claim != "" {
			inner(to, "persistentVolumeClaim")["claimName"] = renamed.of(kindClaim, claim)
		}
		for _, path := range secretFields {
			if secret, _, _ := unstructured.NestedString(from, path...); secret != "" {
				inner(to, path[:len(path)-1]...)[path[len(path)-1]] = renamed.of(kindSecret, secret)
			}
		}
	}
}

// renameDevices: Kustomize does not know the claims of devices.
func renameDevices(was, is map[string]any, renamed newNames) {
	before, _ := was["resourceClaims"].([]any)
	after, _ := is["resourceClaims"].([]any)
	for i := range min(len(before), len(after)) {
		from, _ := before[i].(map[string]any)
		to, _ := after[i].(map[string]any)
		for _, kind := range []string{"ResourceClaim", "ResourceClaimTemplate"} {
			field := "r" + kind[1:] + "Name"
			if name, _ := from[field].(string); name != "" {
				to[field] = renamed.of(kind+".resource.k8s.io", name)
			}
		}
	}
}

// renameRules: the names in a rule are those of its resources.
func renameRules(before, o map[string]any, renamed newNames) {
	rules, _ := before["rules"].([]any)
	for _, r := range rules {
		rule, _ := r.(map[string]any)
		resources, _ := rule["resources"].([]any)
		list, _ := rule["resourceNames"].([]any)
		for i := range list {
			name, _ := list[i].(string)
			for _, k := range kinds {
				if to := renamed.of(k.name, name); to != name && slices.ContainsFunc(resources, k.isResource) {
					list[i] = to
				}
			}
		}
	}
	if rules != nil {
		o["rules"] = rules
	}
}

// isResource: a rule means the kind by the name of its resource, or of a subresource.
func (k kind) isResource(resource any) bool {
	name, _ := resource.(string)
	name, _, _ = strings.Cut(name, "/")
	return name == k.resource || name == "*"
}

// renameSubjects: accounts can be named as users, too.
func (m *maker) renameSubjects(before, o *unstructured.Unstructured, renamed newNames) {
	was, _ := before.Object["subjects"].([]any)
	is, _ := o.Object["subjects"].([]any)
	for i := range min(len(was), len(is)) {
		from, _ := was[i].(map[string]any)
		to, _ := is[i].(map[string]any)
		name, _ := from["name"].(string)
		switch {
		case from["kind"] == rbacv1.ServiceAccountKind:
			if from["namespace"] == m.in.TargetNamespace {
				to["name"] = renamed.of(kindServiceAccount, name)
			}
		case strings.HasPrefix(name, accountUserPrefix+m.in.TargetNamespace+":"):
			account := strings.TrimPrefix(name, accountUserPrefix+m.in.TargetNamespace+":")
			to["name"] = accountUserPrefix + m.in.TargetNamespace + ":" + renamed.of(kindServiceAccount, account)
		default:
			to["name"] = name
		}
	}
}

// accountNames says what the accounts are called at the target.
func (v *view) accountNames() newNames {
	out := newNames{}
	for i := range v.plan.Objects {
		if o := &v.plan.Objects[i]; o.kind() == kindServiceAccount {
			out[o.SourceRef()] = o.Name
		}
	}
	return out
}

// warnOfMentions points, once for each object, at texts that hold old names of Services: there
// they are names of hosts.
func (m *maker) warnOfMentions(before, after []unstructured.Unstructured, renamed newNames) {
	services := map[string]bool{}
	for i := range before {
		if RefOf(&before[i]).kind() == kindService {
			services[before[i].GetName()] = true
		}
	}
	for i := range after {
		found := map[string]bool{}
		for _, text := range textsOf(&after[i]) {
			for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r > 0x7f || !isNameByte(byte(r)) }) {
				if services[word] {
					found[word+" (now "+renamed.of(kindService, word)+")"] = true
				}
			}
		}
		if len(found) > 0 {
			m.AddWarning(RefOf(&after[i]),
				"%s mentions names that Services have at the source: %s; correct them by a patch where they mean the Services",
				RefOf(&after[i]), few(slices.Sorted(maps.Keys(found))))
		}
	}
}

// textsOf an object are those that programs read. Secrets are left alone.
func textsOf(o *unstructured.Unstructured) []string {
	var out []string
	kind := RefOf(o).kind()
	if kind == kindConfigMap {
		data, _, _ := unstructured.NestedStringMap(o.Object, "data")
		for _, text := range data {
			out = append(out, text)
		}
		return out
	}
	if !isWorkload(kind) {
		return nil
	}
	template, err := podTemplate(o, kind)
	if err != nil {
		return nil
	}
	for _, c := range containers(&template.Spec) {
		out = append(append(out, c.Command...), c.Args...)
		out = append(out, envTexts(c)...)
	}
	return out
}

func envTexts(c *corev1.Container) []string {
	var out []string
	for _, env := range c.Env {
		if env.Value != "" {
			out = append(out, env.Value)
		}
	}
	return out
}
