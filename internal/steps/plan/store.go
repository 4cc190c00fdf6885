package plan

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/task"
)

// Load reads the stored plan of a pair. The error is of the kind NotFound when there is none.
func Load(ctx context.Context, home *cluster.Cluster, pairUID string) (planfile.Plan, error) {
	list, err := home.Kube.CoreV1().Secrets(home.Namespace).List(ctx, metav1.ListOptions{LabelSelector: planfile.Selector(pairUID)})
	if err != nil {
		return planfile.Plan{}, home.Wrap("list the plans", err)
	}
	out, err := planfile.Read(list.Items)
	if errors.Is(err, planfile.ErrNone) {
		return out, &cluster.Error{Kind: cluster.NotFound, Side: home.Side, Message: err.Error()}
	}
	return out, home.BundleError(err)
}

// Rewrite stores a stored plan again, with what was found out since it was made.
func Rewrite(ctx context.Context, home *cluster.Cluster, t *task.Task, p planfile.Plan) error {
	_, err := store(ctx, home, t, p)
	return err
}

// Changes says what differs between the plan of that hash and a newer one, as far as the stored plan of
// the pair knows the former.
func Changes(ctx context.Context, home *cluster.Cluster, pairUID, hash string, is *application.Plan) ([]string, error) {
	was, err := Load(ctx, home, pairUID)
	if err != nil {
		return nil, err
	}
	return was.Changes(hash, is), nil
}

// store writes the plan for people into a Secret that the pair owns, and deletes the pair's
// older ones.
func store(ctx context.Context, home *cluster.Cluster, t *task.Task, p planfile.Plan) (string, error) {
	pair := t.Move.Pair
	b := p.Bundle(*steps.Owner(task.Subject{Kind: task.KindPair, Object: pair}))
	if err := home.StoreBundle(ctx, b, p); err != nil {
		return "", err
	}
	return b.Name, forgetPlans(ctx, home, pair.UID, b.Name)
}

// forgetPlans deletes the stored plans of a pair but the one to keep.
func forgetPlans(ctx context.Context, home *cluster.Cluster, pairUID, keep string) error {
	old, err := home.Kube.CoreV1().Secrets(home.Namespace).List(ctx,
		metav1.ListOptions{LabelSelector: planfile.OlderSelector(pairUID, keep)})
	if err != nil {
		return home.Wrap("list the older plans", err)
	}
	var errs []error
	for _, s := range old.Items {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Kind: "Secret"})
		u.SetName(s.Name)
		u.SetUID(s.UID)
		errs = append(errs, home.Delete(ctx, u, false))
	}
	return errors.Join(errs...)
}

// Forget deletes every stored plan of a pair.
func Forget(ctx context.Context, home *cluster.Cluster, pairUID string) error {
	return forgetPlans(ctx, home, pairUID, "")
}
