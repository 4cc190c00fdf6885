package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/probe"
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/task"
)

const (
	probeContainer = "probe"
	// ProbeLabel marks the claims on which the target is tried, and their Pods. They are deleted
	// when that has ended.
	ProbeLabel = "kubemove.io/probe"
	// tryLimit of a probe: the volume is made, mounted and tried.
	tryLimit = 10 * time.Minute
	// forgetLimit until what earlier probes have left is gone.
	forgetLimit = time.Minute
	// maxProbeSize of a probe claim. Some drivers make no smaller volumes.
	maxProbeSize = 1 << 30
)

// Tryout is a new volume of the target, and the worker that has to be able to write to it.
type Tryout struct {
	// Volume with the identity to try.
	Volume application.Volume
	// Class of the claim and its access modes, as those of the volume's claim, and the size of that.
	Class *string
	Modes []corev1.PersistentVolumeAccessMode
	Size  int64
	// Owners of the files that will be restored. Those that the worker could not set anyway are
	// left out.
	Owners []survey.Owner
}

// Tried is what became of a tryout.
type Tried struct {
	// Err is why the worker cannot write there; nil: it can, or that is not known.
	Err *Error
	// Untried says why it is not known; empty: it is.
	Untried string
}

// TryTargets finds out before anything is stopped whether the workers can write to new volumes of
// the target: a Pod with the user and the rights of the worker mounts a small claim of the same class
// and restores a few files. The application's own claims are not touched. Tryouts of the same kind are
// made once; the answers are in their order.
func TryTargets(ctx context.Context, s Spec, tryouts []Tryout) []Tried {
	s = s.withDefaults()
	var kinds []string
	var firsts []Tryout
	of := make([]int, len(tryouts))
	for i, t := range tryouts {
		kind := t.kind()
		if of[i] = slices.Index(kinds, kind); of[i] < 0 {
			of[i] = len(kinds)
			kinds, firsts = append(kinds, kind), append(firsts, t)
		}
	}
	answers := make([]Tried, len(kinds))
	cluster.InTurns(len(kinds), s.Limits.ConcurrentVolumes, func(i int) { answers[i] = tryTarget(ctx, s, firsts[i], kinds[i]) })
	out := make([]Tried, len(tryouts))
	for i, t := range tryouts {
		out[i] = answers[of[i]]
		if out[i].Err != nil {
			out[i].Err = out[i].Err.about(t.Volume.Name)
		}
	}
	return out
}

// kind is the same for tryouts that would have the same answer.
func (t Tryout) kind() string {
	place := t.Volume.Placement
	place.Group = ""
	data, err := json.Marshal([]any{t.Volume.Worker(true), t.Class, t.Modes, t.owners(), place})
	if err != nil {
		return t.Volume.Name // By itself, then.
	}
	return hash10(string(data))
}

// owners that the worker sets: its own, and those of the files.
func (t Tryout) owners() []survey.Owner {
	w := surveyWorker(t.Volume.Worker(true))
	var out []survey.Owner
	for _, o := range t.Owners {
		if w.MayOwn(o) && !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	if len(out) == 0 {
		out = append(out, survey.Owner{UID: w.UID, GID: w.GIDs[len(w.GIDs)-1]})
	}
	return out
}

func tryTarget(ctx context.Context, s Spec, t Tryout, kind string) Tried {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	name := "kubemove-probe-" + hash10(s.PairUID, s.Run.ID, kind)
	pod, err := buildProbe(s, t, name)
	if err != nil {
		return Tried{Err: AsError(err)}
	}
	defer forgetProbeClaim(ctx, s, name)
	switch err := ensureProbeClaim(ctx, s, buildProbeClaim(s, t, name)); {
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		return Tried{Untried: "the target does not let in a small claim for it: " + clip(err.Error())}
	case err != nil:
		return Tried{Err: AsError(fmt.Errorf("cannot create a probe claim at the target: %w", err))}
	}
	pod, err = runToCompletion{
		cluster: s.Target, volume: t.Volume.Name, limit: tryLimit,
		pod:  fmt.Sprintf("the Pod that tries a new volume for %s", t.Volume.Name),
		late: fmt.Sprintf("a new volume for %s was not tried at the target", t.Volume.Name),
	}.run(ctx, s, pod)
	if err != nil {
		return Tried{Err: AsError(err)}
	}
	return Tried{Err: judgeProbe(t, pod, s.Target.Namespace)}
}

// judgeProbe is why the worker cannot write to the volume, as the probe's Pod has said; nil: it can.
func judgeProbe(t Tryout, pod *corev1.Pod, namespace string) *Error {
	message := pod.Status.Message
	for _, c := range pod.Status.ContainerStatuses {
		if end := c.State.Terminated; end != nil {
			message = end.Message
		}
	}
	report, err := probe.Decode(message)
	if pod.Status.Phase == corev1.PodFailed || err != nil {
		return failed(ReasonWorkerFailed,
			fmt.Sprintf("the probe of a new volume for claim %s failed at the target: %s", t.Volume.Name, orUnknown(clip(message))), task.RetrySoon)
	}
	if report.Problem == "" {
		return nil
	}
	class := "the default StorageClass"
	if t.Class != nil {
		class = "StorageClass " + *t.Class
	}
	id := t.Volume.Worker(true)
	what := fmt.Sprintf("the worker of claim %s runs as user %d at the target, and on a new volume of %s it %s",
		t.Volume.Name, *id.UID, class, clip(report.Problem))
	if !report.Denied {
		return failed(api.ReasonSyncFailed, what, task.RetryLater)
	}
	return failed(api.ReasonNeedsPrivilegedMover, what+". "+allow(id, namespace), task.RetryLater)
}

// allow says how a worker gets the rights that it lacks on a new volume.
func allow(id application.Identity, namespace string) string {
	annotate := fmt.Sprintf("let an administrator of the target allow a worker with all rights: kubectl annotate namespace %s %s=true",
		namespace, api.PrivilegedMoversAnnotation)
	switch {
	case *id.UID == 0 && len(id.Capabilities) == len(application.CopyCapabilities()):
		return "No user can have more rights: map the claim to a StorageClass whose volumes keep owners and modes (storageClasses of the " +
			"target; of NFS, one that is exported with no_root_squash)"
	case *id.UID == 0:
		return "Allow the workload's container the capabilities CHOWN, DAC_OVERRIDE and FOWNER, or " + annotate
	case id.FSGroup == nil:
		return "Set fsGroup in the securityContext of the workload's Pods, or " + annotate
	}
	return fmt.Sprintf("The volume's driver does not apply the fsGroup %d: map the claim to a StorageClass that does, or %s",
		*id.FSGroup, annotate)
}

// buildProbe makes a Pod with the rights of the worker at the target.
func buildProbe(s Spec, t Tryout, name string) (*corev1.Pod, error) {
	owners, err := json.Marshal(t.owners())
	if err != nil {
		return nil, fmt.Errorf("cannot encode the owners of files: %w", err)
	}
	labels := s.labels("", "")
	labels[ProbeLabel] = "true"
	id := t.Volume.Worker(true)
	pod := probePod(s.Target, name, labels, id, tryLimit)
	where := targetPlacement(t.Volume)
	where.Group = "" // Others of the group are not there.
	where.apply(pod)
	pod.Spec.Containers = []corev1.Container{{
		Name:            probeContainer,
		Image:           s.AgentImage,
		ImagePullPolicy: s.PullPolicy,
		Command:         []string{"kubemove-task", probeContainer},
		Env:             []corev1.EnvVar{{Name: probe.OwnersEnv, Value: string(owners)}},
		Resources:       resources("20m", "1", "32Mi", "128Mi"),
		SecurityContext: containerSecurity(id.Capabilities...),
		VolumeMounts:    []corev1.VolumeMount{{Name: "volume", MountPath: probe.VolumeDir}},
	}}
	pod.Spec.Volumes = []corev1.Volume{{Name: "volume", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name}}}}
	return pod, nil
}

func buildProbeClaim(s Spec, t Tryout, name string) *corev1.PersistentVolumeClaim {
	labels := s.labels("", "")
	labels[ProbeLabel] = "true"
	modes, size := t.Modes, int64(maxProbeSize)
	if len(modes) == 0 {
		modes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	}
	if t.Size > 0 {
		size = min(size, t.Size)
	}
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.Target.Namespace, Labels: labels},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: modes, StorageClassName: t.Class,
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceStorage: *resource.NewQuantity(size, resource.BinarySI)}},
		},
	}
}

// ensureProbeClaim creates the claim. One of that name which a killed task has left is on its way out,
// or as good as new.
func ensureProbeClaim(ctx context.Context, s Spec, claim *corev1.PersistentVolumeClaim) error {
	client := s.Target.Kube.CoreV1().PersistentVolumeClaims(s.Target.Namespace)
	for {
		_, err := client.Create(ctx, claim, metav1.CreateOptions{})
		if !apierrors.IsAlreadyExists(err) {
			return err
		}
		there, err := client.Get(ctx, claim.Name, getOptions)
		switch {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return err
		case there.DeletionTimestamp == nil:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("an earlier claim %s does not go away: %w", claim.Name, ctx.Err())
		case <-time.After(pollInterval):
		}
	}
}

func forgetProbeClaim(ctx context.Context, s Spec, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := s.Target.Kube.CoreV1().PersistentVolumeClaims(s.Target.Namespace).Delete(ctx, name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		s.Log.Warn("a probe claim is left, the next opening of the channel removes it", "claim", name, "error", err.Error())
	}
}

// ForgetProbes removes the Pods and claims that killed probes of the pair have left at the target.
func ForgetProbes(ctx context.Context, c *cluster.Cluster, pairUID string) error {
	ctx, cancel := context.WithTimeout(ctx, forgetLimit)
	defer cancel()
	selector := ofPair(pairUID) + "," + ProbeLabel
	return errors.Join(removeWorkers(ctx, c, selector), deleteClaims(ctx, c, selector, "probe"))
}
