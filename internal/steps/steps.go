// Package steps holds what the verbs of kubemove-task share: the connections of a task and the
// way its errors become a result and an exit code. Each verb has a package of its own beneath.
package steps

import (
	"context"
	"errors"
	"strings"

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

// messageLength is the most that the API takes for a message.
const messageLength = 1024

// Success ends a task well.
func Success(message string) task.Result {
	return task.Result{Outcome: task.OutcomeSucceeded, Reason: api.ReasonSucceeded, Message: clip(message)}
}

// Declined ends a task that a check forbids for now.
func Declined(reason, message string) task.Result {
	return task.Result{Outcome: task.OutcomeDeclined, Retry: task.RetryLater, Reason: reason, Message: clip(message)}
}

// Failed ends a task that could not do its work.
func Failed(reason, message string, retry task.Retry) task.Result {
	return task.Result{Outcome: task.OutcomeFailed, Retry: retry, Reason: reason, Message: clip(message)}
}

// Failure ends a task with an error: one that may pass is tried again soon, one that a person
// has to fix later. An error that brings its own result knows best.
func Failure(err error) task.Result {
	var verdict interface{ Result() *task.Result }
	if errors.As(err, &verdict) {
		r := *verdict.Result()
		r.Message = clip(r.Message)
		return r
	}
	r := Failed(api.ReasonFailed, err.Error(), task.RetrySoon)
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

// ExitCode of a process that ends with the result.
func ExitCode(r task.Result) int {
	switch {
	case r.Outcome == task.OutcomeSucceeded:
		return task.ExitDone
	case r.Outcome == task.OutcomeDeclined:
		return task.ExitDeclined
	case r.Retry == task.RetrySoon:
		return task.ExitFailed
	default:
		return task.ExitPermanent
	}
}

func clip(s string) string {
	if len(s) <= messageLength {
		return s
	}
	return strings.ToValidUTF8(s[:messageLength-3], "") + "..."
}
