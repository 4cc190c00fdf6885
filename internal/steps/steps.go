// Package steps holds what the verbs of kubemove-task share: the connections of a task and the
// way its errors become a result and an exit code. Each verb has a package of its own beneath.
package steps

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// Clusters are the three places that a task works at.
type Clusters struct {
	Home, Source, Target *cluster.Cluster
}

// Connect reaches all three.
func Connect(ctx context.Context, t *task.Task) (*Clusters, error) {
	home, err := Home(ctx, t)
	if err != nil {
		return nil, err
	}
	source, err := cluster.Connect(ctx, cluster.SideSource, t.Source)
	if err != nil {
		return nil, err
	}
	target, err := cluster.Connect(ctx, cluster.SideTarget, t.Target)
	if err != nil {
		return nil, err
	}
	return &Clusters{Home: home, Source: source, Target: target}, nil
}

// Home reaches the cluster that the task runs in.
func Home(ctx context.Context, t *task.Task) (*cluster.Cluster, error) {
	return cluster.Connect(ctx, cluster.SideHome, task.Endpoint{Namespace: t.Move.Home})
}

// Owner lets the subject of a task, or another object of KubeMove's own, own an object at home.
func Owner(s task.Subject) *metav1.OwnerReference {
	return &metav1.OwnerReference{APIVersion: api.GroupVersion.String(), Kind: s.Kind, Name: s.Name, UID: types.UID(s.UID)}
}

// Failure ends a task with an error: one that may pass is tried again soon, one that a person
// has to fix later. An error that brings its own result knows best.
func Failure(err error) task.Result {
	var verdict interface{ Result() *task.Result }
	if errors.As(err, &verdict) {
		r := *verdict.Result()
		r.Message = task.Cut(r.Message, task.MaxMessage)
		return r
	}
	r := task.Failed(api.ReasonFailed, err.Error(), task.RetrySoon)
	var e *cluster.Error
	if !errors.As(err, &e) {
		return r
	}
	r.Reason = e.Reason()
	switch e.Kind {
	case cluster.Forbidden, cluster.Invalid, cluster.NotFound:
		r.Retry = task.RetryLater
	}
	return r
}
