package cutover

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/application"
)

// TestNextWhenSomethingIsGone: what others have taken away, or what does not go away, keeps the
// switch from no end.
func TestNextWhenSomethingIsGone(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	stopped := Workload{Workload: application.Workload{Ref: ref(0)}, Stopped: true, Ledger: true, Identity: "1"}
	copied := func(change func(*Observed)) Observed {
		o := Observed{Now: now, Us: us, SourceLock: LockMine, TargetLock: LockMine, HasRecord: true, Pinned: true, Volumes: 1,
			Workloads: []Workload{stopped}, Claims: []Claim{{Name: "data", Exists: true, UID: "c", Copied: true, Whole: true}}}
		o.Record = Record{QuiescedAt: &now, RollbackAt: &now, Epoch: 1, Fence: o.fence(),
			Final: &FinalRun{Epoch: 1, Fence: o.fence(), Claims: map[string]types.UID{"data": "c"}}}
		change(&o)
		return o
	}
	forward := func(o *Observed) { o.Record.RollbackAt = nil }
	for name, c := range map[string]struct {
		reason string
		o      Observed
		next   func(Observed) Action
		want   Kind
	}{
		"Copied": {"the claims are marked, then the target starts", copied(forward), Next, Mark},
		"ClaimDeleted": {"a claim that is gone is not marked again and again",
			copied(func(o *Observed) { forward(o); o.Claims[0].Exists = false }), Next, End},
		"ClaimReplaced": {"the copy went with the former claim", copied(func(o *Observed) { forward(o); o.Claims[0].UID = "d" }), Next, End},
		"CopyChanged": {"something may have written to it since: it is copied once more",
			copied(func(o *Observed) { forward(o); o.Claims[0].Whole = false }), Next, OpenWorkers},
		"PlanDeleted": {"without the plan no external endpoint is known, and closed ones are not called open",
			copied(func(o *Observed) { o.Record.CommittedAt, o.CommittedBoth, o.Pinned = &now, true, false }), Next, End},
		"WorkersRemain": {"a worker on a dead node must not keep the source down",
			copied(func(o *Observed) { o.Leftovers = true }), NextRollback, Restore},
		"Restored": {"they are removed before the records are", copied(func(o *Observed) {
			o.Leftovers, o.Workloads[0].Ledger, o.Workloads[0].Stopped = true, false, false
		}), NextRollback, RemoveWorkers},
		"TargetEnds": {"its Pods may take their time", copied(func(o *Observed) {
			o.Began, o.TargetPods = now.Add(-rollbackPatience), []string{"Pod/web"}
		}), NextRollback, Wait},
		"TargetHangs": {"a person has to look at the node, and the source waits for that", copied(func(o *Observed) {
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
