package cleanup

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/steps/cutover"
	"github.com/kubemove/kubemove/internal/steps/open"
	"github.com/kubemove/kubemove/internal/workload"
	"github.com/kubemove/kubemove/task"
)

// copies of a pair at its target.
type copies interface {
	// Observe reads everything that decides, from the API servers themselves.
	Observe(ctx context.Context) (*observed, error)
	// Delete the very claim that was read. The error is of the kind Conflict when it has changed since.
	Delete(ctx context.Context, claim *corev1.PersistentVolumeClaim) error
}

// deleteCopies deletes one claim after the other, each on what is observed then. What the account may not see or delete stays:
// the clean-up does not wait for rights.
func deleteCopies(ctx context.Context, c copies, m *task.Move, out *outcome) error {
	tried := map[types.UID]attempts{}
	for {
		o, err := c.Observe(ctx)
		switch {
		case isRefusal(err):
			out.verdict = verdict{Forbidden: "it cannot be seen what uses them: " + err.Error()}
			return nil
		case err != nil:
			return err
		}
		out.verdict = judge(o, m, tried)
		if out.Next == nil {
			return nil
		}
		claim := out.Next
		now := attempts{tries: tried[claim.UID].tries + 1}
		err = c.Delete(ctx, claim)
		if isRefusal(err) {
			now.refused = err.Error()
		}
		tried[claim.UID] = now
		switch {
		case cluster.KindOf(err) == cluster.Conflict || now.refused != "":
		case err != nil:
			return err
		case !slices.Contains(out.Deleted, claim.Name):
			out.Deleted = append(out.Deleted, claim.Name)
			slog.Info("copy deleted", "claim", claim.Name, "uid", claim.UID)
		}
	}
}

func isRefusal(err error) bool {
	kind := cluster.KindOf(err)
	return kind == cluster.Forbidden || kind == cluster.Invalid
}

// pairCopies are those of a task.
type pairCopies struct {
	task         *task.Task
	home, target *cluster.Cluster
}

// copiesOf the pair of a task; the target is connected.
func copiesOf(ctx context.Context, t *task.Task, target *cluster.Cluster) (copies, error) {
	home, err := steps.Home(ctx, t)
	if err != nil {
		return nil, err
	}
	return &pairCopies{task: t, home: home, target: target}, nil
}

// mounting are the kinds whose Pods may mount a claim.
var mounting = append(workload.Resources(),
	schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "daemonsets"},
	schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"},
	schema.GroupVersionResource{Version: "v1", Resource: "replicationcontrollers"})

// Observe lists the claims first: what is decided of one holds for the state that it had before everything else was read.
func (c *pairCopies) Observe(ctx context.Context) (*observed, error) {
	o, core := &observed{}, c.target.Kube.CoreV1()
	claims, err := core.PersistentVolumeClaims(c.target.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, c.target.Wrap("list the claims", err)
	}
	o.Claims = claims.Items
	pods, err := core.Pods(c.target.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, c.target.Wrap("list the Pods", err)
	}
	o.Pods = pods.Items
	if o.Workloads, _, err = c.target.List(ctx, mounting); err != nil {
		return nil, err
	}
	if o.Records, err = c.records(ctx); err != nil {
		return nil, err
	}
	return o, c.atHome(ctx, o)
}

// atHome reads the pair, and what may use its copies.
func (c *pairCopies) atHome(ctx context.Context, o *observed) error {
	m := c.task.Move
	switches, _, err := c.home.List(ctx, []schema.GroupVersionResource{api.GroupVersion.WithResource("moveswitches")})
	if err != nil {
		return err
	}
	for _, u := range switches {
		if name, _, _ := unstructured.NestedString(u.Object, "spec", "pairRef", "name"); name == m.Pair.Name {
			o.Switches = append(o.Switches, u.GetName())
		}
	}
	if o.Followed, err = open.Used(ctx, c.home, m.FirstPair().UID, m.Pair.UID); err != nil {
		return err
	}
	o.Pair, err = steps.Own[api.MovePair](ctx, c.home, "MovePair", m.Pair.Name)
	return err
}

// records that lie at the target, with the claims that each names there: those that its switch fills, or, where the namespace
// is its source, those that it copies from.
func (c *pairCopies) records(ctx context.Context) ([]record, error) {
	stored, err := c.target.Records(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]record, 0, len(stored))
	for _, s := range stored {
		var r cutover.Record
		out = append(out, record{Name: s.Name, Unreadable: s.Decode(&r) != nil || r.Switch == "", Claims: namedBy(&r)})
	}
	return out, nil
}

func namedBy(r *cutover.Record) []string {
	names := slices.Clone(r.Claims)
	fences := []cutover.Fence{r.Fence}
	if r.Final != nil {
		fences = append(fences, r.Final.Fence)
		names = slices.AppendSeq(names, maps.Keys(r.Final.Claims))
	}
	for _, f := range fences {
		for ref := range f {
			if name, isClaim := strings.CutPrefix(ref, "PersistentVolumeClaim/"); isClaim {
				names = append(names, name)
			}
		}
	}
	return names
}

// Delete with the UID and the version that were read.
func (c *pairCopies) Delete(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	err := c.target.Kube.CoreV1().PersistentVolumeClaims(c.target.Namespace).Delete(ctx, claim.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &claim.UID, ResourceVersion: &claim.ResourceVersion}})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return c.target.Wrap("delete claim "+claim.Name, err)
}
