package cutover

import (
	"testing"
	"time"

	"github.com/kubemove/kubemove/internal/application"
)

// TestNextWhenSomethingIsGone: what others have taken away, or what does not go away, keeps the
// switch from no end.
func TestNextWhenSomethingIsGone(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	stopped := Workload{Workload: application.Workload{Ref: ref(0)}, Stopped: true, Ledger: true, Identity: "1"}
	copied := func(change func(*Observed)) Observed {
		o := Observed{Now: now, Self: self, SourceLock: LockMine, TargetLock: LockMine, HasRecord: true, Pinned: true, Volumes: 1,
			Workloads: []Workload{stopped}, Claims: []Claim{{Name: "data", Exists: true}}}
		o.Record = Record{QuiescedAt: &now, Epoch: 1, Fence: o.fence(), Final: &FinalRun{Epoch: 1, Fence: o.fence()}}
		change(&o)
		return o
	}
	for name, c := range map[string]struct {
		reason string
		o      Observed
		next   func(Observed) Action
		want   Kind
	}{
		"Copied":        {"the claims are marked, then the target starts", copied(func(*Observed) {}), Next, Mark},
		"ClaimDeleted":  {"nobody marks a claim that is gone, again and again", copied(func(o *Observed) { o.Claims[0].Exists = false }), Next, End},
		"PlanDeleted":   {"without the plan no door is known, and closed doors are not called open", copied(func(o *Observed) { o.Record.CommittedAt, o.CommittedBoth, o.Pinned = &now, true, false }), Next, End},
		"WorkersRemain": {"a worker on a dead node must not keep the source down", copied(func(o *Observed) { o.Leftovers = true }), NextRollback, Restore},
		"Restored": {"they are removed before the records are", copied(func(o *Observed) {
			o.Leftovers, o.Workloads[0].Ledger = true, false
		}), NextRollback, RemoveWorkers},
		"TargetEnds": {"its Pods may take their time", copied(func(o *Observed) {
			o.Began, o.TargetPods = now.Add(-rollbackPatience), []string{"Pod/web"}
		}), NextRollback, Wait},
		"TargetHangs": {"somebody has to look at the node, and the source waits for that", copied(func(o *Observed) {
			o.Began, o.TargetPods = now.Add(-rollbackPatience-time.Second), []string{"Pod/web"}
		}), NextRollback, End},
		"CutoverHangs": {"its process may still act", copied(func(o *Observed) {
			o.Began, o.Others = now.Add(-rollbackPatience-time.Second), []string{"Pod/cutover"}
		}), NextRollback, End},
	} {
		t.Run(name, func(t *testing.T) {
			a := c.next(c.o)
			if a.Kind != c.want {
				t.Errorf("%s: got %s (%s), want %s", c.reason, a.Kind, a.Message, c.want)
			}
			if a.Kind == End && a.Result.Outcome == "Succeeded" {
				t.Errorf("%s: it succeeded", c.reason)
			}
		})
	}
}
