package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/text"
)

type logsOptions struct {
	follow bool
	tail   int64
	since  time.Duration
}

func newLogsCommand(k *kit.Kit) *cobra.Command {
	o := &logsOptions{}
	c := onMove(k, "logs [NAME]", "Show the logs of the Jobs and workers of a move",
		"Show the logs of the Jobs of a move, and of its workers on both sides by the volume that they copy. A line begins with where it is\n"+
			"from: JOB, or VOLUME/SIDE, and the container where a Pod has several. Workers in another cluster are reached by the kubeconfig\n"+
			"Secret of the move, if you may read that; otherwise they are left out, and the exit code is 3.",
		func(ctx context.Context, m snapshot.Move) error { return runLogs(ctx, k, o, m) })
	c.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on, with Pods that come later too, until the move is over")
	c.Flags().Int64Var(&o.tail, "tail", 100, "the last `LINES` of each container; -1: all")
	c.Flags().DurationVar(&o.since, "since", 0, "only what is newer than this, such as 5m")
	return c
}

func runLogs(ctx context.Context, k *kit.Kit, o *logsOptions, m snapshot.Move) error {
	sides, left := logSides(ctx, k, m)
	w := &logWriter{k: k, o: o, out: &lines{w: k.Out}, seen: map[string]bool{}}
	for {
		if err := w.read(ctx, sides); err != nil {
			return err
		}
		if !o.follow {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * k.Interval):
		}
		if ctx.Err() != nil {
			w.running.Wait()
			return kit.Interrupted(goesOn(m), stopping(m))
		}
		now, err := k.Move(ctx, m.Key())
		if err != nil {
			continue
		}
		before := selector(m)
		if m = now; m.Phase.IsOver() && m.Phase != snapshot.Held {
			break
		}
		if selector(m) != before {
			sides, left = logSides(ctx, k, m)
		}
	}
	w.running.Wait()
	if len(w.seen) == 0 {
		k.Narrate("There are no Pods of %s, and so no logs.", m.Key())
	}
	return left
}

// logWriter copies the logs of containers, each once.
type logWriter struct {
	k       *kit.Kit
	o       *logsOptions
	out     *lines
	seen    map[string]bool
	running sync.WaitGroup
}

// read the containers that were not read yet. Without following one after the other, so that their lines stay together.
func (w *logWriter) read(ctx context.Context, sides []logSide) error {
	for _, side := range sides {
		pods, err := side.pods(ctx)
		if err != nil {
			return err
		}
		for i := range pods {
			for _, c := range containers(&pods[i]) {
				key := side.name + "/" + string(pods[i].UID) + "/" + c
				if w.seen[key] || !hasStarted(&pods[i], c) {
					continue
				}
				w.seen[key] = true
				source := logSource{side: side, pod: &pods[i], container: c}
				if !w.o.follow {
					w.copy(ctx, source)
					continue
				}
				w.running.Go(func() { w.copy(ctx, source) })
			}
		}
	}
	return nil
}

// copy the log of a container; what keeps it from being read is said, and is no reason to leave the others out.
func (w *logWriter) copy(ctx context.Context, s logSource) {
	options := &corev1.PodLogOptions{Container: s.container, Follow: w.o.follow}
	if w.o.tail >= 0 {
		options.TailLines = &w.o.tail
	}
	if seconds := int64(w.o.since / time.Second); seconds > 0 {
		options.SinceSeconds = &seconds
	}
	stream, err := s.side.core.CoreV1().Pods(s.pod.Namespace).GetLogs(s.pod.Name, options).Stream(ctx)
	if err == nil {
		err = w.out.copy(s.prefix(), stream)
		stream.Close()
	}
	if err != nil && ctx.Err() == nil {
		fault.Print(w.k.ErrOut, fault.API("cannot read the log of pod "+s.pod.Name+" at "+s.side.name, err), w.k.Line)
	}
}

// lines of several writers, which do not mix within a line.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) copy(prefix string, from io.Reader) error {
	r := bufio.NewReaderSize(from, 64<<10)
	for {
		line, err := r.ReadString('\n')
		if line != "" {
			l.mu.Lock()
			fmt.Fprintf(l.w, "%s | %s\n", prefix, text.Plain(line))
			l.mu.Unlock()
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
