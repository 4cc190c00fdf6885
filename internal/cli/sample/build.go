package sample

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

func at(d time.Duration) *metav1.Time {
	t := metav1.NewTime(Now.Add(d))
	return &t
}

func object(name, uid string, owners []metav1.OwnerReference) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: Namespace, Name: name, UID: types.UID(uid), Generation: 1, OwnerReferences: owners,
		CreationTimestamp: *at(-time.Hour)}
}

func owner(kind, name, uid string) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{APIVersion: api.GroupVersion.String(), Kind: kind, Name: name, UID: types.UID(uid), Controller: &yes}}
}

func target(name string) api.Target {
	return api.Target{Name: name, Endpoint: api.Endpoint{Namespace: "shop",
		Cluster: &api.ClusterAccess{KubeconfigSecretRef: api.SecretKeyReference{Name: name, Key: "kubeconfig"}}}}
}

func run(id string, trigger api.Trigger, started time.Duration, seconds int64) api.SyncRun {
	return api.SyncRun{ID: id, Trigger: trigger, StartedAt: at(started), FinishedAt: at(started + time.Duration(seconds)*time.Second),
		Seconds: seconds, CopySeconds: seconds - 20, Outcome: snapshot.Succeeded, Bytes: 4608 << 20, Files: 12040}
}

func set(list *[]metav1.Condition, kind string, isTrue bool, reason, message string) {
	status := metav1.ConditionFalse
	if isTrue {
		status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(list, metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message,
		LastTransitionTime: *at(-time.Minute), ObservedGeneration: 1})
}

// both sets a condition of the engine and of its pair.
func both(o *snapshot.Objects, kind string, isTrue bool, reason, message string) {
	set(&o.Engines[0].Status.Conditions, kind, isTrue, reason, message)
	set(&o.Pairs[0].Status.Conditions, kind, isTrue, reason, message)
}

// gate says why the switch of a move does not begin, or what it does.
func gate(o *snapshot.Objects, reason, message string) {
	set(&o.Engines[0].Status.Conditions, api.ConditionSwitched, false, reason, message)
	if len(o.Switches) > 0 {
		set(&o.Switches[0].Status.Conditions, api.ConditionSwitched, false, reason, message)
	}
}

func stall(o *snapshot.Objects, reason, message string) {
	set(&o.Engines[0].Status.Conditions, api.ConditionStalled, true, reason, message)
	o.Engines[0].Status.Stalled = reason
}

func blocked(o *snapshot.Objects) {
	b := []api.Blocker{{Reason: api.ReasonStorageClassMissing, Object: "PersistentVolumeClaim/data-db-0",
		Message: "the target has no StorageClass fast, which the claim data-db-0 asks for: map it in targets[].storageClasses"}}
	both(o, api.ConditionPlanned, false, api.ReasonBlocked, b[0].Reason+": "+b[0].Message)
	both(o, api.ConditionReady, false, api.ReasonBlocked, b[0].Reason+": "+b[0].Message)
	o.Pairs[0].Status.Plan.Blockers, o.Engines[0].Status.Blockers = b, b
	o.Pairs[0].Status.Channel, o.Pairs[0].Status.LastSuccessTime = api.ChannelInProgress, nil
	o.Engines[0].Status.Step = "Blocked: 1 blocker"
	o.Syncs = nil
	gate(o, api.ReasonNotReady, "MovePair shop-dst: "+b[0].Message)
}

func firstCopy(o *snapshot.Objects) {
	d := &o.Syncs[0]
	d.Status.LastSuccessTime, d.Status.NextRunTime, d.Status.Runs, d.Status.LastRun = nil, nil, nil, nil
	d.Status.Run = &api.SyncRun{ID: "run-1", Trigger: api.TriggerInitial, StartedAt: at(-90 * time.Second)}
	d.Status.BytesPerSecond, d.Status.ETASeconds = 34<<20, 62
	d.Status.Volumes = []api.VolumeStatus{
		{Name: "data-db-0", Stage: api.StageCopying, BytesDone: 2200 << 20, BytesTotal: 4 << 30, FilesDone: 6000, FilesTotal: 12000},
		{Name: "uploads", Stage: api.StageSynced, BytesDone: 300 << 20, BytesTotal: 300 << 20, FilesDone: 40, FilesTotal: 40},
	}
	o.Pairs[0].Status.LastSuccessTime = nil
	o.Pairs[0].Status.PredictedDowntimeSeconds, o.Pairs[0].Status.PredictedDowntime = 0, nil
	o.Engines[0].Status.Step = "First copy"
	gate(o, api.ReasonSyncing, "the first copy of the data goes on while the application runs: kubectl -n shop get datasyncs")
}

func suspended(o *snapshot.Objects) {
	o.Engines[0].Spec.Suspend, o.Engines[0].Status.Step = true, "Suspended"
	gate(o, api.ReasonSuspended, "spec.suspend is set")
}

func scheduled(o *snapshot.Objects) {
	const two = "2026-11-22T02:00:00Z"
	o.Engines[0].Spec.Switch = &api.EngineSwitch{SwitchPolicy: api.SwitchPolicy{At: two}}
	o.Switches[0].Spec.At, o.Switches[0].Spec.ApprovedPlan = two, Hash
	o.Engines[0].Status.Step = "Waiting for " + two
	set(&o.Switches[0].Status.Conditions, api.ConditionApproved, true, api.ReasonApproved, "plan "+Hash+" is approved")
	gate(o, api.ReasonScheduled, "the switch begins at "+two)
}

func switching(o *snapshot.Objects) {
	m := &o.Switches[0]
	m.Spec.ApprovedPlan, m.Status.Active = Hash, api.ActiveNone
	m.Status.Steps = []api.SwitchStep{
		step("Lock", -40, 1), step("Pin", -39, 1), step("Workers", -38, 13), step("Deltas", -25, 8), step("Quiesce", -17, 5),
		{Name: "FinalSync", State: snapshot.StepRunning, StartedAt: at(-12 * time.Second), Message: "copies what has changed"},
	}
	set(&m.Status.Conditions, api.ConditionApproved, true, api.ReasonApproved, "plan "+Hash+" is approved")
	d := &o.Syncs[0]
	d.Status.Run = &api.SyncRun{ID: "run-3", Trigger: api.TriggerFinal, StartedAt: at(-12 * time.Second)}
	d.Status.BytesPerSecond, d.Status.ETASeconds = 110<<20, 3
	d.Status.Volumes[0].Stage, d.Status.Volumes[0].BytesDone = api.StageCopying, 3600<<20
	d.Status.Volumes[1].Stage = api.StageVerifying
	o.Engines[0].Status.Step, o.Engines[0].Status.Active.Side = "Cutover: FinalSync", api.ActiveNone
	gate(o, api.ReasonRunning, "the cutover is at FinalSync")
}

func step(name string, started, seconds int) api.SwitchStep {
	begin := time.Duration(started) * time.Second
	return api.SwitchStep{Name: name, State: snapshot.StepDone, StartedAt: at(begin), FinishedAt: at(begin +
		time.Duration(seconds)*time.Second)}
}

func held(o *snapshot.Objects) {
	switching(o)
	fail(o)
	gate(o, api.ReasonHeld, "onFailure is Hold: Deployment web is not healthy after 5m0s")
	stall(o, api.ReasonHeld, "the cutover has failed and is held: Deployment web is not healthy after 5m0s: "+
		`kubectl -n shop patch moveswitch shop-dst --type=merge -p '{"spec":{"desired":"RolledBack"}}'`)
}

func rolledBack(o *snapshot.Objects) {
	switching(o)
	fail(o)
	o.Switches[0].Status.Active, o.Engines[0].Status.Active.Side = api.ActiveSource, api.ActiveSource
	o.Engines[0].Status.Step = "Rolled back"
	gate(o, api.ReasonRolledBack, "the source is back: Deployment web is not healthy after 5m0s")
	stall(o, api.ReasonRolledBack, "the source is back; to try again: "+
		`kubectl -n shop patch moveswitch shop-dst --type=merge -p '{"spec":{"retry":"1"}}'`)
}

// fail lets the application be not healthy at the target.
func fail(o *snapshot.Objects) {
	m := &o.Switches[0]
	m.Status.Steps[5] = step("FinalSync", -12, 4)
	m.Status.Steps = append(m.Status.Steps, step("Activate", -8, 1), step("Start", -7, 1),
		api.SwitchStep{Name: "Health", State: snapshot.StepFailed, StartedAt: at(-6 * time.Second), FinishedAt: at(-time.Second),
			Message: "Deployment web is not healthy after 5m0s: Pod web-1 waits: ImagePullBackOff"})
	o.Syncs[0].Status.Run = nil
}

func switched(o *snapshot.Objects) {
	switching(o)
	m := &o.Switches[0]
	m.Status.Steps[5] = step("FinalSync", -12, 4)
	m.Status.Steps = append(m.Status.Steps, step("Activate", -8, 1), step("Start", -7, 1), step("Health", -6, 3),
		step("Commit", -3, 1), step("Open", -2, 1), step("Finish", -1, 1))
	m.Status.Active, m.Status.CommittedAt, m.Status.DowntimeSeconds = api.ActiveTarget, at(-2*time.Second), 16
	final := run("run-3", api.TriggerFinal, -12*time.Second, 4)
	final.CopySeconds = 3
	m.Status.FinalRun = &final
	set(&m.Status.Conditions, api.ConditionSwitched, true, api.ReasonSucceeded, "the application runs at the target")
	set(&m.Status.Conditions, api.ConditionCommitted, true, api.ReasonCommitted, "the point of no return was passed")
	d := &o.Syncs[0]
	d.Status.Run, d.Status.NextRunTime = nil, nil
	d.Status.Runs = append([]api.SyncRun{final}, d.Status.Runs...)
	for i := range d.Status.Volumes {
		d.Status.Volumes[i].Stage, d.Status.Volumes[i].BytesDone = api.StageSynced, d.Status.Volumes[i].BytesTotal
	}
	o.Pairs[0].Status.Channel = api.ChannelComplete
	e := &o.Engines[0]
	e.Status.Step, e.Status.Active = "Switched to dst", &api.EngineActive{Side: api.ActiveTarget, Target: "dst", Since: at(-2 * time.Second)}
	set(&e.Status.Conditions, api.ConditionSwitched, true, api.ReasonSucceeded, "the application runs at target dst")
}

func returned(o *snapshot.Objects) {
	switched(o)
	e := &o.Engines[0]
	e.Status.Step, e.Status.Active = "Back at the source", &api.EngineActive{Side: api.ActiveSource, Since: at(-time.Second)}
	set(&e.Status.Conditions, api.ConditionSwitched, true, api.ReasonSucceeded, "the application was at target dst, and is back at the source")
}

// wayBack is a MoveReverse that waits for its approval, after the switch.
func wayBack(o *snapshot.Objects) {
	switched(o)
	r := api.MoveReverse{ObjectMeta: object("shop-back", "uid-reverse", nil),
		Spec: api.MoveReverseSpec{SwitchRef: api.LocalReference{Name: Pair}, Sync: &api.SyncPolicy{Interval: "30s"}},
		Status: api.MoveReverseStatus{ObservedGeneration: 1, Active: api.ActiveSource, Channel: api.ChannelActive, PlanHash: "957ac422b77b3c54",
			Step: "Waiting for the approval of plan 957ac422b77b3c54"}}
	other := base()
	p := other.Pairs[0]
	p.ObjectMeta = object("shop-back", "uid-pair-back", owner("MoveReverse", "shop-back", "uid-reverse"))
	from := target("dst").Endpoint
	p.Spec.Source, p.Spec.Target, p.Status.Plan.Hash = &from, api.Target{Name: "back"}, "957ac422b77b3c54"
	m := other.Switches[0]
	m.ObjectMeta = object("shop-back", "uid-switch-back", owner("MoveReverse", "shop-back", "uid-reverse"))
	m.Spec.PairRef.Name, m.Status.PlanHash = "shop-back", "957ac422b77b3c54"
	r.Status.Conditions = other.Engines[0].Status.Conditions
	d := other.Syncs[0]
	d.ObjectMeta = object("shop-back-restic", "uid-sync-back", owner("MovePair", "shop-back", "uid-pair-back"))
	d.Spec.PairRef.Name = "shop-back"
	o.Reverses, o.Pairs, o.Switches, o.Syncs = []api.MoveReverse{r}, append(o.Pairs, p), append(o.Switches, m), append(o.Syncs, d)
}

// targets has a second target, to which the move does not switch.
func targets(o *snapshot.Objects) {
	e := &o.Engines[0]
	e.Spec.Targets = append(e.Spec.Targets, target("far"))
	e.Spec.Switch = &api.EngineSwitch{Target: "dst"}
	p := base().Pairs[0]
	p.ObjectMeta = object("shop-far", "uid-pair-far", owner("MoveEngine", Engine, "uid-engine"))
	p.Spec.Target, p.Status.PredictedDowntimeSeconds = target("far"), 95
	o.Pairs = append(o.Pairs, p)
}

// hostile has in each text of a cluster what a terminal would carry out.
func hostile(o *snapshot.Objects) {
	const evil = "\x1b[2J\x1b]0;owned\x07\u202e"
	blocked(o)
	o.Engines[0].Status.Step = evil + "Blocked"
	stall(o, "Evil", "it stalls"+evil)
	b := &o.Pairs[0].Status.Plan.Blockers[0]
	b.Reason, b.Message, b.Object = "Evil"+evil, evil+"message", "Claim/"+evil
	o.Pairs[0].Status.Plan.Warnings = []string{"a warning" + evil}
	o.Switches[0].Status.Steps = []api.SwitchStep{{Name: evil, State: evil, Message: evil}}
	o.Syncs = []api.DataSync{dataSync()}
	o.Syncs[0].Status.Volumes[0].Error = "failed" + evil
	o.Syncs[0].Status.Runs[0].Outcome, o.Syncs[0].Status.Runs[0].Message = "Failed"+evil, evil
}
