package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/task"
)

// Cluster is what the tasks find and change: the truth behind the reports.
type Cluster struct {
	// PlanHash of a plan made now, and its blockers.
	PlanHash string
	// PlanWarnings of a plan made now.
	PlanWarnings []string
	Blockers     []api.Blocker
	Volumes      []api.PlannedVolume
	// CopySeconds of each run.
	CopySeconds int64
	// Warnings of the workers in each run.
	Warnings []string

	Touched, Committed, Open, RolledBack, CleanedUp bool
	CommittedAt                                     *metav1.Time
	// Switch that these are about, by its UID: that of the newest cutover.
	Switch string
	// SourceRuns names what runs at the source after the switch, and WatchRuns what a look finds there.
	SourceRuns, WatchRuns []string
	// Expires says when credentials end.
	Expires []task.Expiry
}

// Player runs the Jobs: each gets a Pod, reports progress and ends, one step per Tick.
type Player struct {
	World   *World
	Cluster *Cluster
	// Fail is asked before a task ends: an outcome other than nil replaces its success.
	// Optional.
	Fail func(t task.Task, attempt int) *task.Result
	// Lose says that a task dies without a result. Optional.
	Lose func(t task.Task, attempt int) bool
	// Stalled is what a task waits for in vain while it runs. Optional.
	Stalled func(t task.Task) *task.Stalled
	// Report changes what a cutover or a roll back says of itself at its end. Optional.
	Report func(t task.Task, p *task.SwitchProgress)
	// Started counts the tasks by verb.
	Started map[task.Verb]int
	// AfterOpen lists the cutovers that were started when the target was open already.
	AfterOpen []string
}

// NewPlayer plays in a world.
func NewPlayer(w *World, c *Cluster) *Player {
	return &Player{World: w, Cluster: c, Started: map[task.Verb]int{}}
}

// Tick moves every Job one step on and says whether there was one to move.
func (p *Player) Tick() bool {
	moved := false
	for _, j := range p.World.List(hooks.KindJob) {
		if finished(j) {
			continue
		}
		moved = true
		p.step(j)
	}
	return moved
}

func finished(j *unstructured.Unstructured) bool {
	c, _, _ := unstructured.NestedSlice(j.Object, "status", "conditions")
	return len(c) > 0
}

func (p *Player) step(j *unstructured.Unstructured) {
	text, _, _ := unstructured.NestedString(j.Object, "spec", "template", "metadata", "annotations", task.TaskAnnotation)
	t, err := task.Decode([]byte(text))
	if err != nil {
		panic(fmt.Sprintf("Job %s has no task: %v", j.GetName(), err))
	}
	active, _, _ := unstructured.NestedFieldNoCopy(j.Object, "status", "active")
	if active == nil {
		p.start(j, *t)
		return
	}
	p.finish(j, *t)
}

func (p *Player) start(j *unstructured.Unstructured, t task.Task) {
	p.Started[t.Verb]++
	st := p.begin(t)
	if p.Stalled != nil {
		st.Stalled = p.Stalled(t)
	}
	p.World.Update(idOf(j), func(o *unstructured.Unstructured) {
		o.Object["status"] = map[string]any{"active": int64(1), "ready": int64(1)}
		annotate(o, st)
	})
}

// begin changes the clusters as far as the first report tells.
func (p *Player) begin(t task.Task) task.Status {
	p.Cluster.turn(t)
	st := status(t)
	c := p.Cluster
	switch t.Verb {
	case task.VerbCutover:
		if c.Open {
			p.AfterOpen = append(p.AfterOpen, t.Run.ID)
		}
		if t.Move.ApprovedPlan != "" && t.Move.ApprovedPlan != c.PlanHash {
			return st
		}
		c.Touched, c.RolledBack = true, false
		st.Step = "Quiesce"
		st.Switch = p.progress("Running")
		p.copying(t)
	case task.VerbRollback:
		st.Switch = p.progress("Done")
		st.Switch.Steps = []api.SwitchStep{{Name: "RollBack", State: "Running"}}
	case task.VerbSync:
		st.Volumes = counters(t.Volumes, api.StageCopying, 50)
	}
	return st
}

// copying writes the progress of the final run on the DataSyncs.
// turn begins anew for the cutover of another switch than the last one, such as that of a way back.
func (c *Cluster) turn(t task.Task) {
	if t.Verb != task.VerbCutover || t.Move.Switch.UID == c.Switch {
		return
	}
	if c.Switch != "" {
		c.Touched, c.Committed, c.Open, c.RolledBack, c.CommittedAt = false, false, false, false, nil
	}
	c.Switch = t.Move.Switch.UID
}

func (p *Player) copying(t task.Task) {
	for _, d := range p.World.List(hooks.KindDataSync) {
		st := task.Status{APIVersion: task.APIVersion, RunID: finalRun(t), Sequence: 1, BytesPerSecond: 1 << 20, ETASeconds: 30}
		st.Volumes = []task.VolumeProgress{{Name: "data", Stage: api.StageCopying, BytesDone: 40, BytesTotal: 100}}
		p.World.Update(idOf(d), func(o *unstructured.Unstructured) { annotate(o, st) })
	}
}

func finalRun(t task.Task) string { return t.Move.Switch.UID + "-1" }

func (p *Player) progress(quiesce string) *task.SwitchProgress {
	c := p.Cluster
	s := &task.SwitchProgress{Active: api.ActiveNone, Touched: c.Touched, CommittedAt: c.CommittedAt, PlanHash: c.PlanHash,
		Steps: []api.SwitchStep{{Name: "Quiesce", State: quiesce}}}
	if c.Open {
		s.Active = api.ActiveTarget
	}
	return s
}

func (p *Player) finish(j *unstructured.Unstructured, t task.Task) {
	attempt := 0
	_, _ = fmt.Sscan(j.GetLabels()[api.AttemptLabel], &attempt)
	if p.Lose != nil && p.Lose(t, attempt) {
		p.end(j, nil, false)
		return
	}
	st := status(t)
	st.Sequence = 2
	if p.Fail != nil {
		if r := p.Fail(t, attempt); r != nil {
			st.Result = r
			if t.Verb == task.VerbCutover || t.Verb == task.VerbRollback {
				st.Switch = p.progress("Done")
				if p.Report != nil {
					p.Report(t, st.Switch)
				}
			}
			p.end(j, &st, false)
			return
		}
	}
	p.succeed(t, &st)
	p.end(j, &st, st.Result.Outcome == task.OutcomeSucceeded)
}

func (p *Player) succeed(t task.Task, st *task.Status) {
	c := p.Cluster
	st.Result = &task.Result{Outcome: task.OutcomeSucceeded}
	switch t.Verb {
	case task.VerbPlan:
		st.Plan, st.Watch = p.plan(), &task.Watch{Expires: c.Expires}
	case task.VerbWatch:
		st.Watch = &task.Watch{Expires: c.Expires}
		if t.Move.Committed != nil && len(c.WatchRuns) > 0 {
			st.Watch.SourceRuns, st.Watch.StopCommand = c.WatchRuns, "kubectl -n shop scale --replicas=0 deployment/web"
		}
	case task.VerbSync:
		st.Volumes, st.Warnings, st.CopySeconds = counters(t.Volumes, api.StageSynced, 100), p.Cluster.Warnings, p.Cluster.CopySeconds
	case task.VerbCutover:
		p.cutover(t, st)
	case task.VerbRollback:
		if c.Committed {
			st.Result = &task.Result{Outcome: task.OutcomeDeclined, Reason: api.ReasonAlreadyDone}
			st.Switch = p.progress("Done")
			return
		}
		c.Touched, c.RolledBack = false, true
		st.Switch = &task.SwitchProgress{Active: api.ActiveSource, RolledBack: true,
			Steps: []api.SwitchStep{{Name: "RollBack", State: "Done"}}}
	case task.VerbCleanup:
		c.CleanedUp = true
	}
}

// Changed is what a cutover names that finds another plan than the approved one.
const Changed = "ConfigMap/settings: data.colour"

func (p *Player) plan() *api.PlanStatus {
	return &api.PlanStatus{Hash: p.Cluster.PlanHash, MadeAt: new(metav1.NewTime(p.World.Now).Rfc3339Copy()),
		SecretName: "the-plan", Objects: 3, StopSeconds: 2, StartSeconds: 5,
		Volumes: p.Cluster.Volumes, Blockers: p.Cluster.Blockers, Warnings: p.Cluster.PlanWarnings}
}

func (p *Player) cutover(t task.Task, st *task.Status) {
	c := p.Cluster
	if t.Move.ApprovedPlan != "" && t.Move.ApprovedPlan != c.PlanHash {
		st.Result = &task.Result{Outcome: task.OutcomeDeclined, Reason: api.ReasonPlanChanged,
			Message: "the application has changed since plan " + t.Move.ApprovedPlan + " was approved (" + Changed +
				"): read the new plan and approve " + c.PlanHash}
		st.Plan = p.plan()
		st.Switch = &task.SwitchProgress{Active: api.ActiveSource,
			Steps: []api.SwitchStep{{Name: "Lock", State: "Done"}, {Name: "Pin", State: "Failed"}}}
		return
	}
	now := metav1.NewTime(p.World.Now.UTC().Truncate(time.Second))
	c.Touched, c.Committed, c.Open = true, true, true
	if c.CommittedAt == nil {
		c.CommittedAt = &now
	}
	st.Switch = p.progress("Done")
	st.Switch.DowntimeSeconds, st.Switch.SourceRuns = 12, c.SourceRuns
	st.Switch.FinalRun = &api.SyncRun{ID: finalRun(t), Trigger: api.TriggerFinal, StartedAt: &now, FinishedAt: &now,
		CopySeconds: c.CopySeconds, Outcome: string(task.OutcomeSucceeded), Warnings: c.Warnings}
}

func (p *Player) end(j *unstructured.Unstructured, st *task.Status, complete bool) {
	kind, count := "Failed", "failed"
	if complete {
		kind, count = "Complete", "succeeded"
	}
	p.World.Update(idOf(j), func(o *unstructured.Unstructured) {
		o.Object["status"] = map[string]any{count: int64(1), "conditions": []any{map[string]any{
			"type": kind, "status": "True", "lastTransitionTime": p.World.Now.UTC().Format(time.RFC3339),
		}}}
		if st != nil {
			annotate(o, *st)
		}
	})
}

func status(t task.Task) task.Status {
	return task.Status{APIVersion: task.APIVersion, RunID: t.Run.ID, Sequence: 1}
}

func counters(volumes []task.Volume, stage api.VolumeStage, done int64) []task.VolumeProgress {
	var l []task.VolumeProgress
	for _, v := range volumes {
		l = append(l, task.VolumeProgress{Name: v.Name, Stage: stage, BytesDone: done, BytesTotal: 100, FilesDone: done / 10, FilesTotal: 10})
	}
	return l
}

func annotate(o *unstructured.Unstructured, st task.Status) {
	text, err := json.Marshal(st)
	if err != nil {
		panic(err)
	}
	a := o.GetAnnotations()
	if a == nil {
		a = map[string]string{}
	}
	a[task.StatusAnnotation] = string(text)
	o.SetAnnotations(a)
}

// Unfinished Jobs by name.
func (p *Player) Unfinished() []string {
	var l []string
	for _, j := range p.World.List(hooks.KindJob) {
		if !finished(j) {
			l = append(l, j.GetName())
		}
	}
	slices.Sort(l)
	return l
}
