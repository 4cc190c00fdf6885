package transfer

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// Spec is everything that a run needs to know.
type Spec struct {
	// Source and Target endpoints. Only Config, Kube, Namespace and Side are used.
	Source, Target *cluster.Cluster
	// Run to carry out, as the first pass of the session. Trigger Final takes the claims over from any other run; Request
	// declines when another one works on them or a namespace is locked. With Exact
	// no Pod but workers may mount the claims at the source from Begin on.
	//
	// A final run needs a new ID whenever the source may have run since the last Begin: Pods of
	// the same ID that are still at work are taken over as they are.
	Run task.Run
	// Session is the ID of a session that has several passes, a new one for each process. Empty: it has one pass, and bears the
	// ID of the Run. What Repeatable says has to hold.
	Session string
	// PairUID of the MovePair: label of everything that the run creates.
	PairUID string
	// Lineage is the UID of the first pair of the pair's lineage: the repositories, which outlive a
	// run, are named by it. Default: the pair's.
	Lineage string
	// Left says of a claim of the target by its UID that an earlier switch of the lineage has left it there, so that the pair may
	// write it. Default: none is.
	Left func(types.UID) bool
	// Claims are the UIDs of the target's claims that a final run may write, by name: its switch has looked at them. Others of
	// the same names are other clients'. Default: those that are there.
	Claims map[string]types.UID
	// LockHolder is the UID of the switch whose lock (the Lease api.LockName) is expected; a
	// final run is declined when another one holds it.
	LockHolder string
	// Volumes of the application. Those with a policy other than Copy are left out.
	Volumes []application.Volume
	// Mobilizers in use, by name.
	Mobilizers []task.Mobilizer
	// StateSide keeps the state of mobilizers that have some, such as a repository: it stays where it is
	// when the direction of a move turns. Default: the target.
	StateSide task.Role
	// Pair is the name of the channel: that of the first pair of the lineage.
	Pair task.Channel
	// CredentialsDir holds a folder with the user's credentials for each mobilizer that has
	// some. Default: task.CredentialsDir.
	CredentialsDir string
	// Channel is the secret of the pair.
	Channel Channel
	// Transport between the workers.
	Transport api.Transport
	// AgentImage holds kubemove-task, the agent of the worker Pods.
	AgentImage string
	// PullPolicy of both images; empty: the cluster's default.
	PullPolicy corev1.PullPolicy
	// Limits of the run.
	Limits Limits
	// startTimeout for a worker Pod to be scheduled, pulled, mounted and connected. Default 5 minutes;
	// tests shorten it.
	startTimeout time.Duration
	// Report is called with the progress, while Open, Begin and Wait run: on each change of a
	// stage, else at most once a second; never concurrently. Optional.
	Report func(Progress)
	// Log of the run. Default: slog.Default().
	Log *slog.Logger
}

// NewSpec holds what a task says of every run of its pair. The run itself, its volumes and the
// channel are the caller's to add.
func NewSpec(t *task.Task, source, target *cluster.Cluster) Spec {
	m, first := t.Move, t.Move.FirstPair()
	return Spec{
		Source: source, Target: target, Run: t.Run,
		PairUID: m.Pair.UID, Lineage: first.UID, Pair: task.Channel{Namespace: m.Home, Name: first.Name, Lineage: first.UID},
		StateSide:  t.StateSide,
		Limits:     LimitsOf(m.Data.Limits),
		Mobilizers: m.Mobilizers, Transport: m.Data.Transport, AgentImage: m.AgentImage, PullPolicy: corev1.PullPolicy(m.ImagePullPolicy),
	}
}

// Channel is what the Secret of a pair's channel holds.
type Channel struct {
	// CACertPEM and CAKeyPEM sign the certificates of a run's agents.
	CACertPEM, CAKeyPEM []byte
	// Master is what the passwords of the lineage's repositories are derived from.
	Master []byte
}

// maxTries of each volume.
const maxTries = 3

// Limits of a run. Zero values mean the defaults.
type Limits struct {
	// ConcurrentVolumes at work at the same time. Default 4.
	ConcurrentVolumes int
	// BytesPerSecond of all volumes together; 0: no limit.
	BytesPerSecond int64
}

// LimitsOf what the user has written.
func LimitsOf(l api.Limits) Limits {
	return Limits{ConcurrentVolumes: int(l.ConcurrentVolumes), BytesPerSecond: l.BytesPerSecond}
}

func (l Limits) withDefaults() Limits {
	if l.ConcurrentVolumes <= 0 {
		l.ConcurrentVolumes = 4
	}
	return l
}

// Progress of a run.
type Progress struct {
	// Volumes in the order of the Spec.
	Volumes []task.VolumeProgress
	// BytesPerSecond over the last minute, and the time that is left at this rate; 0: not
	// known yet.
	BytesPerSecond, ETASeconds int64
	// Message says what is waited for, such as "waiting for the worker of data at the source:
	// Unschedulable: 0/3 nodes are available".
	Message string
	// Stalled says which cluster has not answered for a while; nil: both do. The run goes on.
	Stalled *task.Stalled
	// Warnings of the workers, at most ten.
	Warnings []string
}

// Result of a run that has succeeded: everything is copied, and both sides agree.
type Result struct {
	// Volumes with the verification of the target.
	Volumes []task.VolumeProgress
	// Bytes and Files that the target holds now.
	Bytes, Files int64
	// StartedAt is when the pass was begun, FinishedAt when the last volume was verified.
	StartedAt, FinishedAt time.Time
	// Adopted: a former process has placed the workers, and they may have begun before StartedAt.
	Adopted bool
	// Warnings of the workers.
	Warnings []string
}

// CopySeconds is how long the copy and its comparison took, in whole seconds and at least one; 0: it is not known. The session
// is open before, so nothing of the time for its workers is in it.
func (r Result) CopySeconds() int64 {
	if r.Adopted {
		return 0
	}
	return max(1, int64(r.FinishedAt.Sub(r.StartedAt).Round(time.Second)/time.Second))
}

// withDefaults returns a copy with every default filled in and only the volumes that are
// copied.
func (s Spec) withDefaults() Spec {
	s.Limits = s.Limits.withDefaults()
	if s.startTimeout <= 0 {
		s.startTimeout = 5 * time.Minute
	}
	if s.CredentialsDir == "" {
		s.CredentialsDir = task.CredentialsDir
	}
	if s.Log == nil {
		s.Log = slog.Default()
	}
	if s.Report == nil {
		s.Report = func(Progress) {}
	}
	var volumes []application.Volume
	for _, v := range s.Volumes {
		if v.Policy != "" && v.Policy != api.ClaimCopy {
			continue
		}
		if v.Target == "" {
			v.Target = v.Name
		}
		volumes = append(volumes, v)
	}
	s.Volumes = volumes
	return s
}

// validate refuses a Spec that no run can be made of.
func (s Spec) validate() error {
	switch {
	case s.Source == nil || s.Target == nil:
		return permanent("InvalidSpec", "the run has no source or no target endpoint: give both")
	case s.Run.ID == "" || s.PairUID == "":
		return permanent("InvalidSpec", "the run has no ID or no pair UID: give both")
	case s.repeats() && !s.Repeatable():
		return permanent("InvalidSpec", "the session is to have several passes, and a mobilizer serves one: register it with passes, or "+
			"open a session for each pass")
	case s.StateSide != "" && s.StateSide != task.RoleSource && s.StateSide != task.RoleTarget:
		return permanent("InvalidSpec",
			fmt.Sprintf("the state is to be at the side %q: expected %s or %s", s.StateSide, task.RoleSource, task.RoleTarget))
	case s.AgentImage == "":
		return permanent("InvalidSpec", "the run has no agent image: set --task-image of the installation")
	case len(s.Channel.CACertPEM) == 0 || len(s.Channel.CAKeyPEM) == 0 || len(s.Channel.Master) == 0:
		return permanent("InvalidSpec",
			"the Secret of the pair's channel lacks ca.crt, ca.key or master: delete it, then the channel is opened again")
	}
	for _, v := range s.Volumes {
		if _, ok := s.mobilizer(v); !ok {
			return permanent(api.ReasonUnknownMobilizer, fmt.Sprintf("claim %s wants the mobilizer %q, which is not registered: "+
				"register it or name another one in data.mobilizers", v.Name, v.Mobilizer))
		}
	}
	return nil
}

// mobilizer of a volume; a volume that names none gets the first.
func (s Spec) mobilizer(v application.Volume) (task.Mobilizer, bool) {
	if v.Mobilizer == "" && len(s.Mobilizers) > 0 {
		return s.Mobilizers[0], true
	}
	for _, m := range s.Mobilizers {
		if m.Name == v.Mobilizer {
			return m, true
		}
	}
	return task.Mobilizer{}, false
}

// Repeatable tells whether the mobilizers of all volumes serve several passes in one session.
func (s Spec) Repeatable() bool {
	copied := s.withDefaults().Volumes
	return len(copied) > 0 && !slices.ContainsFunc(copied, func(v application.Volume) bool {
		m, ok := s.mobilizer(v)
		return !ok || !m.Passes
	})
}

// repeats tells whether the session has several passes.
func (s Spec) repeats() bool { return s.Session != "" }

// session is the ID of the session that the run is a pass of.
func (s Spec) session() string { return cmp.Or(s.Session, s.Run.ID) }

// final tells whether the run belongs to a switch.
func (s Spec) final() bool { return s.Run.Trigger == api.TriggerFinal }

// stateSide keeps the state of mobilizers.
func (s Spec) stateSide() task.Role { return cmp.Or(s.StateSide, task.RoleTarget) }

// stateClaim is the claim of the volume at the side that keeps the state.
func (s Spec) stateClaim(v application.Volume) string {
	return podInput{Role: s.stateSide(), Volume: v}.claim()
}

// endpoint of a role.
func (s Spec) endpoint(role task.Role) *cluster.Cluster {
	if role == task.RoleSource {
		return s.Source
	}
	return s.Target
}
