package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/kubemove/kubemove/e2e/lab"
)

// What an unchanged pass may take beyond restic's own backup and restore, and how many runs a status holds.
const (
	idleMust = 2 * time.Second
	mostIdle = 9
)

// idleRun is a number of passes of a session in which nothing changed.
type idleRun struct {
	Set Set
	// Passes of KubeMove, and Alone the same of restic.
	Passes, Alone figure
	// Window that the passes were made in, with the Requests to both API servers and the CPU of the Pods.
	Window idleWindow
	// Background is a window of the same length without the session.
	Background idleWindow
}

// idleWindow is what was used in some time.
type idleWindow struct {
	Took     time.Duration
	Requests int64
	CPU      time.Duration
}

// liveEngine copies again and again, and never switches.
const liveEngine = `
apiVersion: kubemove.io/v1alpha1
kind: MoveEngine
metadata: {name: app}
spec:
  mode: Live
  sync: {interval: 20s}
  application:
    workloads:
    - {kind: Deployment, name: app}
  targets:
  - name: dst
    cluster:
      kubeconfigSecretRef: {name: dst}
    namespace: NAME
`

// measureIdle takes all sets, one after the other.
func (b *Bench) measureIdle(ctx context.Context, report *Report) error {
	if b.options.Idle > mostIdle {
		return fmt.Errorf("got %d passes, expected at most %d, which a status shows: use -idle 6", b.options.Idle, mostIdle)
	}
	for _, s := range append([]Set{empty}, b.options.Sets...) {
		run, err := b.runIdle(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		report.Idle = append(report.Idle, run)
	}
	return nil
}

func (b *Bench) runIdle(ctx context.Context, s Set) (out idleRun, err error) {
	b.moves++
	name := fmt.Sprintf("bench-%d-%d", b.id, b.moves)
	defer func() { err = errors.Join(err, b.removeMove(context.WithoutCancel(ctx), name)) }()
	out.Set = s
	if err := b.place(ctx, name); err != nil {
		return out, err
	}
	source, err := volume(ctx, b.lab.Source(), name)
	if err != nil {
		return out, err
	}
	if _, err := s.write(ctx, source, uint64(b.id)); err != nil {
		return out, err
	}
	if err := b.apply(ctx, name, liveEngine); err != nil {
		return out, err
	}
	if err := b.awaitPasses(ctx, name, 2); err != nil {
		return out, fmt.Errorf("%w%s", err, b.blockers(name))
	}
	passes := func() error { return b.awaitPasses(ctx, name, 2+b.options.Idle) }
	if out.Window, err = b.window(ctx, name, passes); err != nil {
		return out, err
	}
	if out.Passes, err = b.passTimes(ctx, name); err != nil {
		return out, err
	}
	if _, err := b.lab.Source().Kubectl(ctx, "--namespace", name, "patch", "moveengine", "app", "--type=merge",
		"--patch", `{"spec":{"suspend":true}}`); err != nil {
		return out, err
	}
	if err := b.awaitNoWorkers(ctx, name); err != nil {
		return out, err
	}
	pause := func() error { return wait(ctx, out.Window.Took) }
	if out.Background, err = b.window(ctx, name, pause); err != nil {
		return out, err
	}
	out.Alone, err = b.idleAlone(ctx, s)
	b.tell("%-6s pass %s, restic alone %s", s.Name, seconds(out.Passes.median()), seconds(out.Alone.median()))
	return out, err
}

// idleAlone copies with restic alone, and measures copies of the same after that.
func (b *Bench) idleAlone(ctx context.Context, s Set) (out figure, err error) {
	r := bare{programs: b.programs, dir: filepath.Join(b.dir, "bare")}
	for _, dir := range []string{r.source(), r.target(), filepath.Dir(r.repository())} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	defer os.RemoveAll(r.dir)
	if _, err := s.write(ctx, r.source(), uint64(b.id)); err != nil {
		return nil, err
	}
	if _, err := r.copy(ctx); err != nil {
		return nil, fmt.Errorf("restic alone: %w", err)
	}
	for range b.options.Idle {
		took, err := r.again(ctx)
		if err != nil {
			return nil, fmt.Errorf("restic alone: %w", err)
		}
		out = append(out, took)
	}
	return out, nil
}

// awaitPasses waits until so many runs of the schedule have succeeded.
func (b *Bench) awaitPasses(ctx context.Context, name string, n int) error {
	return lab.AwaitEvery(ctx, 10*time.Second, moveTimeout, fmt.Sprintf("%d passes", n), func(ctx context.Context) error {
		out, err := b.lab.Source().Kubectl(ctx, "--namespace", name, "get", "datasync", "app-dst-restic", "--output",
			`jsonpath={range .status.runs[?(@.trigger=="Schedule")]}{.outcome} {end}`)
		if got := strings.Count(out, "Succeeded"); err == nil && got < n {
			err = fmt.Errorf("%d of %d: %s", got, n, out)
		}
		return err
	})
}

// passTimes are what the last passes took, by the log of their Job.
func (b *Bench) passTimes(ctx context.Context, name string) (figure, error) {
	log, err := b.lab.Source().Kubectl(ctx, "--namespace", name, "logs", "--selector", "kubemove.io/step=sync", "--container", "task",
		"--tail", "-1")
	if err != nil {
		return nil, err
	}
	out := parsePasses(log)
	if len(out) < b.options.Idle {
		return nil, fmt.Errorf("the log of the Job names %d passes, expected %d or more; the log:\n%s", len(out), b.options.Idle, log)
	}
	// The first pass of a session finds out what its mobilizer keeps for the others.
	return out[len(out)-b.options.Idle:], nil
}

// parsePasses reads the lines of JSON that the Job of a session logs.
func parsePasses(log string) (out figure) {
	for line := range strings.Lines(log) {
		var entry struct {
			Msg          string `json:"msg"`
			Outcome      string `json:"outcome"`
			Milliseconds int64  `json:"milliseconds"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "pass ended" && entry.Outcome == "Succeeded" {
			out = append(out, time.Duration(entry.Milliseconds)*time.Millisecond)
		}
	}
	return out
}

func (b *Bench) awaitNoWorkers(ctx context.Context, name string) error {
	return lab.Await(ctx, 2*time.Minute, "the workers to go", func(ctx context.Context) error {
		for _, c := range b.lab.Clusters() {
			out, err := c.Kubectl(ctx, "--namespace", name, "get", "pods", "--selector", "kubemove.io/role", "--output", "name")
			if err != nil || out != "" {
				return errors.Join(err, fmt.Errorf("at %s: %s", c.Name, out))
			}
		}
		return nil
	})
}

// window measures what is used while something goes on.
func (b *Bench) window(ctx context.Context, name string, during func() error) (idleWindow, error) {
	begun := time.Now()
	requests, cpu, err := b.used(ctx, name)
	if err != nil {
		return idleWindow{}, err
	}
	if err := during(); err != nil {
		return idleWindow{}, err
	}
	took := time.Since(begun)
	nowRequests, nowCPU, err := b.used(ctx, name)
	return idleWindow{Took: took, Requests: nowRequests - requests, CPU: nowCPU - cpu}, err
}

// used are the requests to both API servers since they started, and the CPU time of the Pods of a namespace in both.
func (b *Bench) used(ctx context.Context, name string) (requests int64, cpu time.Duration, err error) {
	for _, c := range b.lab.Clusters() {
		metrics, err := c.Kubectl(ctx, "get", "--raw", "/metrics")
		if err != nil {
			return 0, 0, err
		}
		requests += countRequests(metrics)
		summary, err := c.Kubectl(ctx, "get", "--raw", "/api/v1/nodes/"+c.Name+"/proxy/stats/summary")
		if err != nil {
			return 0, 0, err
		}
		of, err := cpuOf(summary, name)
		if err != nil {
			return 0, 0, err
		}
		cpu += of
	}
	return requests, cpu, nil
}

// countRequests in the metrics of an API server.
func countRequests(metrics string) (n int64) {
	for line := range strings.Lines(metrics) {
		if value, is := strings.CutPrefix(line, "apiserver_request_total{"); is {
			var f float64
			if _, err := fmt.Sscan(value[strings.LastIndexByte(value, ' ')+1:], &f); err == nil {
				n += int64(f)
			}
		}
	}
	return n
}

// cpuOf the Pods of a namespace, in what a kubelet tells.
func cpuOf(summary, namespace string) (time.Duration, error) {
	var s struct {
		Pods []struct {
			PodRef struct{ Namespace string }
			CPU    struct{ UsageCoreNanoSeconds int64 }
		}
	}
	if err := json.Unmarshal([]byte(summary), &s); err != nil {
		return 0, fmt.Errorf("cannot read the summary of a kubelet: %w", err)
	}
	var all time.Duration
	for _, p := range s.Pods {
		if p.PodRef.Namespace == namespace {
			all += time.Duration(p.CPU.UsageCoreNanoSeconds)
		}
	}
	return all, nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// writeIdle writes the table of the idle passes, and returns what was missed.
func (r *Report) writeIdle(w io.Writer) (missed []string) {
	fmt.Fprintf(w, "\n%s\n%s\n\n", r.Machine, strings.TrimSpace(idleExplanation))
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	put := func(x row) { fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", x.What, x.Median, x.Spread, x.Verdict) }
	put(row{"", "median", "min - max", ""})
	for _, i := range r.Idle {
		more := i.Passes.median() - i.Alone.median()
		n := float64(len(i.Passes))
		put(row{What: fmt.Sprintf("%s; %d passes", i.Set, len(i.Passes))})
		put(timeRow("  a pass of a session", i.Passes))
		put(timeRow("  restic alone: backup and restore", i.Alone))
		text, ok := verdict(more.Seconds(), idleMust.Seconds(), idleMust.Seconds(), " s")
		put(row{What: "  the difference of the medians", Median: seconds(more), Verdict: text})
		put(row{What: "  requests to both API servers for each pass and the time to the next, without those of the lab at rest",
			Median: fmt.Sprintf("%.0f", float64(i.Window.Requests-i.Background.Requests)/n)})
		put(row{What: "  CPU seconds of the Pods for each", Median: fmt.Sprintf("%.2f", (i.Window.CPU-i.Background.CPU).Seconds()/n)})
		if !ok {
			missed = append(missed, fmt.Sprintf("%s: an unchanged pass takes %s more than restic alone, expected at most %s", i.Set.Name,
				seconds(more), seconds(idleMust)))
		}
	}
	_ = table.Flush()
	return missed
}

const idleExplanation = `
Runs of a live move with an interval of 20 s, over a volume in which nothing changes, by the workers of one
session, from the beginning of a pass until both sides have been compared. Beside it restic's backup and
restore of the same files, unchanged as well, on the same machine. The page cache is warm.
Repeat it: make bench-session, as root, on a machine that does nothing else.`
