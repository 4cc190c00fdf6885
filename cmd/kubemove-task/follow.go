package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/task"
)

// namespaceFile of the Pod's own account.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// followed says whose reports go where.
type followed struct {
	file, run, job, namespace string
	interval                  time.Duration
}

// follow is the sidecar of a foreign image: it reports what that writes to its status file,
// until it is told to stop.
func follow(args []string) int {
	log := logger()
	f, err := parseFollow(args)
	if err != nil {
		log.Error("cannot begin", "error", err.Error())
		return task.ExitPermanent
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	home, err := cluster.Connect(ctx, cluster.SideHome, task.Endpoint{Namespace: f.namespace})
	if err != nil {
		log.Error("cannot begin", "error", err.Error())
		return task.ExitFailed
	}
	r, err := report.Open(ctx, home, report.Jobs, f.job, f.run, f.interval)
	if err != nil {
		log.Error("cannot begin", "error", err.Error())
		return task.ExitFailed
	}
	if err := report.Follow(ctx, f.file, f.run, time.Second, r); err != nil {
		log.Error("cannot report the result", "error", err.Error())
		return task.ExitFailed
	}
	return task.ExitDone
}

// parseFollow takes flags first, then the environment, then what the task and the Pod say: a
// run is named like its Job.
func parseFollow(args []string) (*followed, error) {
	f := &followed{}
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	file := flags.String("task", task.TaskFile, "file that holds the task")
	flags.StringVar(&f.file, "status", task.StatusFile, "file that the program writes its status to")
	flags.StringVar(&f.job, "job", os.Getenv("KUBEMOVE_JOB"), "name of the Job to report to (default: run.id of the task)")
	flags.StringVar(&f.namespace, "namespace", os.Getenv("KUBEMOVE_NAMESPACE"), "namespace of the Job (default: that of the Pod)")
	flags.DurationVar(&f.interval, "interval", 10*time.Second, "time between two reports")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	t, err := task.Read(*file)
	if err != nil {
		return nil, err
	}
	f.run = t.Run.ID
	f.job = cmp.Or(f.job, t.Run.ID)
	if f.namespace == "" {
		own, err := os.ReadFile(namespaceFile)
		if err != nil {
			return nil, fmt.Errorf("cannot tell the namespace of the Job: set --namespace: %w", err)
		}
		f.namespace = strings.TrimSpace(string(own))
	}
	return f, nil
}
