package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// Objects at home that reports go to.
var (
	Jobs      = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
	DataSyncs = api.GroupVersion.WithResource("datasyncs")
)

// Open starts a Reporter that writes to the annotation of an object at home, and to further
// sinks, and goes on from what an earlier Pod of the same run has written there.
func Open(
	ctx context.Context, home *cluster.Cluster, on schema.GroupVersionResource, name, runID string, interval time.Duration, more ...Sink,
) (*Reporter, error) {
	obj, err := home.Dynamic.Resource(on).Namespace(home.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, home.Wrap(fmt.Sprintf("read %s/%s", on.Resource, name), err)
	}
	opts := Options{RunID: runID, Interval: interval, Last: lastReport(obj.GetAnnotations()[task.StatusAnnotation], runID)}
	return New(opts, append([]Sink{Annotation(home, on, name)}, more...)...), nil
}

// ForTask starts the Reporter of a task: it writes to the task's own Job, and to
// task.StatusFile where its folder exists.
func ForTask(ctx context.Context, home *cluster.Cluster, t *task.Task) (*Reporter, error) {
	var more []Sink
	if dir, err := os.Stat(filepath.Dir(task.StatusFile)); err == nil && dir.IsDir() {
		more = append(more, File(task.StatusFile))
	}
	return Open(ctx, home, Jobs, t.Move.Job, t.Run.ID, time.Duration(t.Move.ProgressSeconds)*time.Second, more...)
}

// lastReport of the run in an annotation; nil: it holds none of this run.
func lastReport(annotation, runID string) *task.Status {
	if annotation == "" {
		return nil
	}
	s, err := task.DecodeStatus([]byte(annotation))
	if err != nil || s.RunID != runID {
		return nil
	}
	return s
}

// Annotation writes to the annotation task.StatusAnnotation of an object.
func Annotation(home *cluster.Cluster, on schema.GroupVersionResource, name string) Sink {
	return func(ctx context.Context, status []byte) error {
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
			"annotations": map[string]string{task.StatusAnnotation: string(status)}}})
		if err != nil {
			return fmt.Errorf("cannot encode the patch: %w", err)
		}
		_, err = home.Dynamic.Resource(on).Namespace(home.Namespace).
			Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: cluster.FieldManager})
		if apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot report to %s/%s: %w", on.Resource, name, ErrGone)
		}
		return home.Wrap(fmt.Sprintf("report to %s/%s", on.Resource, name), err)
	}
}

// File writes to a file, replaced atomically.
func File(path string) Sink {
	return func(_ context.Context, status []byte) error {
		tmp := path + ".tmp"
		err := os.WriteFile(tmp, status, 0o644)
		if err == nil {
			err = os.Rename(tmp, path)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("cannot write %s: %w", path, err), os.Remove(tmp))
		}
		return nil
	}
}
