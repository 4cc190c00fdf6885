package transfer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// step observes all volumes once and carries out the next action of each. It returns the
// first failure.
func (r *Run) step(ctx context.Context) error {
	checked, err := r.check(ctx)
	if err != nil {
		return err
	}
	pods := map[task.Role]map[string]*corev1.Pod{}
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		if pods[role], err = workers(ctx, r.spec.endpoint(role), r.spec.runSelector()); err != nil {
			return r.tolerate(err)
		}
	}
	r.seen()
	now := time.Now()
	r.turns()
	for _, v := range r.volumes {
		if v.done {
			continue
		}
		o := v.observe(r.spec, now, pods, checked)
		target := pods[task.RoleTarget][workerName(r.spec.Run.ID, v.volume.Name, task.RoleTarget)]
		o.Way = r.seekWay(ctx, v, target)
		r.noteWay(v, o.Way)
		v.record(o)
		r.explain(ctx, v, pods, &o)
		d := next(o)
		v.message = d.Message
		if err := r.act(ctx, v, o, d, target); err != nil {
			return err
		}
	}
	r.report(now)
	return nil
}

// act carries out a decision. The Pod is that of the worker at the target, if there is one.
func (r *Run) act(ctx context.Context, v *volumeRun, o observed, d decision, target *corev1.Pod) error {
	switch d.Action {
	case actCreate:
		return r.tolerateOthers(r.place(ctx, v, o))
	case actGo:
		if err := distrust(ctx, r.spec, v.volume, target); err != nil {
			return r.tolerateOthers(err)
		}
		// The last look: between it and the first write nothing else is asked.
		r.checkedAt = time.Time{}
		checked, err := r.check(ctx)
		if err != nil {
			return err
		}
		if checked != nil {
			return r.fail(v, checked.about(v.volume.Name))
		}
		v.given, v.givenAt = true, time.Now()
		v.link.Go()
		r.spec.Log.Info("workers started", "volume", v.volume.Name, "try", v.try)
	case actRetry:
		r.spec.Log.Warn("trying a volume again", "volume", v.volume.Name, "failedTry", v.try, "reason", d.Message)
		r.addWarnings(o)
		r.warn(fmt.Sprintf("try %d of %s failed: %s", v.try, v.volume.Name, d.Message))
		v.learn(d.Reason)
		return r.tolerateOthers(r.restart(ctx, v))
	case actDone:
		vouch(ctx, r.spec, v.volume, target)
		v.done = true
		r.addWarnings(o)
		v.progress = completed(v.progress, o.Target.Status)
		v.disconnect()
		r.spec.Log.Info("volume synced", "volume", v.volume.Name, "files", v.progress.FilesDone, "bytes", v.progress.BytesDone)
	case actFail:
		r.addWarnings(o)
		return r.fail(v, d.Err)
	}
	return nil
}

func (r *Run) fail(v *volumeRun, err *Error) error {
	v.progress.Stage, v.progress.Error = api.StageFailed, err.Message
	return err
}

// place creates the Pods of a volume that are missing.
func (r *Run) place(ctx context.Context, v *volumeRun, o observed) error {
	if v.created.IsZero() {
		v.created = time.Now()
	}
	source, err := r.spec.Source.Kube.CoreV1().PersistentVolumeClaims(r.spec.Source.Namespace).Get(ctx, v.volume.Name, getOptions)
	if err != nil {
		return fmt.Errorf("cannot read claim %s of the source: %w", v.volume.Name, err)
	}
	if v.mobilizer.ManagedState() {
		beside := r.world.TargetClaims[v.volume.Target]
		if r.spec.stateSide() == task.RoleSource {
			beside = source
		}
		if err := ensureRepository(ctx, r.spec, v.volume, source.UID, beside.Spec.StorageClassName); err != nil {
			return err
		}
	}
	v.placement = place(source, r.world.SourcePods)
	if err := r.ensureService(ctx, v); err != nil {
		return err
	}
	leader := leaderOf(v, r.volumes, r.world.TargetClaims)
	if leader != nil && !o.Target.Exists {
		// Its own time begins when it may start.
		v.created, v.message = time.Now(), cmp.Or(leader.message, v.message)
	}
	for role, s := range map[task.Role]side{task.RoleSource: o.Source, task.RoleTarget: o.Target} {
		if s.Exists || role == task.RoleTarget && leader != nil {
			continue
		}
		in := v.input(role)
		in.Origin = source.UID
		if role == task.RoleTarget {
			in.Direct = r.transport.Type != api.TransportRelay
			if err := trust(ctx, r.spec, &in, source); err != nil {
				return err
			}
		}
		if err := ensurePod(ctx, r.spec, in); err != nil {
			return err
		}
	}
	if v.link == nil {
		v.connect(r.life, r.spec, r.wake)
	}
	return nil
}

// restart deletes both Pods of a volume; once they are gone they are created again.
func (r *Run) restart(ctx context.Context, v *volumeRun) error {
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		c := r.spec.endpoint(role)
		in := v.input(role)
		selector := r.spec.runSelector() + "," + ClaimLabel + "=" + hash10(in.claim()) + "," + api.RoleLabel + "=" + string(role)
		if err := deleteWorkers(ctx, c, selector); err != nil {
			return err
		}
	}
	v.disconnect()
	v.try++
	v.given, v.created, v.givenAt, v.lostAt = false, time.Now(), time.Time{}, time.Time{}
	v.progress.Stage = api.StagePreparing
	return nil
}

// adopt goes on with Pods that a former driver of the same run has left.
func (r *Run) adopt(pods map[task.Role]map[string]*corev1.Pod) {
	for _, v := range r.volumes {
		for role := range pods {
			pod := pods[role][workerName(r.spec.Run.ID, v.volume.Name, role)]
			if pod == nil {
				continue
			}
			if try, err := strconv.Atoi(pod.Annotations[TryAnnotation]); err == nil {
				v.try = max(v.try, try)
			}
			if v.link == nil {
				v.created = time.Now()
				v.connect(r.life, r.spec, r.wake)
			}
		}
	}
}

// turns gives the next volumes their turn, as many as may be at work at the same time.
func (r *Run) turns() {
	if !r.going {
		return
	}
	busy := 0
	for _, v := range r.volumes {
		if v.want && !v.done {
			busy++
		}
	}
	for _, v := range r.volumes {
		if busy >= r.spec.Limits.ConcurrentVolumes {
			return
		}
		if !v.want {
			v.want = true
			busy++
		}
	}
}

// check looks at the world again when it is time to.
func (r *Run) check(ctx context.Context) (*Error, error) {
	if time.Since(r.checkedAt) < checkInterval {
		return r.checked, nil
	}
	w, err := observeWorld(ctx, r.spec)
	if err != nil {
		return nil, r.tolerate(err)
	}
	m := beforePlacing
	if r.going {
		m = fromGo
	}
	r.world, r.checkedAt = w, time.Now()
	r.checked = check(r.spec, w, m)
	return r.checked, nil
}

// blindLimit is how long the driver goes on without seeing both clusters. Workers at work do not
// need it, and before it sees them again nothing can be ended or undone either; but somebody
// has to be told at some time.
const blindLimit = 5 * time.Minute

// unseenLimit is how long the clusters may not be seen until the run says so.
const unseenLimit = 30 * time.Second

// stalled tells of a cluster that has not answered for a while.
func (r *Run) stalled(now time.Time) *task.Stalled {
	if r.blind == "" || now.Sub(r.sawAt) < unseenLimit {
		return nil
	}
	return &task.Stalled{Since: metav1.NewTime(r.sawAt.Truncate(time.Second)), Reason: api.ReasonEndpointUnreachable, Message: r.blind}
}

// tolerate lets a failure to look pass for a while.
func (r *Run) tolerate(err error) error {
	if AsError(err).Reason == api.ReasonForbidden || time.Since(r.sawAt) > blindLimit {
		return err
	}
	r.spec.Log.Warn("cannot look at the workers; trying again", "error", err)
	r.blind = fmt.Sprintf("a cluster does not answer, for %s already: %s", time.Since(r.sawAt).Round(time.Second), clip(err.Error()))
	return fmt.Errorf("%w: %w", errBlind, err)
}

// tolerateOthers lets failures pass for a while that are not verdicts of ours.
func (r *Run) tolerateOthers(err error) error {
	var verdict *Error
	if err == nil || errors.As(err, &verdict) {
		return err
	}
	return r.tolerate(err)
}

// seen notes that both clusters answered.
func (r *Run) seen() { r.sawAt, r.blind = time.Now(), "" }

// addWarnings keeps what the workers of a volume warned of.
func (r *Run) addWarnings(o observed) {
	for _, s := range []*task.Status{o.Source.Status, o.Target.Status} {
		if s == nil {
			continue
		}
		for _, w := range s.Warnings {
			r.warn(o.Volume + ": " + w)
		}
	}
}

// maxWarnings that a status holds.
const maxWarnings = 10

// warn keeps a warning, once. All are in the log; of more than a status holds, the last one there says
// how many there are.
func (r *Run) warn(text string) {
	text = clip(text)
	if slices.Contains(r.warned, text) {
		return
	}
	r.warned = append(r.warned, text)
	r.spec.Log.Warn("a worker warns", "warning", text)
	r.warnings = fewWarnings(r.warned)
}

// fewWarnings are as many as a status holds.
func fewWarnings(all []string) []string {
	if len(all) <= maxWarnings {
		return slices.Clone(all)
	}
	shown := slices.Clone(all[:maxWarnings-1])
	return append(shown, fmt.Sprintf("and %d warnings more, which are in the log of the run's Job", len(all)-len(shown)))
}
