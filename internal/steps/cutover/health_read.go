package cutover

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/task"
)

const (
	// healthPatience is how long Pods may take before the cluster is asked why.
	healthPatience = time.Minute
	// diagnosisAge is how old an answer may be.
	diagnosisAge = 15 * time.Second
	// lineLength of a line of a log, and diagnosisLength of all that is told.
	lineLength, diagnosisLength = 200, 1000
)

// diagnosis is what was found out last.
type diagnosis struct {
	at   time.Time
	text string
}

// observeDiagnosis finds out why the target does not become healthy, when it takes long. It is a help
// only: what cannot be read of it is left out, and decides nothing.
func (s *switcher) observeDiagnosis(ctx context.Context, o *Observed) {
	if o.Record.StartedAt == nil || o.Record.CommittedAt != nil || o.Now.Sub(*o.Record.StartedAt) <= min(healthPatience, o.HealthTimeout) {
		return
	}
	var refs []podOwner
	for _, b := range slices.Concat(o.Objects, o.Made) {
		if b.unhealthy() != "" {
			refs = append(refs, podOwner{Ref: b.Ref, Selector: b.Selector})
		}
	}
	if len(refs) == 0 {
		return
	}
	if o.Now.Sub(s.diagnosis.at) > diagnosisAge {
		text, err := s.examine(ctx, refs)
		if err != nil {
			slog.Warn("cannot find out why the target is not healthy", "error", err.Error())
		}
		s.diagnosis = diagnosis{at: o.Now, text: text}
	}
	o.Diagnosis = s.diagnosis.text
}

// examine the Pods of workloads at the target.
func (s *switcher) examine(ctx context.Context, refs []podOwner) (string, error) {
	there, err := s.target.Owners(ctx)
	if err != nil {
		return "", err
	}
	seen := sickness{}
	left := there.remaining(refs, nil)
	for _, r := range refs {
		seen.makers = append(seen.makers, r.Kind+"/"+r.Name)
	}
	for _, s := range there.sets {
		if c := metav1.GetControllerOf(&s); c != nil && slices.Contains(seen.makers, c.Kind+"/"+c.Name) {
			seen.makers = append(seen.makers, "ReplicaSet/"+s.Name)
		}
	}
	for _, p := range there.pods {
		if slices.Contains(left, "Pod/"+p.Name) {
			seen.pods = append(seen.pods, p)
		}
	}
	if events, err := s.target.Warnings(ctx); err == nil {
		seen.events = events
	}
	values, err := s.secretValues(ctx, seen.pods)
	hide := newRedactor(values)
	if err != nil {
		slog.Warn("what the programs of the target say is not told", "error", err.Error())
		silence(seen.pods)
	} else {
		seen.program = hide.program
		if sick := seen.sick(); len(sick) > 0 {
			seen.lastLine = task.Cut(hide.program(s.lastLine(ctx, sick[0])), lineLength)
		}
	}
	return task.Cut(hide.cluster(diagnose(seen)), diagnosisLength), nil
}

// secretValues of all Secrets that the Pods get. One that is not there has no values.
func (s *switcher) secretValues(ctx context.Context, pods []corev1.Pod) ([]string, error) {
	var names, values []string
	for i := range pods {
		names = append(names, secretsOf(&pods[i])...)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		secret, err := s.target.Secret(ctx, name)
		if err != nil {
			return nil, err
		}
		if secret == nil {
			continue
		}
		for _, value := range secret.Data {
			values = append(values, string(value))
		}
	}
	return values, nil
}

// silence leaves out what the kubelet says of containers: it quotes their arguments.
func silence(pods []corev1.Pod) {
	for i := range pods {
		for _, list := range [][]corev1.ContainerStatus{pods[i].Status.InitContainerStatuses, pods[i].Status.ContainerStatuses} {
			for j := range list {
				if w := list[j].State.Waiting; w != nil {
					w.Message = ""
				}
			}
		}
	}
}

// lastLine of the log of the container that holds up a Pod; empty: there is none to be had.
func (s *switcher) lastLine(ctx context.Context, p *corev1.Pod) string {
	c := culpritOf(p)
	if c.name == "" {
		return ""
	}
	last := ""
	for line := range strings.Lines(string(s.target.Log(ctx, p.Name, c.name, c.previous))) {
		if line = strings.TrimSpace(line); line != "" {
			last = line
		}
	}
	return last
}
