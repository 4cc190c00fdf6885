package survey

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/kubemove/kubemove/internal/agent"
	"github.com/kubemove/kubemove/task"
)

// Places in the survey's container.
const (
	// VolumeDir is where the volume is mounted.
	VolumeDir = "/kubemove/volume"
	// WorkerEnv is the environment variable that holds the Worker as JSON.
	WorkerEnv = "KUBEMOVE_TARGET_WORKER"
	// ArgRoot asks for the root of the volume alone, which every user may look at.
	ArgRoot = "--root"
)

// Main surveys VolumeDir and leaves the report as the container's termination message. It
// returns the exit code.
func Main(args []string) int {
	look := survey
	if slices.Contains(args, ArgRoot) {
		look = surveyRoot
	}
	if err := look(VolumeDir, os.Getenv(WorkerEnv), agent.TerminationLog); err != nil {
		fmt.Fprintln(os.Stderr, err)
		_ = os.WriteFile(agent.TerminationLog, []byte(err.Error()), 0o644)
		return task.ExitFailed
	}
	return task.ExitDone
}

func survey(dir, target, out string) error {
	var w Worker
	if err := json.Unmarshal([]byte(target), &w); err != nil {
		return fmt.Errorf("cannot read %s: %w", WorkerEnv, err)
	}
	report, err := Volume(dir, w)
	if err != nil {
		return err
	}
	return leave(report, out)
}

// surveyRoot needs to know nothing of the worker.
func surveyRoot(dir, _, out string) error {
	root, err := readRoot(dir)
	if err != nil {
		return err
	}
	return leave(&Report{Root: root}, out)
}

func leave(report *Report, out string) error {
	data, err := encode(report)
	if err != nil {
		return err
	}
	return os.WriteFile(out, data, 0o644)
}

// encode names fewer paths until the report fits.
func encode(r *Report) ([]byte, error) {
	for {
		data, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("cannot encode the report: %w", err)
		}
		longest := &r.Unreadable
		for _, p := range r.Kinds() {
			if len(p.First) > len(longest.First) {
				longest = p
			}
		}
		if len(data) <= agent.TerminationLimit || len(longest.First) == 0 {
			return data, nil
		}
		longest.First = longest.First[:len(longest.First)-1]
	}
}

// Decode reads the termination message of a survey.
func Decode(message string) (*Report, error) {
	var r Report
	if err := json.Unmarshal([]byte(message), &r); err != nil {
		return nil, fmt.Errorf("the survey said %q, expected a report: %w", message, err)
	}
	return &r, nil
}
