package cutover

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
	"github.com/kubemove/kubemove/task"
)

// observe reads everything that a decision needs, from the API servers themselves. What could be read
// in part only is an error, and no observation.
func (s *switcher) observe(ctx context.Context, rollback bool) (*Observed, error) {
	o := &Observed{Now: time.Now(), Began: s.began, Us: s.us, Process: s.process,
		QuiesceTimeout: time.Duration(s.task.Move.QuiesceSeconds) * time.Second,
		HealthTimeout:  time.Duration(s.task.Move.HealthSeconds) * time.Second,
		MaxFinalSync:   time.Duration(s.task.Move.MaxFinalSyncSeconds) * time.Second}
	target := s.observeStopping
	if !rollback {
		target = func(ctx context.Context, o *Observed) error {
			return s.observeForward(ctx, o)
		}
	}
	for _, read := range []func(context.Context, *Observed) error{s.observeLocks, s.observeOthers, s.observeRecords, s.observeSource} {
		if err := read(ctx, o); err != nil {
			return nil, err
		}
	}
	if !o.Pinned && !rollback {
		return o, nil
	}
	if !rollback {
		if err := s.observeReading(ctx, o); err != nil {
			return nil, err
		}
	}
	for _, read := range []func(context.Context, *Observed) error{target, s.observeLeftovers, s.observeLeft} {
		if err := read(ctx, o); err != nil {
			return nil, err
		}
	}
	if !rollback {
		s.observeDiagnosis(ctx, o)
	}
	o.Workers = s.session != nil
	o.Repeats, o.Deltas = o.Workers && s.session.Repeats(), s.deltas
	o.DeltaEnded = s.deltaEnded
	return o, nil
}

func (s *switcher) observeLocks(ctx context.Context, o *Observed) error {
	for _, e := range s.endpoints() {
		h, forced, err := e.ReadLock(ctx)
		if err != nil {
			return err
		}
		state := &o.SourceLock
		if s.isTarget(e) {
			state = &o.TargetLock
		}
		switch {
		case h == nil:
			*state = LockFree
		case s.us.IsSelf(h.UID):
			*state = LockMine
		case forced || s.gone(ctx, *h):
			*state = LockFree // Lock takes it over.
		default:
			*state, o.Holder = LockOther, fmt.Sprintf("%s (at the %s)", h.Name, e.Name())
		}
	}
	if s.rollback && o.TargetLock == LockFree {
		return s.observeNamespace(ctx, o)
	}
	return nil
}

// observeNamespace finds out whether another client has deleted the namespace of the target: it would
// keep a roll back from taking the lock there, and the source down.
func (s *switcher) observeNamespace(ctx context.Context, o *Observed) (err error) {
	o.TargetGone, err = s.target.NamespaceGone(ctx)
	return err
}

// observeRecords reads the records and loads the pinned plan.
func (s *switcher) observeRecords(ctx context.Context, o *Observed) error {
	var atSource, atTarget *Record
	for _, e := range s.endpoints() {
		r, _, there, err := s.readRecord(ctx, e)
		if err != nil {
			return err
		}
		switch {
		case !there:
		case s.isTarget(e):
			atTarget = &r
		default:
			atSource = &r
		}
	}
	o.HasRecord = atSource != nil || atTarget != nil
	o.TargetLost = o.HasRecord && atTarget == nil
	o.Record = mergeRecords(atSource, atTarget)
	o.CommittedBoth = atSource != nil && atSource.CommittedAt != nil && atTarget != nil && atTarget.CommittedAt != nil
	if s.plan == nil {
		if err := s.loadPlan(ctx, o.Record.PlanHash); err != nil {
			return err
		}
		if err := s.sameClusters(ctx, o); err != nil {
			return err
		}
	}
	o.PlanLost = s.plan == nil
	o.Pinned = atSource != nil && atTarget != nil && s.plan != nil
	if s.plan != nil {
		o.Volumes = len(s.copied())
	}
	return nil
}

// observeSource reads the workloads, what is left of their Pods, and the claims.
func (s *switcher) observeSource(ctx context.Context, o *Observed) error {
	if s.source == nil {
		return nil
	}
	workloads, err := s.workloads(ctx, o)
	if err != nil {
		return err
	}
	keys := make([]cluster.Key, len(workloads))
	for i, w := range workloads {
		keys[i] = cluster.Key{Kind: w.Ref.Workload().GVK(), Name: w.Name}
	}
	found, err := getMany(ctx, s.source, keys)
	if err != nil {
		return err
	}
	var all, cronJobs []podOwner
	for i, w := range workloads {
		u := found[keys[i]]
		read := readWorkload(w, u, s.us)
		o.Workloads = append(o.Workloads, read)
		owner := s.podOwners(&o.Record, read)
		all = append(all, owner...)
		if isSuspendedFirst(read) {
			cronJobs = append(cronJobs, owner...)
		}
		if u != nil && read.Stopped && !workload.Settled(u) {
			o.SourcePods = append(o.SourcePods, w.Ref.String())
		}
	}
	left, err := s.source.Owners(ctx)
	if err != nil {
		return err
	}
	o.SourceJobs = left.remaining(cronJobs, nil)
	o.SourcePods = append(o.SourcePods, left.remaining(all, s.claimNames(func(v application.Volume) string { return v.Name }))...)
	if s.plan != nil {
		o.SourceEnded = left.endedOn(sourceNames(s.copied()))
	}
	return s.observeSourceClaims(ctx, o)
}

// observeSourceClaims reads the claims whose data is copied.
func (s *switcher) observeSourceClaims(ctx context.Context, o *Observed) error {
	if s.plan == nil {
		return nil
	}
	keys := claimKeys(sourceNames(s.copied()))
	found, err := getMany(ctx, s.source, keys)
	if err != nil {
		return err
	}
	for _, k := range keys {
		c := Claim{Name: k.Name}
		if u := found[k]; u != nil {
			c.Exists, c.UID, c.Going = true, u.GetUID(), u.GetDeletionTimestamp() != nil
		}
		o.SourceClaims = append(o.SourceClaims, c)
	}
	return nil
}

// workloads that are, or may have been, stopped. When neither the plan nor a record is there, these
// are what carries this switch's name at the source.
func (s *switcher) workloads(ctx context.Context, o *Observed) ([]application.Workload, error) {
	if s.plan != nil {
		return s.plan.Workloads, nil
	}
	var out []application.Workload
	for _, r := range o.Record.Changed {
		out = append(out, application.Workload{Ref: r})
	}
	if o.HasRecord {
		return out, nil
	}
	list, _, err := s.source.List(ctx, workload.Resources())
	for i := range list {
		if s.us.IsSelf(lineage.HeldBy(&list[i])) && !workload.IsPart(&list[i]) {
			out = append(out, application.Workload{Ref: application.RefOf(&list[i])})
		}
	}
	return out, err
}

// observeTarget reads the claims and every object of the plan, and what is made of them. Before
// the start only the claims count: with all false the other objects are not read.
func (s *switcher) observeTarget(ctx context.Context, o *Observed, all bool) error {
	objects := s.objects(o)
	read := slices.DeleteFunc(slices.Clone(objects),
		func(want application.Object) bool { return !all && want.Phase != application.PhaseVolume })
	for _, name := range s.targetClaims(o) {
		read = append(read, claimObject(name))
	}
	found, err := s.atTarget(ctx, read)
	if err != nil {
		return err
	}
	policies := s.claimPolicies()
	for _, name := range s.targetClaims(o) {
		want := claimObject(name)
		c := Claim{Name: name}
		c.Copied, c.Used = policies[name] == api.ClaimCopy, policies[name] == api.ClaimSkip
		if pvc := found[keyOf(&want)]; pvc != nil {
			c.Exists, c.UID, c.Mark = true, pvc.GetUID(), lineage.Active(pvc)
			c.Going = pvc.GetDeletionTimestamp() != nil
			mark := s.wholeMark(o, c)
			c.Whole = mark != "" && lineage.CopyMark(pvc) == mark
		}
		o.Claims = append(o.Claims, c)
	}
	for _, want := range objects {
		b := readTarget(want, found[keyOf(&want)], s.us)
		b.identify(o.Record.UIDs)
		o.Objects = append(o.Objects, b)
	}
	return s.observeMade(ctx, o)
}

// wholeMark is the mark that the run of a claim leaves there when it has copied all of the source's; empty: nothing is
// copied there.
func (s *switcher) wholeMark(o *Observed, c Claim) string {
	for _, v := range s.copied() {
		from := slices.IndexFunc(o.SourceClaims, func(c Claim) bool { return c.Name == v.Name })
		if v.Target == c.Name && from >= 0 {
			return s.mover.WholeMark(v, o.SourceClaims[from].UID, c.UID)
		}
	}
	return ""
}

// observeForward reads the target of a cutover. Between the copy and the start no Pod may use a claim.
func (s *switcher) observeForward(ctx context.Context, o *Observed) error {
	started := o.Record.StartedAt != nil || o.Record.CommittedAt != nil
	if err := s.observeTarget(ctx, o, started); err != nil || started || o.Record.Final == nil {
		return err
	}
	there, err := s.target.Owners(ctx)
	if err != nil {
		return err
	}
	o.TargetPods = o.left(there, there)
	return nil
}

// observeStopping reads the target and what still runs there. Pods are read twice. When those of a
// controller were gone before the workloads were read, these are all that it has made; and the
// Pods of these are all that there will be when they are read after their own controllers have
// come to zero.
func (s *switcher) observeStopping(ctx context.Context, o *Observed) error {
	before, err := s.target.Owners(ctx)
	if err != nil {
		return err
	}
	if err := s.observeTarget(ctx, o, true); err != nil {
		return err
	}
	after, err := s.target.Owners(ctx)
	if err != nil {
		return err
	}
	o.TargetPods = o.left(before, after)
	return nil
}

// objects of the plan; when the pinned plan is lost, what the record says was to be created.
func (s *switcher) objects(o *Observed) []application.Object {
	if s.plan != nil {
		return s.plan.Objects
	}
	var out []application.Object
	for _, r := range o.Record.Created {
		phase := application.PhaseStart
		if r.Kind == "PersistentVolumeClaim" {
			phase = application.PhaseVolume
		}
		out = append(out, application.Object{Ref: r, Phase: phase, Runs: slices.Contains(o.Record.Runs, r),
			Kept: slices.Contains(o.Record.Kept, r)})
	}
	return out
}

// observeLeftovers finds what any run of the pair has left on a side.
func (s *switcher) observeLeftovers(ctx context.Context, o *Observed) error {
	found, err := s.mover.Leftovers(ctx)
	o.Leftovers = found
	return err
}

// observeOthers finds Pods of this switch that may act and still run, but this one: a Job that was
// deleted is made again before its Pod has ended. A cutover waits for roll backs, too: one that goes on
// late would start the source again. A roll back does not wait for its like, which does the same.
func (s *switcher) observeOthers(ctx context.Context, o *Observed) error {
	verbs := []task.Verb{task.VerbCutover, task.VerbRollback}
	if s.rollback {
		verbs = verbs[:1]
	}
	self, err := os.Hostname() // In a Pod it is the Pod's name.
	if err != nil {
		return fmt.Errorf("cannot tell the name of this Pod: %w", err)
	}
	for _, verb := range verbs {
		pods, err := s.home.StepPods(ctx, verb)
		if err != nil {
			return err
		}
		for _, p := range pods {
			if p.Name != self && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed && s.actsFor(&p, verb) {
				o.Others = append(o.Others, "Pod/"+p.Name)
			}
		}
	}
	return nil
}

// actsFor: the Pod carries out the step for this switch, as its task says.
func (s *switcher) actsFor(p *corev1.Pod, verb task.Verb) bool {
	t, err := task.Decode([]byte(p.Annotations[task.TaskAnnotation]))
	return err == nil && t.Verb == verb && t.Subject().Kind == task.KindSwitch && s.us.IsSelf(t.Subject().UID)
}

func (s *switcher) targetClaims(o *Observed) []string {
	if s.plan != nil {
		return s.claimNames(func(v application.Volume) string { return v.Target })
	}
	return o.Record.Claims
}

func (s *switcher) claimNames(name func(application.Volume) string) []string {
	var out []string
	if s.plan != nil {
		for _, v := range s.plan.Volumes {
			out = append(out, name(v))
		}
	}
	return out
}

// claimPolicies by the claims' names at the target.
func (s *switcher) claimPolicies() map[string]api.ClaimPolicy {
	out := map[string]api.ClaimPolicy{}
	if s.plan != nil {
		for _, v := range s.plan.Volumes {
			out[v.Target] = cmp.Or(v.Policy, api.ClaimCopy)
		}
	}
	return out
}

// copied are the volumes whose data is copied.
func (s *switcher) copied() []application.Volume {
	var out []application.Volume
	if s.plan == nil {
		return nil // It is lost, and with it what was copied.
	}
	for _, v := range s.plan.Volumes {
		if cmp.Or(v.Policy, api.ClaimCopy) == api.ClaimCopy {
			out = append(out, v)
		}
	}
	return out
}
