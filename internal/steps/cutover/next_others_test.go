package cutover

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

// begun is a switch in the middle: the source is stopped and the target has the final copy.
func begun(now time.Time, change func(*Observed)) Observed {
	web := Workload{Workload: application.Workload{Ref: ref(0), Replicas: 3}, Stopped: true, Ledger: true, Identity: "u/2", Written: ledger(3)}
	o := Observed{Now: now, Began: now, Us: us, SourceLock: LockMine, TargetLock: LockMine, HasRecord: true, Pinned: true, Volumes: 1,
		QuiesceTimeout: 5 * time.Minute, HealthTimeout: 5 * time.Minute,
		Workloads: []Workload{web}, Claims: []Claim{{Name: "data", Exists: true, UID: "c", Copied: true, Mark: self}},
		Objects: []Object{
			{Ref: claimRef, Phase: application.PhaseVolume, Exists: true, Mine: true, Recorded: true, UID: "c", Open: true},
			{Ref: ref(0), Phase: application.PhaseStart, Workload: true, Exists: true, Mine: true, Recorded: true, UID: "w",
				Ready: true, Open: true},
		}}
	o.Record = Record{Switch: self, QuiescedAt: &now, StartedAt: &now, Epoch: 1, Fence: o.fence(),
		Final: &FinalRun{Epoch: 1, Fence: o.fence(), Claims: map[string]types.UID{"data": "c"}}}
	change(&o)
	return o
}

func ledger(replicas int32) *lineage.Ledger {
	return &lineage.Ledger{Switch: self, Values: workload.Values{Replicas: &replicas}}
}

// TestNextAmongOthers: other clients work on both sides, and what they have done is neither written
// to nor committed.
func TestNextAmongOthers(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	unstarted := func(o *Observed) { o.Record.StartedAt, o.Claims[0].Mark, o.Claims[0].Whole = nil, "", true }
	committed := func(o *Observed) { o.Record.CommittedAt, o.CommittedBoth = &now, true }
	for name, c := range map[string]struct {
		reason string
		o      Observed
		want   Kind
		says   string
	}{
		"Untouched": {"nothing has happened", begun(now, func(*Observed) {}), Commit, ""},
		"ClaimRemade": {"a StatefulSet has made it anew, and it is empty",
			begun(now, func(o *Observed) { o.Claims[0].UID, o.Claims[0].Mark = "d", "" }), End, api.ReasonClaimReplaced},
		"ClaimGone": {"there is no copy",
			begun(now, func(o *Observed) { o.Claims[0] = Claim{Name: "data", Copied: true} }), End, api.ReasonClaimReplaced},
		"ClaimGoes": {"it goes with its data as soon as its Pods do",
			begun(now, func(o *Observed) { o.Claims[0].Going = true }), End, api.ReasonClaimReplaced},
		"ClaimGoesEarly": {"no worker can mount it any more", begun(now, func(o *Observed) {
			unstarted(o)
			o.Record = Record{}
			o.Claims[0].Going = true
		}), End, api.ReasonClaimReplaced},
		"SourceClaimGoes": {"the stop would take its data", begun(now, func(o *Observed) {
			unstarted(o)
			o.Record, o.SourceClaims = Record{}, []Claim{{Name: "data", Exists: true, Going: true}}
		}), End, api.ReasonClaimMissing},
		"SourceClaimCopied": {"its data is at the target, so the switch goes on", begun(now, func(o *Observed) {
			unstarted(o)
			o.SourceClaims = []Claim{{Name: "data", Exists: true, UID: "s", Going: true}}
			o.Record.Fence, o.Record.Final.Fence = o.fence(), o.fence()
		}), Mark, ""},
		"MarkGone": {"a run could write to it", begun(now, func(o *Observed) { o.Claims[0].Mark = "" }), End, api.ReasonClaimReplaced},
		"UIDsUnknown": {"a record without them proves nothing",
			begun(now, func(o *Observed) { o.Record.Final.Claims = nil }), End, api.ReasonClaimReplaced},
		"ForeignClaim": {"restore --delete would write to it",
			begun(now, func(o *Observed) { unstarted(o); o.Record.Final = nil; o.Objects[0].Mine = false }), End, api.ReasonNameConflict},
		"ForeignUser": {"what it writes is no copy",
			begun(now, func(o *Observed) { unstarted(o); o.TargetPods = []string{"Pod/shell"} }), End, "Pod/shell"},
		"ForeignUserEarly": {"the run itself refuses that", begun(now, func(o *Observed) {
			unstarted(o)
			o.Record, o.TargetPods = Record{}, []string{"Pod/shell"}
		}), OpenWorkers, ""},
		"SourceClaimGone": {"an empty one would be copied",
			begun(now, func(o *Observed) { o.SourceClaims = []Claim{{Name: "data"}} }), End, api.ReasonNotFenced},
		"Replaced": {"it is not what the switch has created",
			begun(now, func(o *Observed) { o.Objects[1].Mine, o.Objects[1].UID = false, "x" }), End, api.ReasonNameConflict},
		"Unrecorded": {"the process was killed between the creation and the record",
			begun(now, func(o *Observed) { o.Objects[1].Recorded = false }), RecordObjects, ""},
		"Deleted": {"it is forgotten before it is made anew",
			begun(now, func(o *Observed) { o.Objects[1].Exists = false }), RecordObjects, ""},
		"SourceRecord": {"a roll back needs it", begun(now, func(o *Observed) { o.Pinned = false }), End, api.ReasonRecordLost},
		"TargetRecord": {"how far the switch was is not known",
			begun(now, func(o *Observed) { o.TargetLost, o.Pinned, o.Record = true, false, Record{} }), End, api.ReasonRecordLost},
		"Plan": {"it is not made anew in the middle",
			begun(now, func(o *Observed) { o.PlanLost, o.Pinned = true, false }), End, api.ReasonRecordLost},
		"AllRecords": {"the ledgers say that something was stopped",
			begun(now, func(o *Observed) { o.HasRecord, o.Pinned, o.Record = false, false, Record{} }), End, api.ReasonRecordLost},
		"RollingBack": {"the source is about to come back",
			begun(now, func(o *Observed) { o.Record.RollbackAt = &now }), End, api.ReasonRollingBack},
		"OtherProcess": {"the former one must know that it is replaced",
			begun(now, func(o *Observed) { o.Process = "b"; o.Record.Process = "a" }), TakeOver, ""},
		"OthersEnd": {"they may still act", begun(now, func(o *Observed) { o.Others = []string{"Pod/a"} }), Wait, ""},
		"OthersHang": {"a wait has an end that is told",
			begun(now, func(o *Observed) { o.Others, o.Began = []string{"Pod/a"}, now.Add(-time.Hour) }), End, "Pod/a"},
		"SourceActive": {"both would take traffic", begun(now, func(o *Observed) { committed(o); o.Workloads[0].Stopped = false }), Wait, ""},
		"SourcePods":   {"the same, by its Pods", begun(now, func(o *Observed) { committed(o); o.SourcePods = []string{"Pod/w0-1"} }), Wait, ""},
		"SourceStays": {"a person has to decide", begun(now, func(o *Observed) {
			committed(o)
			o.Workloads[0].Stopped, o.Repeated = false, Repeated{Kind: Wait, Step: "Open", Since: now.Add(-time.Hour)}
		}), End, api.ReasonSourceActive},
		"CommitLost": {"the record of the source is made again",
			begun(now, func(o *Observed) { committed(o); o.CommittedBoth, o.Pinned = false, false }), Commit, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := Next(c.o)
			said := a.Message
			if a.Result != nil {
				said += " " + a.Result.Reason
			}
			if a.Kind != c.want || !strings.Contains(said, c.says) {
				t.Errorf("%s: got %s (%s), want %s with %q", c.reason, a.Kind, said, c.want, c.says)
			}
		})
	}
}

// TestRollbackAmongOthers: the source comes back only when nothing runs at the target, and the roll
// back ends only when the source has what it had.
func TestRollbackAmongOthers(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	back := func(change func(*Observed)) Observed {
		return begun(now, func(o *Observed) {
			o.Record.RollbackAt, o.Objects, o.Claims = &now, nil, nil
			change(o)
		})
	}
	unledgered := func(o *Observed) { o.Workloads[0].Ledger, o.Workloads[0].Written = false, nil }
	for name, c := range map[string]struct {
		reason string
		o      Observed
		want   Kind
		says   string
	}{
		"Ledger":     {"it says what to restore", back(func(*Observed) {}), Restore, ""},
		"LedgerGone": {"the plan says it, too", back(unledgered), Restore, ""},
		"Recorded": {"the record says it", back(func(o *Observed) {
			unledgered(o)
			o.PlanLost, o.Record.Former = true, []Former{{Ref: ref(0), Ledger: *ledger(3)}}
		}), Restore, ""},
		"Unknown": {"nothing says it: it must not look restored",
			back(func(o *Observed) { unledgered(o); o.PlanLost = true }), End, api.ReasonNotRestored},
		"WasZero": {"it has what it had",
			back(func(o *Observed) { unledgered(o); o.Record.Former = []Former{{Ref: ref(0), Ledger: *ledger(0)}} }), Forget, ""},
		"Runs": {"another client has started it", back(func(o *Observed) { unledgered(o); o.Workloads[0].Stopped = false }), Forget, ""},
		"Deleted": {"it cannot be restored",
			back(func(o *Observed) { unledgered(o); o.Workloads[0].Missing = true }), End, "Deployment.apps/w0"},
		"Unstopped": {"the switch has not stopped it", back(func(o *Observed) { unledgered(o); o.Record.QuiescedAt = nil }), Forget, ""},
		"NoRecords": {"the ledgers are there", back(func(o *Observed) { o.HasRecord, o.Record = false, Record{} }), Restore, ""},
		"NoLocks": {"nothing is restored without them", back(func(o *Observed) {
			o.HasRecord, o.Record, o.SourceLock, o.TargetLock = false, Record{}, LockFree, LockFree
		}), Lock, ""},
		"NamespaceGone": {"nothing can be locked there, nor run",
			back(func(o *Observed) { o.TargetLock, o.TargetGone, o.TargetLost = LockFree, true, true }), Restore, ""},
		"NamespaceGoes": {"what runs there ends first", back(func(o *Observed) {
			o.TargetLock, o.TargetGone, o.TargetPods = LockFree, true, []string{"Pod/w0-1"}
		}), Wait, "Pod/w0-1"},
		"NamespaceThere": {"it is locked", back(func(o *Observed) { o.TargetLock = LockFree }), Lock, ""},
		"TargetRuns": {"both would run",
			back(func(o *Observed) { o.TargetPods = []string{"Pod/w0-1 (made by another client)"} }), Wait, "Pod/w0-1"},
		"NotNoted": {"a cutover that counts as dead must not commit", back(func(o *Observed) { o.Record.RollbackAt = nil }), RecordRollback, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := NextRollback(c.o)
			said := a.Message
			if a.Result != nil {
				said += " " + a.Result.Reason
			}
			if a.Kind != c.want || !strings.Contains(said, c.says) {
				t.Errorf("%s: got %s (%s), want %s with %q", c.reason, a.Kind, said, c.want, c.says)
			}
		})
	}
}

// TestRepeated: an action whose effect does not last comes to an end that is told; one that is
// repeated for a moment does not.
func TestRepeated(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	stop := func(Observed) Action { return Action{Kind: StopTarget, Message: "stop the target"} }
	for name, c := range map[string]struct {
		reason   string
		repeated Repeated
		want     Kind
	}{
		"First":   {"it has not been done yet", Repeated{Kind: Lock, Since: now.Add(-time.Hour), Count: 50}, StopTarget},
		"Again":   {"a reading may be late", Repeated{Kind: StopTarget, Since: now.Add(-time.Second), Count: 50}, StopTarget},
		"Slow":    {"it takes long, and was done once", Repeated{Kind: StopTarget, Since: now.Add(-time.Hour), Count: 1}, StopTarget},
		"Endless": {"another client scales it up", Repeated{Kind: StopTarget, Since: now.Add(-time.Hour), Count: 50}, End},
	} {
		t.Run(name, func(t *testing.T) {
			a := bounded(stop)(Observed{Now: now, Repeated: c.repeated})
			if a.Kind != c.want || c.want == End && a.Result.Reason != api.ReasonActionRepeats {
				t.Errorf("%s: got %s (%s)", c.reason, a.Kind, a.Message)
			}
		})
	}
}

// TestRepeatedWithRecord: what another client deletes at once is recorded as gone in between, which
// is no progress.
func TestRepeatedWithRecord(t *testing.T) {
	began := time.Unix(1_800_000_000, 0)
	for name, first := range map[string]Kind{"Claims": CreateClaims, "Objects": CreateObjects, "Workloads": StartWorkloads} {
		t.Run(name, func(t *testing.T) {
			kinds, r := []Kind{first, RecordObjects}, Repeated{}
			for i := range 400 {
				o := Observed{Now: began.Add(time.Duration(i) * time.Second), Repeated: r}
				a := bounded(func(Observed) Action { return Action{Kind: kinds[i%2], Message: "create"} })(o)
				if a.Kind == End {
					if a.Result.Reason != api.ReasonActionRepeats {
						t.Errorf("it ends with %+v", a.Result)
					}
					return
				}
				r = r.next(a, o.Now)
			}
			t.Error("it does not end")
		})
	}
}
