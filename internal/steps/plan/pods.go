package plan

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// dryRunPod asks whether Pods of a workload would be let in: quotas and the Pod security
// admission judge Pods, not the workloads that make them.
func dryRunPod(ctx context.Context, server *cluster.DryRun, p *application.Plan, o *application.Object) error {
	pod := podOf(o)
	if pod == nil {
		return nil
	}
	_, err := server.Create(ctx, pod)
	switch cluster.KindOf(err) {
	case cluster.Invalid, cluster.Forbidden:
		blocked(p, api.ReasonRejected, o.Ref.String(), "the target would not let in the Pods of %s: %v", o.Ref, err)
		return nil
	case "", cluster.NotFound, cluster.Conflict:
		return nil
	}
	return err
}

// podOf is a Pod as the workload makes them; nil for what makes none. It runs as the default
// account: its own is created together with it and does not exist yet.
func podOf(o *application.Object) *unstructured.Unstructured {
	path := []string{"spec", "template"}
	switch o.Kind {
	case "Deployment", "StatefulSet":
	case "CronJob":
		path = []string{"spec", "jobTemplate", "spec", "template"}
	default:
		return nil
	}
	template, found, err := unstructured.NestedMap(o.Object.Object, path...)
	if !found || err != nil {
		return nil
	}
	spec, _ := template["spec"].(map[string]any)
	if spec == nil {
		return nil
	}
	delete(spec, "serviceAccountName")
	delete(spec, "serviceAccount")
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

// addTemplateVolumes adds the volumes that a StatefulSet's Pods get from its claim templates.
func addTemplateVolumes(spec map[string]any, o *application.Object) {
	templates, _, _ := unstructured.NestedSlice(o.Object.Object, "spec", "volumeClaimTemplates")
	volumes, _ := spec["volumes"].([]any)
	for _, t := range templates {
		template, _ := t.(map[string]any)
		name, _, _ := unstructured.NestedString(template, "metadata", "name")
		volumes = append(volumes, map[string]any{"name": name,
			"persistentVolumeClaim": map[string]any{"claimName": name + "-" + o.Name + "-0"}})
	}
	if len(volumes) > 0 {
		spec["volumes"] = volumes
	}
}
