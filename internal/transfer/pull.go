package transfer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

const (
	// nodeLimit for the scheduler to find a node.
	nodeLimit = 30 * time.Second
	// PullLimit for all images. What takes longer is not an error.
	PullLimit = 2 * time.Minute
	// pullsAtOnce: a node pulls one or a few images at a time anyway.
	pullsAtOnce = 10
	// pullDeadline of a Pod whose images are still being pulled when the plan goes on without it.
	pullDeadline = 30 * time.Minute

	// imageContainer and a number: the containers of the Pod.
	imageContainer = "image-"
	// no user in particular: the program that runs in the images needs no rights.
	unprivilegedUser = int64(65532)
)

// Pulled is what became of a set of images.
type Pulled struct {
	// Refused are the images that the nodes cannot get.
	Refused []Refusal
	// Pulling are the images that were still being pulled when the time was over. The Pod goes on
	// pulling them.
	Pulling []string
	// Unknown says why it is not known; empty: it is known.
	Unknown string
}

// Refusal of an image, in the kubelet's words.
type Refusal struct{ Image, Message string }

// Fine says whether every image is there.
func (p Pulled) Fine() bool { return len(p.Refused)+len(p.Pulling) == 0 && p.Unknown == "" }

// Pull has the target's nodes pull images, some sets at a time, with Pods that run a program of
// ours in each image, which does nothing. Its answers are in the order of the sets.
func Pull(ctx context.Context, s Spec, sets []application.Pull) []Pulled {
	s = s.withDefaults()
	end := time.Now().Add(PullLimit)
	out := make([]Pulled, len(sets))
	cluster.InTurns(len(sets), pullsAtOnce, func(i int) { out[i] = pullOne(ctx, s, sets[i], end) })
	return out
}

func pullOne(ctx context.Context, s Spec, set application.Pull, end time.Time) (out Pulled) {
	if over(end) {
		return Pulled{Unknown: fmt.Sprintf("others took all of the %s", PullLimit)}
	}
	pod, secrets := buildPulls(s, set)
	defer func() {
		if len(out.Pulling) == 0 {
			forgetProbe(ctx, s, s.Target, pod.Name)
			for _, secret := range secrets {
				forgetSecret(ctx, s, s.Target, secret.Name)
			}
		}
	}()
	for _, secret := range secrets {
		if err := putSecret(ctx, s.Target, secret); err != nil {
			return Pulled{Unknown: "a copy of a pull secret: " + clip(err.Error())}
		}
	}
	if err := startProbe(ctx, s.Target, pod); err != nil {
		return Pulled{Unknown: "a Pod that pulls them cannot be created: " + clip(err.Error())}
	}
	return awaitPulls(ctx, s, pod.Name, set.Images, end)
}

func over(end time.Time) bool { return !time.Now().Before(end) }

// awaitPulls waits until it is known of each image whether the node gets it, or the time is over.
func awaitPulls(ctx context.Context, s Spec, name string, images []application.Image, end time.Time) (out Pulled) {
	words := map[string]string{}
	err := awaitProbe(ctx, s.Target, name, func(pod *corev1.Pod, waited time.Duration) bool {
		seen := observePulls(pod, images, words)
		out = Pulled{Refused: seen.refused, Unknown: seen.broken}
		switch {
		case seen.broken != "" || len(seen.waiting) == 0:
			return true
		case !seen.scheduled && waited > nodeLimit, !seen.installed && over(end):
			out.Unknown = "a Pod that pulls them does not start: " + orUnknown(whyNot(ctx, s.Target, pod))
			return true
		}
		if !over(end) {
			return false
		}
		out.Pulling = seen.waiting
		return true
	})
	switch {
	case errors.Is(err, errProbeGone):
		return Pulled{Unknown: fmt.Sprintf("the Pod that pulls them: %v", err)}
	case err != nil:
		return Pulled{Unknown: fmt.Sprintf("the plan ended before: %v", err)}
	}
	return out
}

// pulls is what the Pod of a set says.
type pulls struct {
	// scheduled to a node, and our program installed: from here on the images are pulled.
	scheduled, installed bool
	// refused images, and those that are waited for.
	refused []Refusal
	waiting []string
	// broken: the Pod has ended or does not get on, for a reason of its own.
	broken string
}

// refusals are the kubelet's reasons for a container whose image it does not get.
var refusals = map[string]bool{
	"ErrImagePull": true, "ImagePullBackOff": true, "ErrImageNeverPull": true, "InvalidImageName": true,
	"ImageInspectError": true, "RegistryUnavailable": true, "SignatureValidationFailed": true,
}

// observePulls reads the state of the images out of their Pod. words keeps what the kubelet said
// of each container: later it may say only that it waits before it tries again.
func observePulls(pod *corev1.Pod, images []application.Image, words map[string]string) pulls {
	out := pulls{scheduled: pod.Spec.NodeName != ""}
	for _, c := range pod.Status.InitContainerStatuses {
		if c.Name != installContainer {
			continue
		}
		t := c.State.Terminated
		out.installed = t != nil && t.ExitCode == 0
		if w := c.State.Waiting; w != nil && refusals[w.Reason] {
			out.broken = clip(fmt.Sprintf("KubeMove's own image %s: %s: %s", c.Image, w.Reason, w.Message))
		}
	}
	states := map[string]corev1.ContainerState{}
	for _, c := range pod.Status.ContainerStatuses {
		states[c.Name] = c.State
	}
	for i, image := range images {
		state := states[imageName(i)]
		message, refused := refusal(imageName(i), state.Waiting, words)
		switch {
		case refused:
			out.refused = append(out.refused, Refusal{Image: image.Name, Message: message})
		case !pulled(state):
			out.waiting = append(out.waiting, image.Name)
		}
	}
	if ended(pod) && len(out.waiting) > 0 {
		out.broken = clip(fmt.Sprintf("the Pod that pulls them ended early: %s: %s", orUnknown(pod.Status.Reason), pod.Status.Message))
	}
	return out
}

// pulled: the kubelet pulls an image before it makes the container. Whether our program could run
// in it does not matter.
func pulled(state corev1.ContainerState) bool {
	if t := state.Terminated; t != nil {
		return !neverRan(t)
	}
	if w := state.Waiting; w != nil {
		return w.Reason != "" && w.Reason != "PodInitializing" && w.Reason != "ContainerCreating" && !refusals[w.Reason]
	}
	return state.Running != nil
}

// refusal is why a container does not get its image.
func refusal(container string, w *corev1.ContainerStateWaiting, words map[string]string) (message string, refused bool) {
	if w == nil || !refusals[w.Reason] {
		return "", false
	}
	if w.Reason != "ImagePullBackOff" || words[container] == "" {
		words[container] = clip(w.Reason + ": " + w.Message)
	}
	// The kubelet's own limit for pulls in a second: it tries again.
	return words[container], !strings.Contains(words[container], "pull QPS exceeded")
}

func imageName(i int) string { return fmt.Sprintf("%s%d", imageContainer, i) }

// buildPulls makes the Pod of a set, with a container for each image, and copies of the Secrets
// that the move has yet to create. Their names are the same for each plan, so that a plan finds
// what an earlier one has left at work.
func buildPulls(s Spec, set application.Pull) (*corev1.Pod, []*corev1.Secret) {
	name := "kubemove-images-" + hash10(s.PairUID, set.Key())
	id := application.Identity{UID: new(unprivilegedUser), GID: new(unprivilegedUser)}
	pod := probePod(s.Target, name, s.labels("", ""), id, pullDeadline)
	spec := &pod.Spec
	spec.ServiceAccountName = set.Account
	spec.NodeSelector, spec.Tolerations, spec.RuntimeClassName = set.NodeSelector, set.Tolerations, set.RuntimeClass
	if set.NodeAffinity != nil {
		spec.Affinity = &corev1.Affinity{NodeAffinity: set.NodeAffinity}
	}
	spec.InitContainers = []corev1.Container{buildInstall(s)}
	for i, image := range set.Images {
		c := buildPull(imageName(i), image.Name, image.Policy)
		c.WorkingDir = "/" // The image's may be closed to others.
		spec.Containers = append(spec.Containers, c)
	}
	spec.Volumes = []corev1.Volume{toolsVolume()}
	var copies []*corev1.Secret
	for i, secret := range set.Secrets {
		use := secret.Name
		if secret.Content != nil {
			use = fmt.Sprintf("%s-%d", name, i)
			copies = append(copies, &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: use, Namespace: s.Target.Namespace, Labels: s.labels("", "")},
				Type:       secret.Content.Type,
				Data:       secret.Content.Data,
			})
		}
		spec.ImagePullSecrets = append(spec.ImagePullSecrets, corev1.LocalObjectReference{Name: use})
	}
	return pod, copies
}
