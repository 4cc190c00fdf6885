package plan

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// checkWorkers lets the API servers of both sides judge the worker Pods as they will be: limits, Pod
// security and policies speak before anything is stopped.
func checkWorkers(ctx context.Context, s transfer.Spec, p *application.Plan) error {
	for _, side := range []struct {
		c    *cluster.Cluster
		role task.Role
	}{{s.Target, task.RoleTarget}, {s.Source, task.RoleSource}} {
		if err := checkWorkersOf(ctx, side.c, side.role, s, p); err != nil {
			return err
		}
	}
	return nil
}

func checkWorkersOf(ctx context.Context, c *cluster.Cluster, role task.Role, s transfer.Spec, p *application.Plan) error {
	server, err := c.DryRun()
	if err != nil {
		return err
	}
	var judged []string
	for _, v := range p.Volumes {
		// Volumes of one user and one place have the same Pods.
		kind, err := kindOfWorker(v, role)
		if err != nil {
			return err
		}
		if v.Policy != api.ClaimCopy || slices.Contains(judged, kind) {
			continue
		}
		judged = append(judged, kind)
		pod, err := transfer.Worker(s, role, v)
		if err != nil {
			continue // An unknown mobilizer is a blocker already.
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
		judgePod(p, c.Side, claimRef(v.Name), "the worker Pod of claim "+v.Name, err)
	}
	return nil
}
