package plan

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/workload"
)

// judgePod adds a blocker where the cluster would not let a Pod in, as its answer to a dry run
// says. What it is, is for people.
func judgePod(p *application.Plan, side string, about application.Ref, what string, err error) {
	kind, reason := cluster.KindOf(err), api.ReasonRejected
	if side == cluster.SideSource {
		reason = api.ReasonRejectedBySource
	}
	switch {
	case kind != cluster.Invalid && kind != cluster.Forbidden && !cluster.Denied(err) || passing(err):
	case byWebhook(err):
		// It may mind that the Pod is a bare one.
		p.AddWarning(about, "the %s might not let in %s: %v", side, what, err)
	default:
		p.AddBlocker(reason, about, "the %s would not let in %s: %v", side, what, err)
	}
}

// passing: a namespace that was created a moment ago has no account yet.
func passing(err error) bool {
	return strings.Contains(err.Error(), `serviceaccount "default" not found`)
}

// byWebhook: the user's own policy has refused it.
func byWebhook(err error) bool {
	return strings.Contains(err.Error(), "admission webhook") || strings.Contains(err.Error(), "ValidatingAdmissionPolicy")
}

// notDryRun: a webhook that cannot judge without acting.
func notDryRun(err error) bool {
	return err != nil && strings.Contains(err.Error(), "does not support dry run")
}

// podOf is a Pod as the workload makes them; nil for what makes none. It runs as the default
// account: its own is created together with it and does not exist yet, as may be its
// PriorityClass.
func podOf(p *application.Plan, o *application.Object) *unstructured.Unstructured {
	kind := workload.OfObject(&o.Object)
	if kind == nil {
		return nil
	}
	template, found, err := unstructured.NestedMap(o.Object.Object, kind.Template()...)
	if !found || err != nil {
		return nil
	}
	spec, _ := template["spec"].(map[string]any)
	if spec == nil {
		return nil
	}
	delete(spec, "serviceAccountName")
	delete(spec, "serviceAccount")
	if name, _ := spec["priorityClassName"].(string); creates(p, "PriorityClass", name) {
		delete(spec, "priorityClassName")
	}
	addTemplateVolumes(spec, o)
	pod := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": spec}}
	if metadata, ok := template["metadata"].(map[string]any); ok {
		pod.Object["metadata"] = metadata
	}
	pod.SetName("kubemove-check-" + cluster.ShortHash(o.Ref.String()))
	pod.SetGenerateName("")
	pod.SetNamespace(o.Object.GetNamespace())
	return pod
}

// creates says whether the plan creates a cluster-wide object.
func creates(p *application.Plan, kind, name string) bool {
	return slices.ContainsFunc(p.Objects, func(o application.Object) bool { return o.Cluster && o.Kind == kind && o.Name == name })
}

// addTemplateVolumes adds the volumes that a StatefulSet's Pods get from its claim templates.
func addTemplateVolumes(spec map[string]any, o *application.Object) {
	templates, _, _ := unstructured.NestedSlice(o.Object.Object, "spec", "volumeClaimTemplates")
	volumes, _ := spec["volumes"].([]any)
	for _, t := range templates {
		template, _ := t.(map[string]any)
		name, _, _ := unstructured.NestedString(template, "metadata", "name")
		// A claim template goes before a volume of the same name.
		volumes = slices.DeleteFunc(volumes, func(v any) bool {
			volume, _ := v.(map[string]any)
			return volume["name"] == name
		})
		volumes = append(volumes, map[string]any{"name": name,
			"persistentVolumeClaim": map[string]any{"claimName": name + "-" + o.Name + "-0"}})
	}
	if len(volumes) > 0 {
		spec["volumes"] = volumes
	}
}
