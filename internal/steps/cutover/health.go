package cutover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/internal/podstate"
)

// unhealthy says why the switch waits for the object; empty: it does not. One at zero is as it is to be
// where the plan says zero, also where it is paused and so never says that it is ready; else another
// client has scaled it down.
func (b *Object) unhealthy() string {
	switch {
	case !b.Workload || b.Stopped && b.Zero && !b.Runs:
		return ""
	case b.Stopped && !b.Runs:
		return "another client has scaled it to zero"
	case !b.Ready:
		return cmp.Or(b.Message, "it is not ready")
	}
	return ""
}

// because is the diagnosis, to be added to what is waited for.
func (o *Observed) because() string {
	if o.Diagnosis == "" {
		return ""
	}
	return "; " + o.Diagnosis
}

// sickness is what was read of workloads that do not become healthy.
type sickness struct {
	// makers of the Pods: the workloads that are not ready, and their ReplicaSets, as KIND/NAME.
	makers []string
	// pods of the workloads, and events of the namespace.
	pods   []corev1.Pod
	events []corev1.Event
	// lastLine of the log of the container that holds up the first of the Pods.
	lastLine string
	// program hides secrets in what the programs say themselves; nil: that is left out, as are messages
	// of the kubelet, which may quote them.
	program func(string) string
}

// diagnose names the Pods that are not ready, and says what keeps the first of them; empty: nothing is
// known.
func diagnose(s sickness) string {
	sick := s.sick()
	if len(sick) == 0 {
		for _, maker := range s.makers {
			kind, name, _ := strings.Cut(maker, "/")
			if why := s.warning(kind, name); why != "" {
				return maker + ": " + why
			}
		}
		return ""
	}
	first := sick[0]
	text, _ := s.cause(first)
	text = "Pod/" + first.Name + ": " + text
	if s.lastLine != "" {
		text += fmt.Sprintf("; the last line of its log: %q", s.lastLine)
	}
	var others []string
	for _, p := range sick[1:] {
		others = append(others, "Pod/"+p.Name)
	}
	if len(others) > 0 {
		text += "; not ready either: " + list(others)
	}
	return text
}

// sick are the Pods that are not ready: first those of which it is known why, by name.
func (s *sickness) sick() []*corev1.Pod {
	var known, unknown []*corev1.Pod
	for i := range s.pods {
		p := &s.pods[i]
		if isReady(p) || p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded {
			continue
		}
		if _, certain := s.cause(p); certain {
			known = append(known, p)
		} else {
			unknown = append(unknown, p)
		}
	}
	byName := func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(known, byName)
	slices.SortFunc(unknown, byName)
	return append(known, unknown...)
}

func isReady(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// cause that a Pod is not ready; certain: the cluster says so, or it is plain to see.
func (s *sickness) cause(p *corev1.Pod) (text string, certain bool) {
	if problem := podstate.Problem(p); problem != "" {
		return problem, true
	}
	if why := s.warning("Pod", p.Name); why != "" {
		return why, true
	}
	if p.Status.Phase == corev1.PodFailed {
		return strings.TrimSuffix(p.Status.Reason+": "+p.Status.Message, ": "), true
	}
	switch c := culpritOf(p); {
	case c.name == "":
		return "it has not started", false
	case c.ended != nil:
		return fmt.Sprintf("container %s has ended with code %d (%s)", c.name, c.ended.ExitCode, c.ended.Reason), true
	case c.init:
		return "init container " + c.name + " has not ended", true
	default:
		return "container " + c.name + " runs and is not ready", true
	}
}

// programWords are reasons of events that hold what a program has answered.
var programWords = []string{"Unhealthy", "ProbeWarning", "FailedPostStartHook", "FailedPreStopHook"}

// warning is the newest about an object.
func (s *sickness) warning(kind, name string) string {
	var newest *corev1.Event
	for i := range s.events {
		e := &s.events[i]
		about := e.InvolvedObject
		if e.Type != corev1.EventTypeWarning || about.Kind != kind || about.Name != name {
			continue
		}
		if newest == nil || podstate.EventTime(e).After(podstate.EventTime(newest)) {
			newest = e
		}
	}
	switch {
	case newest == nil:
		return ""
	case s.program == nil && kind == "Pod":
		return newest.Reason
	case slices.Contains(programWords, newest.Reason):
		return newest.Reason + ": " + s.program(newest.Message)
	}
	return newest.Reason + ": " + newest.Message
}

// culprit is the container that keeps a Pod from being ready.
type culprit struct {
	name string
	init bool
	// ended is how it has ended, or had before it was started again.
	ended *corev1.ContainerStateTerminated
	// previous: its log is that of the run before.
	previous bool
}

func culpritOf(p *corev1.Pod) culprit {
	for _, c := range p.Status.InitContainerStatuses {
		if isSidecar(p, c.Name) && c.Ready {
			continue
		}
		if found, is := culpritBy(c); is && (found.ended == nil || found.ended.ExitCode != 0) {
			found.init = !isSidecar(p, c.Name)
			return found
		}
	}
	for _, c := range p.Status.ContainerStatuses {
		if found, is := culpritBy(c); is && !c.Ready {
			return found
		}
	}
	return culprit{}
}

func culpritBy(c corev1.ContainerStatus) (culprit, bool) {
	switch {
	case c.State.Terminated != nil:
		return culprit{name: c.Name, ended: c.State.Terminated}, true
	case c.State.Running != nil:
		return culprit{name: c.Name}, true
	case c.LastTerminationState.Terminated != nil:
		return culprit{name: c.Name, ended: c.LastTerminationState.Terminated, previous: true}, true
	}
	return culprit{}, false
}

// isSidecar: an init container that goes on to run.
func isSidecar(p *corev1.Pod, name string) bool {
	return slices.ContainsFunc(p.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name == name && c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	})
}
