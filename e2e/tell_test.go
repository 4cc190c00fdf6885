package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// tell prints what stands out after a failure, few lines, and writes all that a person might
// look at next into a file: who reads the output of forty tests finds the cause first.
func (s *scenario) tell(ctx context.Context) {
	var out strings.Builder
	for _, c := range clusters.Clusters() {
		for _, line := range c.Trouble(ctx, s.namespace, "kubemove-system", "local-path-storage", "kube-system") {
			fmt.Fprintf(&out, "  %s\n", line)
		}
	}
	state, err := s.src.Kubectl(ctx, "-n", s.namespace, "get", "kubemove", "-o",
		`jsonpath={range .items[*]}{.kind} {.metadata.name}: `+
			`{.status.step}{range .status.conditions[?(@.status!="True")]} | {.type}={.status} {.message}{end}{"\n"}{end}`)
	fmt.Fprintf(&out, "%s%s", state, errorLine(err))
	file, err := s.tellAll(ctx)
	s.t.Logf("FAILED. What stands out now:\n  machine: %s\n%sEverything: %s%s", clusters.Machine(), out.String(), file, errorLine(err))
}

func errorLine(err error) string {
	if err == nil {
		return ""
	}
	return "\n  " + err.Error() + "\n"
}

// tellAll writes the objects, events and logs of the scenario into a file.
func (s *scenario) tellAll(ctx context.Context) (string, error) {
	file := filepath.Join(clusters.Dir, "failed", strings.ReplaceAll(s.t.Name(), "/", "-")+".txt")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return file, err
	}
	f, err := os.Create(file)
	if err != nil {
		return file, err
	}
	defer f.Close()
	for _, args := range [][]string{
		{"get", "kubemove", "-o", "yaml"}, {"get", "jobs,pods", "-o", "wide"}, {"get", "events", "--sort-by=.lastTimestamp"}} {
		out, err := s.src.Kubectl(ctx, append([]string{"-n", s.namespace}, args...)...)
		fmt.Fprintf(f, "== src: kubectl %s%s\n%s\n", strings.Join(args, " "), errorLine(err), out)
	}
	out, err := s.dst.Kubectl(ctx, "-n", s.namespace, "get", "all,pvc,events", "-o", "wide")
	fmt.Fprintf(f, "== dst%s\n%s\n", errorLine(err), out)
	out, err = s.src.Kubectl(ctx, "-n", "kubemove-system", "logs", "deployment/kubemove", "--all-containers", "--tail=60")
	fmt.Fprintf(f, "== kubemove%s\n%s\n", errorLine(err), out)
	jobs, _ := s.src.Kubectl(ctx, "-n", s.namespace, "get", "jobs", "-o", "name")
	for _, job := range strings.Fields(jobs) {
		out, _ := s.src.Kubectl(ctx, "-n", s.namespace, "logs", "--tail=30", job)
		fmt.Fprintf(f, "== %s\n%s\n", job, out)
	}
	return file, nil
}
