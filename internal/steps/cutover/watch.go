package cutover

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/task"
)

// mostRuns are named of what runs at the source.
const mostRuns = 5

// Again is what of the application runs at the source although a switch has led it away.
type Again struct {
	// Runs names it: workloads that ask for Pods, else what is left of their Pods.
	Runs []string
	// Stop is the command that stops it.
	Stop string
}

// RunsAgain looks whether the application runs at the source of a committed switch. It reads, and changes nothing. Where a way
// back has begun, or has led the application back, it may run there.
func RunsAgain(ctx context.Context, c *steps.Clusters, t *task.Task) (Again, error) {
	committed := *t.Move.Committed
	r, err := committedRecord(ctx, c, committed.UID)
	if err != nil || r == nil {
		return Again{}, err
	}
	keys := make([]cluster.Key, 0, len(r.Changed))
	for _, ref := range r.Changed {
		if w := ref.Workload(); w != nil {
			keys = append(keys, cluster.Key{Kind: w.GVK(), Name: ref.Name})
		}
	}
	found, err := getMany(ctx, side{c.Source}, keys)
	if err != nil {
		return Again{}, err
	}
	left, err := side{c.Source}.Owners(ctx)
	if err != nil {
		return Again{}, err
	}
	us := lineage.Of(t.Move, committed.UID)
	var workloads []Workload
	for _, ref := range r.Changed {
		if w := ref.Workload(); w != nil {
			u := found[cluster.Key{Kind: w.GVK(), Name: ref.Name}]
			workloads = append(workloads, readWorkload(application.Workload{Ref: ref}, u, us))
		}
	}
	out := runsAgain(workloads, left, r, c.Source.Namespace)
	if len(out.Runs) == 0 {
		return out, nil
	}
	// What a way back has started was seen before it is asked whether there is one.
	back, err := ledOn(ctx, c, t, r)
	if err != nil || back {
		return Again{}, err
	}
	return out, nil
}

// committedRecord is the record of the switch; nil: there is none that says that it is committed, so that nothing is known to
// be stopped at the source.
func committedRecord(ctx context.Context, c *steps.Clusters, uid string) (*Record, error) {
	var sides []*Record
	for _, at := range []*cluster.Cluster{c.Source, c.Target} {
		r := &Record{}
		version, err := at.ReadRecord(ctx, uid, r)
		if err != nil {
			return nil, err
		}
		if version == "" || r.Switch != uid {
			r = nil
		}
		sides = append(sides, r)
	}
	merged := mergeRecords(sides[0], sides[1])
	if merged.CommittedAt == nil {
		return nil, nil
	}
	return &merged, nil
}

// runsAgain judges what was read. What another switch has started is that one's.
func runsAgain(workloads []Workload, left *owners, r *Record, namespace string) Again {
	var asking []application.Ref
	var ours []podOwner
	s := &switcher{}
	for _, w := range workloads {
		if w.Holder != "" {
			continue
		}
		if !w.Missing && !w.Stopped {
			asking = append(asking, w.Ref)
		}
		ours = append(ours, s.podOwners(r, w)...)
	}
	if len(asking) > 0 {
		runs := make([]string, len(asking))
		for i, ref := range asking {
			runs[i] = ref.String()
		}
		return Again{Runs: first(runs, mostRuns), Stop: stopCommand(asking, namespace)}
	}
	rest := left.remaining(ours, nil)
	if len(rest) == 0 {
		return Again{}
	}
	kind, name, _ := strings.Cut(rest[0], "/")
	return Again{Runs: first(rest, mostRuns), Stop: fmt.Sprintf("kubectl -n %s delete %s %s", namespace, strings.ToLower(kind), name)}
}

// stopCommand brings workloads to zero; where there are only such that run at times, it suspends the first.
func stopCommand(list []application.Ref, namespace string) string {
	var scaled []string
	for _, ref := range list {
		if !isScheduled(ref) {
			scaled = append(scaled, strings.ToLower(ref.Kind)+"/"+ref.Name)
		}
	}
	if len(scaled) > 0 {
		return fmt.Sprintf("kubectl -n %s scale --replicas=0 %s", namespace, strings.Join(first(scaled, mostRuns), " "))
	}
	return fmt.Sprintf(`kubectl -n %s patch %s/%s -p '{"spec":{"suspend":true}}'`, namespace, strings.ToLower(list[0].Kind), list[0].Name)
}

// ledOn: another switch of the lineage has begun to lead the application away from where this one has led it, or has done so.
func ledOn(ctx context.Context, c *steps.Clusters, t *task.Task, r *Record) (bool, error) {
	uid := t.Move.Committed.UID
	pairs, err := steps.AllOwn[api.MovePair](ctx, c.Home, "MovePair")
	if err != nil {
		return false, err
	}
	switches, err := steps.AllOwn[api.MoveSwitch](ctx, c.Home, "MoveSwitch")
	if err != nil {
		return false, err
	}
	if laterBegun(pairs, switches, uid) {
		return true, nil
	}
	if t.Move.Reverses == nil {
		back, err := engineIsBack(ctx, c.Home, t.Move.Engine)
		if err != nil || back {
			return back, err
		}
	}
	return markedSince(ctx, c.Source, lineage.Of(t.Move, uid), r)
}

// laterBegun: one of the pairs follows the switch, and its own switch has begun.
func laterBegun(pairs []api.MovePair, switches []api.MoveSwitch, uid string) bool {
	return slices.ContainsFunc(pairs, func(p api.MovePair) bool {
		return p.Spec.Reverses != nil && slices.Contains(p.Spec.Reverses.Earlier, uid) &&
			slices.ContainsFunc(switches, func(m api.MoveSwitch) bool { return m.Spec.PairRef.Name == p.Name && switchBegun(&m) })
	})
}

// switchBegun: it has done something that is not rolled back, or is about to.
func switchBegun(m *api.MoveSwitch) bool {
	if m.Status.CommittedAt != nil || api.ActiveSource.Before(m.Status.Active) {
		return true
	}
	switched := meta.FindStatusCondition(m.Status.Conditions, api.ConditionSwitched)
	return switched != nil && (switched.Status == metav1.ConditionTrue ||
		slices.Contains([]string{api.ReasonRunning, api.ReasonHeld, api.ReasonRollingBack}, switched.Reason))
}

// engineIsBack: the engine knows that a way back has led its application to the source, also when the MoveReverse was deleted
// since, or that one is leading it there.
func engineIsBack(ctx context.Context, home *cluster.Cluster, name string) (bool, error) {
	e, err := steps.Own[api.MoveEngine](ctx, home, "MoveEngine", name)
	if e == nil || err != nil {
		return false, err
	}
	a := e.Status.Active
	return a != nil && (a.Side == api.ActiveSource && a.Since != nil || a.Side == api.ActiveNone), nil
}

// markedSince: a claim that the switch has left at the source is in use by another switch now.
func markedSince(ctx context.Context, source *cluster.Cluster, us lineage.Actor, r *Record) (bool, error) {
	if r.Final == nil {
		return false, nil
	}
	left := r.left()
	claims, err := source.Kube.CoreV1().PersistentVolumeClaims(source.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return false, source.Wrap("list the claims", err)
	}
	for i := range claims.Items {
		c := &claims.Items[i]
		mark := lineage.Active(c)
		if left[c.UID] && us.Rival(mark) != "" && !us.Leaves(mark) {
			return true, nil
		}
	}
	return false, nil
}
