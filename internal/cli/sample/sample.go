// Package sample has moves in each of their phases, as the hooks write them, for the tests of the packages that read moves.
package sample

import (
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// Now of all samples.
var Now = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// The names of all samples.
const (
	Namespace = "shop"
	Engine    = "shop"
	Pair      = "shop-dst"
	Hash      = "3f6b1c2a9d8e7f60"
)

// Names of the samples, in order.
func Names() []string { return slices.Sorted(maps.Keys(samples)) }

// Objects of the sample of that name.
func Objects(name string) snapshot.Objects {
	change, ok := samples[name]
	if !ok {
		panic("there is no sample " + name)
	}
	o := base()
	change(&o)
	return o
}

// Snapshot of the sample of that name.
func Snapshot(name string) snapshot.Snapshot { return snapshot.New(Objects(name), Now) }

// Move of the sample of that name: its MoveEngine, or the MoveReverse where it is one of a way back.
func Move(name string) snapshot.Move {
	moves := Snapshot(name).Moves
	return moves[len(moves)-1]
}

// samples by what they are of.
var samples = map[string]func(*snapshot.Objects){
	"starting": func(o *snapshot.Objects) {
		o.Engines[0].Status = api.MoveEngineStatus{}
		o.Pairs, o.Syncs, o.Switches = nil, nil, nil
	},
	"refused": func(o *snapshot.Objects) {
		set(&o.Engines[0].Status.Conditions, api.ConditionAccepted, false, api.ReasonUnknownMobilizer,
			"there is no mobilizer rsync: this installation has restic")
		stall(o, api.ReasonUnknownMobilizer, "there is no mobilizer rsync: this installation has restic: kubectl -n shop edit moveengine shop")
		o.Pairs, o.Syncs, o.Switches = nil, nil, nil
	},
	"planning": func(o *snapshot.Objects) {
		both(o, api.ConditionPlanned, false, api.ReasonPlanning, "the plan is being made")
		both(o, api.ConditionReady, false, api.ReasonPlanning, "the plan is being made")
		o.Pairs[0].Status.Plan, o.Pairs[0].Status.Channel = nil, api.ChannelInProgress
		o.Switches[0].Status.PlanHash = ""
		o.Syncs = nil
	},
	"blocked":   blocked,
	"firstcopy": firstCopy,
	"approval":  func(*snapshot.Objects) {},
	"suspended": suspended,
	"scheduled": scheduled,
	"declined":  func(o *snapshot.Objects) { gate(o, api.ReasonDeclined, "lock: another switch works in namespace shop") },
	"switching": switching,
	"rollingback": func(o *snapshot.Objects) {
		switching(o)
		gate(o, api.ReasonRollingBack, "the source is brought back: health")
	},
	"held":       held,
	"rolledback": rolledBack,
	"cancelled": func(o *snapshot.Objects) {
		gate(o, api.ReasonCancelled, "desired is Cancelled")
		o.Switches[0].Spec.Desired = "Cancelled"
	},
	"switched": switched,
	"returned": returned,
	"wayback":  wayBack,
	"deleting": func(o *snapshot.Objects) {
		at := metav1.NewTime(Now)
		o.Engines[0].DeletionTimestamp, o.Engines[0].Status.Step = &at, "Deleting"
	},
	"targets": targets,
	"hostile": hostile,
}

// base is a live move that was copied and waits for its approval.
func base() snapshot.Objects {
	used, files := int64(4<<30), int64(12000)
	small, few := int64(300<<20), int64(40)
	o := snapshot.Objects{
		Engines: []api.MoveEngine{{
			ObjectMeta: object(Engine, "uid-engine", nil),
			Spec: api.MoveEngineSpec{Mode: api.ModeLive, Sync: &api.SyncPolicy{Interval: "5m"},
				Targets: []api.Target{target("dst")}},
			Status: api.MoveEngineStatus{ObservedGeneration: 1, Active: &api.EngineActive{Side: api.ActiveSource},
				Step: "Waiting for the approval of plan " + Hash},
		}},
		Pairs: []api.MovePair{{
			ObjectMeta: object(Pair, "uid-pair", owner("MoveEngine", Engine, "uid-engine")),
			Spec:       api.MovePairSpec{Engine: Engine, Target: target("dst")},
			Status: api.MovePairStatus{ObservedGeneration: 1, Channel: api.ChannelActive, LastSuccessTime: at(-2 * time.Minute),
				PredictedDowntimeSeconds: 17, Transport: "NodePort",
				PredictedDowntime: &api.PredictedDowntime{StopSeconds: 2, CopySeconds: 6, CopyBasis: api.BasisMeasured, OwnSeconds: 7, StartSeconds: 2},
				DataSyncs:         []string{Pair + "-restic"},
				Plan: &api.PlanStatus{Hash: Hash, MadeAt: at(-20 * time.Minute), Objects: 12, SecretName: "shop-dst-plan",
					EstimatedSeconds: 40, EstimatedDowntimeSeconds: 17,
					Volumes: []api.PlannedVolume{
						{Name: "data-db-0", Target: "data-db-0", Mobilizer: "restic", CapacityBytes: 10 << 30, UsedBytes: &used, Files: &files},
						{Name: "uploads", Target: "uploads", Mobilizer: "restic", CapacityBytes: 1 << 30, UsedBytes: &small, Files: &few},
					}}},
		}},
		Syncs:    []api.DataSync{dataSync()},
		Switches: []api.MoveSwitch{moveSwitch()},
	}
	for _, list := range []*[]metav1.Condition{&o.Engines[0].Status.Conditions, &o.Pairs[0].Status.Conditions} {
		set(list, api.ConditionAccepted, true, api.ReasonAccepted, "the spec can be worked on")
		set(list, api.ConditionPlanned, true, api.ReasonPlanned, "plan "+Hash+" has no blockers")
		set(list, api.ConditionReady, true, api.ReasonActive, "the channel is active")
		set(list, api.ConditionStalled, false, api.ReasonNotStalled, "nothing waits for a person")
	}
	gate(&o, api.ReasonWaiting, "read plan "+Hash+", then approve it: kubectl -n shop patch moveswitch shop-dst "+
		`--type=merge -p '{"spec":{"approvedPlan":"`+Hash+`"}}'`)
	return o
}

func dataSync() api.DataSync {
	d := api.DataSync{
		ObjectMeta: object(Pair+"-restic", "uid-sync", owner("MovePair", Pair, "uid-pair")),
		Spec: api.DataSyncSpec{PairRef: api.LocalReference{Name: Pair}, Mobilizer: "restic",
			Volumes: []api.SyncVolume{{Name: "data-db-0", Target: "data-db-0"}, {Name: "uploads", Target: "uploads"}}},
		Status: api.DataSyncStatus{ObservedGeneration: 1, LastSuccessTime: at(-2 * time.Minute), NextRunTime: at(2 * time.Minute),
			Volumes: []api.VolumeStatus{
				{Name: "data-db-0", Stage: api.StageSynced, BytesDone: 4 << 30, BytesTotal: 4 << 30, FilesDone: 12000, FilesTotal: 12000},
				{Name: "uploads", Stage: api.StageSynced, BytesDone: 300 << 20, BytesTotal: 300 << 20, FilesDone: 40, FilesTotal: 40},
			},
			Runs: []api.SyncRun{
				run("run-2", api.TriggerSchedule, -3*time.Minute, 60),
				run("run-1", api.TriggerInitial, -15*time.Minute, 540),
			}},
	}
	d.Status.LastRun = &d.Status.Runs[0]
	return d
}

func moveSwitch() api.MoveSwitch {
	m := api.MoveSwitch{
		ObjectMeta: object(Pair, "uid-switch", owner("MoveEngine", Engine, "uid-engine")),
		Spec: api.MoveSwitchSpec{PairRef: api.LocalReference{Name: Pair},
			SwitchPolicy: api.SwitchPolicy{Approval: api.ApprovalManual}},
		Status: api.MoveSwitchStatus{ObservedGeneration: 1, Active: api.ActiveSource, PlanHash: Hash},
	}
	set(&m.Status.Conditions, api.ConditionApproved, false, api.ReasonWaiting, "read plan "+Hash+", then approve it")
	return m
}
