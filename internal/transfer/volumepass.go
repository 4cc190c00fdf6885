package transfer

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// volumePass is a pass over one volume.
type volumePass struct {
	*workerPair
	progress task.VolumeProgress

	// want: its turn has come. given: go was sent in this try. done: copied and verified.
	want, given, done bool
	// givenAt, lostAt and failedAt are the times of observed.
	givenAt, lostAt, failedAt time.Time
	// moved is when moving, the progress as it was then, last changed.
	moved  time.Time
	moving task.VolumeProgress
	// message of the last decision.
	message string
}

func newVolumePass(w *workerPair) *volumePass {
	return &volumePass{workerPair: w, progress: task.VolumeProgress{Name: w.volume.Name, Stage: api.StagePending}}
}

// again begins the next try, with other Pods.
func (v *volumePass) again() {
	v.given, v.givenAt, v.lostAt = false, time.Time{}, time.Time{}
	v.progress.Stage = api.StagePreparing
}

func (v *volumePass) fail(err *Error) error {
	v.progress.Stage, v.progress.Error = api.StageFailed, err.Message
	return err
}

// observe puts together what is known of the volume.
func (v *volumePass) observe(s Spec, now time.Time, pods map[task.Role]map[string]*corev1.Pod, checked *Error) observed {
	o := observed{
		Now: now, Volume: v.volume.Name, Check: checked,
		Source: v.side(s, task.RoleSource, pods), Target: v.side(s, task.RoleTarget, pods),
		Want: v.want, Given: v.given, CreatedAt: v.created, GivenAt: v.givenAt,
		Try: v.try, Tries: maxTries, StartTimeout: s.startTimeout,
		Contents: s.Run.Exact && s.Run.Verification == task.VerifyChecksum,
	}
	o = v.judged(s, o)
	// A coordinator that takes over from a dead one finds the workers at work, or one of them done.
	// Those of a former try, which are on their way out, are not meant.
	if !s.repeats() && !v.given && o.Source.atWork() && o.Target.atWork() {
		v.given, v.givenAt = true, now
		o.Given, o.GivenAt = true, now
	}
	if _, failed := o.failures(); !failed {
		v.failedAt = time.Time{}
	} else if v.failedAt.IsZero() {
		v.failedAt = now
	}
	o.FailedAt = v.failedAt
	if v.given && (o.Source.Agent && !o.Source.Connected || o.Target.Agent && !o.Target.Connected) {
		if v.lostAt.IsZero() {
			v.lostAt = now
		}
	} else {
		v.lostAt = time.Time{}
	}
	o.LostAt = v.lostAt
	if v.given && v.moved.After(v.givenAt) {
		o.MovedAt, o.Stage = v.moved, v.progress.Stage
	}
	return o
}

// judged is what was observed, as far as this pass is concerned.
func (v *volumePass) judged(s Spec, o observed) observed {
	o.Source, o.Target = o.Source.ofRun(s.Run.ID), o.Target.ofRun(s.Run.ID)
	if s.repeats() && v.given {
		o.Source, o.Target = o.Source.endsPass(), o.Target.endsPass()
	}
	return o
}

// record keeps the progress of what was observed.
func (v *volumePass) record(o observed) {
	v.isReady, v.settled = o.ready(), o.Target.Scheduled
	if v.progress.Stage == api.StagePending && (o.Source.Exists || o.Target.Exists) {
		v.progress.Stage = api.StagePreparing
	}
	if v.given {
		v.progress = merge(v.progress, o.Source.Status, o.Target.Status)
	}
	if v.moved.Before(v.givenAt) || v.moving != v.progress {
		v.moved, v.moving = o.Now, v.progress
	}
}

// noteRoute tells once how the data of a volume travels.
func (v *volumePass) noteRoute(s Spec, r route) {
	if r.Used == "" || r.Used == v.progress.Transport {
		return
	}
	v.progress.Transport = r.Used
	s.Log.Info("the route of the data", "volume", v.volume.Name, "transport", r.Used, "address", r.Address, "problem", r.Problem,
		"after", time.Since(v.created).Round(time.Millisecond).String())
}
