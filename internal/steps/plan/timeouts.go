package plan

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/task"
)

// usualTimeout is what the schema of a switch fills in.
const usualTimeout = 5 * time.Minute

// withTimeouts tells the task of a pair how long its switch will wait. The pair does not know it, and
// may be planned before the switch is there; so it is read when the plan is made: from the pair's
// MoveSwitch, else from the engine that will make it. Without either the times stay unknown. They are
// only compared with the application's, so they void no approval. at is when the switch begins; empty: it says nothing.
func withTimeouts(ctx context.Context, home *cluster.Cluster, t *task.Task) (out *task.Task, at string, err error) {
	if t.Move.QuiesceSeconds > 0 || t.Move.HealthSeconds > 0 {
		return t, "", nil // It is the switch's own task.
	}
	policy, err := policyOfPair(ctx, home, t.Move)
	if err != nil || policy == nil {
		return t, "", err
	}
	move, changed := *t.Move, *t
	move.QuiesceSeconds, move.HealthSeconds = timeoutSeconds(policy.Quiesce.Timeout), timeoutSeconds(policy.HealthTimeout)
	changed.Move = &move
	return &changed, policy.At, nil
}

// policyOfPair is how the pair will be switched; nil: not known.
func policyOfPair(ctx context.Context, home *cluster.Cluster, move *task.Move) (*api.SwitchPolicy, error) {
	list, err := home.Dynamic.Resource(api.GroupVersion.WithResource("moveswitches")).Namespace(home.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, home.Wrap("list the MoveSwitches", err)
	}
	var newest *api.MoveSwitch
	for i := range list.Items {
		var s api.MoveSwitch
		if err := decode(list.Items[i].Object, &s); err != nil || s.Spec.PairRef.Name != move.Pair.Name {
			continue // One that cannot be read is told by its own conditions.
		}
		if newest == nil || newest.CreationTimestamp.Before(&s.CreationTimestamp) {
			newest = &s
		}
	}
	if newest != nil {
		return &newest.Spec.SwitchPolicy, nil
	}
	engine, err := steps.Own[api.MoveEngine](ctx, home, "MoveEngine", move.Engine)
	if engine == nil || err != nil {
		return nil, err
	}
	if engine.Spec.Switch == nil {
		return &api.SwitchPolicy{}, nil
	}
	return &engine.Spec.Switch.SwitchPolicy, nil
}

// timeoutSeconds of a duration that the schema has checked.
func timeoutSeconds(text string) int64 {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		d = usualTimeout
	}
	return int64(d / time.Second)
}
