package cutover

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/internal/workload"
	"github.com/kubemove/kubemove/task"
)

// side is a source or a target that an API server answers for.
type side struct{ *cluster.Cluster }

// Name of the side.
func (c side) Name() string { return c.Side }

// Place is the UID of the cluster and the namespace.
func (c side) Place(ctx context.Context) (string, error) {
	uid, err := c.ClusterUID(ctx)
	return uid + "/" + c.Namespace, err
}

// Owners lists straight from the API server: a cache could hide a Pod that has just been made.
func (c side) Owners(ctx context.Context) (*owners, error) {
	pods, err := c.Kube.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list the Pods of the %s: %w", c.Side, err)
	}
	sets, err := c.Kube.AppsV1().ReplicaSets(c.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list the ReplicaSets of the %s: %w", c.Side, err)
	}
	jobs, err := c.Kube.BatchV1().Jobs(c.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("cannot list the Jobs of the %s: %w", c.Side, err)
	}
	return &owners{pods: pods.Items, sets: sets.Items, jobs: jobs.Items}, nil
}

// Workload reads one.
func (c side) Workload(ctx context.Context, r application.Ref) (*unstructured.Unstructured, error) {
	u, err := c.Dynamic.Resource(workload.GVR(r.Workload())).Namespace(c.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s at the %s: %w", r, c.Side, err)
	}
	return u, nil
}

// SetWorkload writes one, with the version that was read.
func (c side) SetWorkload(ctx context.Context, u *unstructured.Unstructured) error {
	_, err := c.Dynamic.Resource(workload.GVR(workload.OfObject(u))).Namespace(c.Namespace).
		Update(ctx, u, metav1.UpdateOptions{FieldManager: cluster.FieldManager})
	return err
}

// Claim reads one.
func (c side) Claim(ctx context.Context, name string) (*corev1.PersistentVolumeClaim, error) {
	return c.Kube.CoreV1().PersistentVolumeClaims(c.Namespace).Get(ctx, name, metav1.GetOptions{})
}

// SetClaim writes one, with the version that was read.
func (c side) SetClaim(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	_, err := c.Kube.CoreV1().PersistentVolumeClaims(c.Namespace).Update(ctx, claim, metav1.UpdateOptions{FieldManager: cluster.FieldManager})
	return err
}

// NamespaceGone reads the namespace. An account that may not leaves that open, and the lock decides.
func (c side) NamespaceGone(ctx context.Context) (bool, error) {
	ns, err := c.Kube.CoreV1().Namespaces().Get(ctx, c.Namespace, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case apierrors.IsForbidden(err):
		return false, nil
	case err != nil:
		return false, c.Wrap("read the namespace "+c.Namespace, err)
	}
	return ns.DeletionTimestamp != nil, nil
}

// Warnings of the namespace.
func (c side) Warnings(ctx context.Context) ([]corev1.Event, error) {
	events, err := c.Kube.CoreV1().Events(c.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "type=" + corev1.EventTypeWarning})
	if err != nil {
		return nil, err
	}
	return events.Items, nil
}

// Secret reads one.
func (c side) Secret(ctx context.Context, name string) (*corev1.Secret, error) {
	secret, err := c.Kube.CoreV1().Secrets(c.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read Secret/%s at the %s: %w", name, c.Side, err)
	}
	return secret, nil
}

// Log of a container.
func (c side) Log(ctx context.Context, pod, container string, previous bool) []byte {
	tail, limit := int64(20), int64(64<<10)
	log, err := c.Kube.CoreV1().Pods(c.Namespace).GetLogs(pod, &corev1.PodLogOptions{
		Container: container, Previous: previous, TailLines: &tail, LimitBytes: &limit}).Stream(ctx)
	if err != nil {
		return nil
	}
	defer func() { _ = log.Close() }()
	data, err := io.ReadAll(io.LimitReader(log, limit))
	if err != nil {
		return nil
	}
	return data
}

// homeCluster is the home that the task runs in.
type homeCluster struct{ *cluster.Cluster }

// Reported reads the annotation of the Job.
func (c homeCluster) Reported(ctx context.Context, job string) (*task.Status, error) {
	j, err := c.Kube.BatchV1().Jobs(c.Namespace).Get(ctx, job, metav1.GetOptions{})
	if err != nil {
		return nil, c.Wrap("read Job/"+job, err)
	}
	st, err := task.DecodeStatus([]byte(j.Annotations[task.StatusAnnotation]))
	if err != nil {
		return nil, nil // It has reported nothing.
	}
	return st, nil
}

// Generation reads the engine.
func (c homeCluster) Generation(ctx context.Context, engine string) (int64, error) {
	e, err := steps.Own[metav1.PartialObjectMetadata](ctx, c.Cluster, "MoveEngine", engine)
	if e == nil || err != nil {
		return 0, err
	}
	return e.Generation, nil
}

// SwitchUID reads the switch.
func (c homeCluster) SwitchUID(ctx context.Context, name string) (string, error) {
	u, err := c.readSwitch(ctx, name)
	if u == nil || err != nil {
		return "", err
	}
	return string(u.GetUID()), nil
}

// SwitchLabels reads the switch.
func (c homeCluster) SwitchLabels(ctx context.Context, name string) (map[string]string, error) {
	u, err := c.readSwitch(ctx, name)
	if u == nil || err != nil {
		return nil, err
	}
	if labels := u.GetLabels(); labels != nil {
		return labels, nil
	}
	return map[string]string{}, nil
}

// readSwitch returns nil when there is none.
func (c homeCluster) readSwitch(ctx context.Context, name string) (*metav1.PartialObjectMetadata, error) {
	return steps.Own[metav1.PartialObjectMetadata](ctx, c.Cluster, "MoveSwitch", name)
}

// StepPods lists them by the label of their step.
func (c homeCluster) StepPods(ctx context.Context, verb task.Verb) ([]corev1.Pod, error) {
	pods, err := c.Kube.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: api.StepLabel + "=" + string(verb)})
	if err != nil {
		return nil, fmt.Errorf("cannot list the Pods of the %s: %w", verb, err)
	}
	return pods.Items, nil
}

// ShowSync writes an annotation of the DataSync itself, so that only its own hook is woken up.
func (c homeCluster) ShowSync(ctx context.Context, dataSync string, st task.Status) error {
	text, err := json.Marshal(st)
	if err != nil {
		return err
	}
	annotations := map[string]string{task.StatusAnnotation: string(text)}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}})
	if err != nil {
		return err
	}
	_, err = c.Dynamic.Resource(api.GroupVersion.WithResource("datasyncs")).Namespace(c.Namespace).
		Patch(ctx, dataSync, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: cluster.FieldManager})
	return err
}

// pairRuns are the runs of a pair, by worker Pods on both sides.
type pairRuns struct {
	task           *task.Task
	process        string
	source, target *cluster.Cluster
	channel        func(ctx context.Context) (*transfer.Channel, error)
}

// Open takes the claims over and brings up the workers.
func (p *pairRuns) Open(ctx context.Context, r task.Run, holder string, volumes []application.Volume, claims map[string]types.UID,
	report func(transfer.Progress)) (session, error) {
	channel, err := p.channel(ctx)
	if err != nil {
		return nil, err
	}
	spec := transfer.NewSpec(p.task, p.source, p.target)
	spec.Run, spec.LockHolder, spec.Volumes, spec.Channel, spec.Report = r, holder, volumes, *channel, report
	spec.Claims = claims
	if p.task.Move.MaxFinalSyncSeconds > 0 && spec.Repeatable() {
		spec.Session = r.ID + "-" + strings.ToLower(p.process)[:8] // No other process goes on with its workers.
	}
	opened, err := transfer.Open(ctx, spec)
	if err != nil {
		return nil, runError(err)
	}
	return pairSession{opened}, nil
}

// pairSession is a session of such a run.
type pairSession struct{ *transfer.Session }

// Begin a pass.
func (s pairSession) Begin(ctx context.Context, run task.Run) (pass, error) {
	begun, err := s.Session.Begin(ctx, run)
	if err != nil {
		return nil, err
	}
	return begun, nil
}

// WholeMark is the one that the runs write.
func (p *pairRuns) WholeMark(v application.Volume, source, target types.UID) string {
	return transfer.WholeMark(transfer.NewSpec(p.task, p.source, p.target), v, source, target)
}

// Leftovers of any run of the pair.
func (p *pairRuns) Leftovers(ctx context.Context) (bool, error) {
	left := false
	for _, c := range []*cluster.Cluster{p.source, p.target} {
		found, err := transfer.Leftovers(ctx, c, p.task.Move.Pair.UID)
		if err != nil {
			return false, err
		}
		left = left || found
	}
	return left, nil
}

// Remove deletes what runs of the pair have left on both sides.
func (p *pairRuns) Remove(ctx context.Context) error {
	for _, c := range []*cluster.Cluster{p.source, p.target} {
		if err := transfer.Cleanup(ctx, c, p.task.Move.Pair.UID, transfer.CleanupOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// Dismiss asks for the end of what runs of the pair have left, and waits for nothing: nodes and clusters
// may be down.
func (p *pairRuns) Dismiss(ctx context.Context) {
	for _, c := range []*cluster.Cluster{p.source, p.target} {
		if err := transfer.Dismiss(ctx, c, p.task.Move.Pair.UID); err != nil {
			slog.Warn("cannot ask for the end of the workers", "side", c.Side, "error", err.Error())
		}
	}
}
