package cli

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/initial"
	"github.com/kubemove/kubemove/internal/cli/kit"
)

// annotate the workloads of an engine, so that they move with it.
func annotate(ctx context.Context, k *kit.Kit, d kit.DryRun, e initial.Engine) error {
	if err := e.CheckAnnotated(); err != nil {
		return err
	}
	core, err := k.Core()
	if err != nil {
		return err
	}
	for _, w := range e.Workloads {
		k.Say(d, e.AnnotateWords(w))
		apps, options := core.AppsV1(), metav1.PatchOptions{FieldManager: kit.Manager, DryRun: d.Options()}
		patch := e.AnnotatePatch()
		switch w.Kind {
		case "Deployment":
			_, err = apps.Deployments(e.Namespace).Patch(ctx, w.Name, types.MergePatchType, patch, options)
		case "StatefulSet":
			_, err = apps.StatefulSets(e.Namespace).Patch(ctx, w.Name, types.MergePatchType, patch, options)
		case "ReplicaSet":
			_, err = apps.ReplicaSets(e.Namespace).Patch(ctx, w.Name, types.MergePatchType, patch, options)
		case "CronJob":
			_, err = core.BatchV1().CronJobs(e.Namespace).Patch(ctx, w.Name, types.MergePatchType, patch, options)
		}
		if err != nil {
			return fault.API(fmt.Sprintf("cannot annotate %s in namespace %s", w.Ref(), e.Namespace), err)
		}
		k.Narrate("%s annotated%s", w.Ref(), dryNote(d))
	}
	return nil
}
