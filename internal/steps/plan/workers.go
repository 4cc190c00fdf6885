package plan

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// workerCheck lets the API servers of both sides judge the worker Pods as they will be: limits, Pod
// security and policies speak before anything is stopped.
type workerCheck struct {
	spec transfer.Spec
	plan *application.Plan
	// judged are the Pods that a side has been asked about.
	judged map[string]bool
}

// run asks about those of the plan's workers that were not asked about before: what a survey finds out
// may give a worker another user, or more memory.
func (w *workerCheck) run(ctx context.Context) error {
	if w.plan.BlockedBy(api.ReasonNamespaceNotFound) {
		return nil
	}
	for _, side := range []struct {
		c    *cluster.Cluster
		role task.Role
	}{{w.spec.Target, task.RoleTarget}, {w.spec.Source, task.RoleSource}} {
		server, err := side.c.DryRun()
		if err != nil {
			return err
		}
		for _, v := range w.plan.Volumes {
			if v.Policy != api.ClaimCopy {
				continue
			}
			if err := w.judge(ctx, server, side.c, side.role, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *workerCheck) judge(ctx context.Context, server *cluster.DryRun, c *cluster.Cluster, role task.Role, v application.Volume) error {
	kind, err := kindOfWorker(v, role)
	if err != nil {
		return err
	}
	memory := transfer.MemoryOf(v.Usage)
	key := fmt.Sprintf("%s %s %d %d", c.Side, kind, memory.Request, memory.Limit)
	if w.judged[key] {
		return nil
	}
	w.judged[key] = true
	pod, err := transfer.Worker(w.spec, role, v)
	if err != nil {
		return nil // An unknown mobilizer is a blocker already.
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
	if err != nil {
		return fmt.Errorf("cannot encode the worker Pod of %s: %w", v.Name, err)
	}
	u := &unstructured.Unstructured{Object: content}
	u.SetAPIVersion("v1")
	u.SetKind("Pod")
	u.SetName("kubemove-check-" + cluster.ShortHash(v.Name))
	_, err = server.Create(ctx, u)
	if !isVerdict(err) {
		return err
	}
	judgePod(w.plan, c.Side, claimRef(v.Name), "the worker Pod of claim "+v.Name, err)
	return nil
}
