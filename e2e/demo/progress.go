package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/kubemove/kubemove/e2e/lab"
)

// switchStatus is what the demo reads of the status of a MoveSwitch.
type switchStatus struct {
	Steps           []switchStep
	Conditions      []condition
	DowntimeSeconds int
	FinalRun        struct{ Bytes, Files int64 }
}

type switchStep struct {
	Name, State, Message  string
	StartedAt, FinishedAt time.Time
}

type condition struct{ Type, Status, Reason, Message string }

// dataStatus is what the demo reads of the status of a DataSync.
type dataStatus struct{ Progress string }

// follow tells the steps of the switch until it has ended, and fails when it ends otherwise than
// switched.
func (d *Demo) follow(ctx context.Context, j *journey, timeout time.Duration) error {
	client, err := d.lab.Source().Client()
	if err != nil {
		return err
	}
	told := map[string]bool{}
	var ended error
	err = lab.Await(ctx, timeout, "the switch", func(ctx context.Context) error {
		var s switchStatus
		var data dataStatus
		if err := status(ctx, client, "moveswitches", j.pair, &s); err != nil {
			return err
		}
		if err := status(ctx, client, "datasyncs", j.pair+"-restic", &data); err != nil {
			return err
		}
		d.tellSteps(j, s, data, told)
		var done bool
		done, ended = s.ended()
		if !done && ended == nil {
			return fmt.Errorf("the switch is at %s", s.now())
		}
		return nil
	})
	if err == nil {
		err = ended
	}
	if err != nil {
		return fmt.Errorf("%w\nlook at: %s get moveswitch %s --output yaml\nand at the Jobs: %s get jobs,pods", err, on("src"), j.pair, on("src"))
	}
	return nil
}

// status reads the status of one of KubeMove's objects.
func status(ctx context.Context, client kubernetes.Interface, resource, name string, into any) error {
	data, err := client.Discovery().RESTClient().Get().
		AbsPath("/apis/kubemove.io/v1alpha1/namespaces", Namespace, resource, name).DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("read %s %s: %w", resource, name, err)
	}
	return json.Unmarshal(data, &struct{ Status any }{into})
}

// ended says whether the switch has ended, and with what error.
func (s switchStatus) ended() (bool, error) {
	for _, c := range s.Conditions {
		if c.Status != "True" {
			continue
		}
		switch c.Type {
		case "Switched":
			return true, nil
		case "RolledBack", "Stalled":
			return true, fmt.Errorf("the switch was to end with Switched, got %s: %s: %s", c.Type, c.Reason, c.Message)
		}
	}
	return false, nil
}

// now is the step that runs.
func (s switchStatus) now() string {
	for _, step := range s.Steps {
		if step.State != "Done" {
			return strings.TrimSpace(step.Name + " " + step.Message)
		}
	}
	if len(s.Steps) == 0 {
		return "It begins."
	}
	return "It ends."
}

// tellSteps prints each step once when it is done, and what runs now on a line that changes.
func (d *Demo) tellSteps(j *journey, s switchStatus, data dataStatus, told map[string]bool) {
	for _, step := range s.Steps {
		if step.State == "Running" || told[step.Name] {
			continue
		}
		told[step.Name] = true
		if line := step.line(j); line != "" {
			d.tell.say("%s", line)
		}
	}
	if !told["FinalSync"] && data.Progress != "" {
		d.tell.progress("%s  %s", s.now(), data.Progress)
		return
	}
	d.tell.progress("%s", s.now())
}

// meanings of the steps that say something to a newcomer. The others are told when they fail.
var meanings = map[string]string{
	"Pin":       "planned once more: it is still the plan that was approved",
	"Workers":   "the Pods that copy are placed and wait",
	"Deltas":    "what has changed is copied once more, while the application runs",
	"Quiesce":   "the application is at zero in FROM",
	"FinalSync": "the data is copied, and both sides compared",
	"Start":     "the application starts in TO",
	"Health":    "it is healthy there",
	"Commit":    "the point of no return: until here a failure brings the application back to FROM by itself",
	"Open":      "Services and Ingresses let traffic in",
}

// line tells a step that is done; empty when it says nothing to a newcomer.
func (s switchStep) line(j *journey) string {
	meaning := strings.NewReplacer("FROM", j.from, "TO", j.to).Replace(meanings[s.Name])
	if s.State == "Failed" {
		meaning = "failed: " + s.Message
	}
	if meaning == "" {
		return ""
	}
	took := ""
	if !s.StartedAt.IsZero() && !s.FinishedAt.IsZero() {
		took = fmt.Sprintf("%.0fs", s.FinishedAt.Sub(s.StartedAt).Seconds())
	}
	return fmt.Sprintf("%-10s %4s  %s", s.Name, took, meaning)
}
