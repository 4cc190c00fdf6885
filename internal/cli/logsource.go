package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/text"
)

// claimAnnotation of a worker Pod has the name of the claim that it copies.
const claimAnnotation = "kubemove.io/claim"

// logSide is a namespace in which Pods of a move run.
type logSide struct {
	// name of it, such as home or "namespace shop of cluster dst".
	name      string
	namespace string
	selector  string
	core      kubernetes.Interface
}

func (s logSide) pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := s.core.CoreV1().Pods(s.namespace).List(ctx, metav1.ListOptions{LabelSelector: s.selector})
	if err != nil {
		return nil, fault.API(fmt.Sprintf("cannot list pods in namespace %s (%s)", s.namespace, s.name), err)
	}
	slices.SortFunc(list.Items, func(a, b corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return list.Items, nil
}

// logSides of a move: home, and the endpoints in other clusters as far as their Secrets can be read. The error says which were
// left out, and is no reason to stop.
func logSides(ctx context.Context, k *kit.Kit, m snapshot.Move) ([]logSide, error) {
	selected := selector(m)
	if selected == "" {
		return nil, nil
	}
	core, err := k.Core()
	if err != nil {
		return nil, err
	}
	sides := []logSide{{name: "home", namespace: m.Namespace, selector: selected, core: core}}
	var left []error
	seen := map[string]bool{}
	for _, e := range endpoints(m) {
		name := fmt.Sprintf("namespace %s of cluster %s", e.Namespace, e.Cluster.KubeconfigSecretRef.Name)
		if seen[name] {
			continue
		}
		seen[name] = true
		remote, err := connect(ctx, core, m.Namespace, e)
		if err != nil {
			left = append(left, fmt.Errorf("%s: %w", name, err))
			continue
		}
		sides = append(sides, logSide{name: name, namespace: e.Namespace, selector: selected, core: remote})
	}
	if len(left) > 0 {
		return sides, fault.New(fault.Warned, "the workers of an endpoint are left out", "%s", errors.Join(left...))
	}
	return sides, nil
}

// endpoints of a move in other clusters.
func endpoints(m snapshot.Move) []api.Endpoint {
	var out []api.Endpoint
	for _, r := range m.Routes {
		if r.Pair == nil {
			continue
		}
		if s := r.Pair.Spec.Source; s != nil && s.Cluster != nil {
			out = append(out, *s)
		}
		if t := r.Pair.Spec.Target.Endpoint; t.Cluster != nil {
			out = append(out, t)
		}
	}
	return out
}

// connect to an endpoint by its kubeconfig Secret. One that would run a program or read a file is refused.
func connect(ctx context.Context, core kubernetes.Interface, namespace string, e api.Endpoint) (kubernetes.Interface, error) {
	ref := e.Cluster.KubeconfigSecretRef
	secret, err := core.CoreV1().Secrets(namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fault.API("cannot read the Secret "+ref.Name, err)
	}
	data, ok := secret.Data[cmp.Or(ref.Key, "kubeconfig")]
	if !ok {
		return nil, fmt.Errorf("the Secret %s has no key %s", ref.Name, ref.Key)
	}
	config, _, err := cluster.ParseKubeconfig(ref.Name, data)
	if err != nil {
		return nil, err
	}
	config.UserAgent = "kubectl-move"
	return kubernetes.NewForConfig(config)
}

// logSource is a container of a Pod.
type logSource struct {
	side      logSide
	pod       *corev1.Pod
	container string
}

// prefix of its lines: the step of a Job with its attempt, or the volume and the side of a worker.
func (s logSource) prefix() string {
	labels := s.pod.Labels
	out := s.pod.Name
	switch {
	case labels[api.StepLabel] != "":
		out = labels[api.StepLabel] + "-" + cmp.Or(labels[api.AttemptLabel], "1")
	case s.pod.Annotations[claimAnnotation] != "":
		out = s.pod.Annotations[claimAnnotation] + "/" + cmp.Or(labels[api.RoleLabel], "worker")
	}
	if len(containers(s.pod)) > 1 {
		out += "/" + s.container
	}
	return text.Plain(out)
}

// containers of a Pod, those that go first too.
func containers(p *corev1.Pod) []string {
	var out []string
	for _, c := range p.Spec.InitContainers {
		out = append(out, c.Name)
	}
	for _, c := range p.Spec.Containers {
		out = append(out, c.Name)
	}
	return out
}

// hasStarted says whether a container has a log.
func hasStarted(p *corev1.Pod, container string) bool {
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if s.Name == container {
			return s.State.Running != nil || s.State.Terminated != nil || s.LastTerminationState.Terminated != nil
		}
	}
	return false
}
