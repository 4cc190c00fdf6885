package cutover

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/task"
)

// ActorOf a task: the switch of that UID, or the pair. One that leads back knows what the switch that it reverses has left at
// its target, and may write that and nothing else. source is where the application is now: that switch has its record there.
func ActorOf(ctx context.Context, home, source *cluster.Cluster, t *task.Task, switchUID string) (lineage.Actor, error) {
	us := lineage.Of(t.Move, switchUID)
	if t.Move.Reverses == nil {
		return us, nil
	}
	kept, err := loadForward(ctx, home, t)
	if err == nil {
		us.Recorded = kept.left()
		return us, nil
	}
	if cluster.KindOf(err) != cluster.NotFound {
		return us, err
	}
	r, err := reversed(ctx, source, t.Move.Reverses.Switch)
	if cluster.KindOf(err) == cluster.NotFound && (t.Verb == task.VerbRollback || t.Verb == task.VerbCleanup) {
		return us, nil // What this switch has found there is in its own record.
	}
	if err != nil {
		return us, err
	}
	us.Recorded = r.left()
	return us, nil
}

// reversed is the record of the switch that a task leads back from.
func reversed(ctx context.Context, source *cluster.Cluster, s task.Object) (*Record, error) {
	r := &Record{}
	if _, err := source.ReadRecord(ctx, s.UID, r); err != nil {
		return nil, err
	}
	if r.Switch != s.UID || r.CommittedAt == nil || r.Final == nil {
		return nil, &cluster.Error{Kind: cluster.NotFound, Side: source.Side,
			Message: fmt.Sprintf("the record of MoveSwitch %s (ConfigMap/%s in the "+
				"namespace %s), which says what it has left at the other side, is not there or is not complete: expected that of a committed switch; "+
				"without it there is no way back, so make a MoveEngine from here to there", s.Name, cluster.RecordName(s.UID), source.Namespace)}
	}
	return r, nil
}

// left are the UIDs of the workloads and claims that the switch has left at its source.
func (r *Record) left() map[types.UID]bool {
	out := map[types.UID]bool{}
	for ref, identity := range r.Final.Fence {
		if strings.HasPrefix(ref, endedPod) {
			continue
		}
		uid, _, _ := strings.Cut(identity, "/")
		if uid != "" && uid != missingIdentity {
			out[types.UID(uid)] = true
		}
	}
	return out
}

// forward is what a pair keeps of the switch that it leads back from, so that the forward move may be deleted.
type forward struct {
	// Left are the UIDs of the workloads and claims that the switch has left.
	Left []types.UID `json:"left"`
	// Plan of the switch, as it was carried out.
	Plan *application.Plan `json:"plan"`
}

func (f *forward) left() map[types.UID]bool {
	out := make(map[types.UID]bool, len(f.Left))
	for _, uid := range f.Left {
		out[uid] = true
	}
	return out
}

func forwardName(t *task.Task) string { return cluster.RecordName(t.Move.Pair.UID) + "-forward" }

// loadForward reads what the pair has kept. The error is of the kind NotFound when it has not kept anything yet.
func loadForward(ctx context.Context, home *cluster.Cluster, t *task.Task) (*forward, error) {
	out := &forward{Plan: &application.Plan{}}
	return out, home.LoadBundle(ctx, forwardName(t), out)
}

// Forward is the plan of the switch that a task leads back from, as it was carried out. The pair keeps it, with what the switch
// has left.
func Forward(ctx context.Context, home *cluster.Cluster, t *task.Task, us lineage.Actor) (*application.Plan, error) {
	kept, err := loadForward(ctx, home, t)
	if cluster.KindOf(err) != cluster.NotFound {
		return kept.Plan, err
	}
	s, p := t.Move.Reverses.Switch, pinnedPlan{Plan: &application.Plan{}}
	err = home.LoadBundle(ctx, planNameOf(s.UID), &p)
	if cluster.KindOf(err) == cluster.NotFound {
		return nil, &cluster.Error{Kind: cluster.NotFound, Side: home.Side,
			Message: fmt.Sprintf("the plan of MoveSwitch %s (Secret/%s at home) is gone, and with it what has to go back: "+
				"make a MoveEngine from where the application is now", s.Name, planNameOf(s.UID))}
	}
	if err != nil {
		return nil, err
	}
	owner := steps.Owner(task.Subject{Kind: task.KindPair, Object: t.Move.Pair})
	left := slices.Sorted(maps.Keys(us.Recorded))
	return p.Plan, home.StoreBundle(ctx, cluster.Bundle{Name: forwardName(t), Owner: owner}, forward{left, p.Plan})
}
