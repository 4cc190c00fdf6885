// Command bench-objects measures how fast KubeMove plans and applies a namespace with thousands
// of objects, against an API server alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/kubemove/kubemove/e2e/lab"
	"github.com/kubemove/kubemove/e2e/scale"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	objects := flag.Int("objects", 5000, "objects in the namespace")
	rounds := flag.Int("rounds", 3, "how often it is measured")
	flag.Parse()
	if *objects < 1 || *rounds < 1 || flag.NArg() > 0 {
		return fmt.Errorf("got %d objects, %d rounds and the arguments %q, expected bench-objects [-objects N] [-rounds N] with numbers above 0",
			*objects, *rounds, flag.Args())
	}
	server, err := lab.StartAPIServer(ctx, "", os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	tell := func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	report, err := scale.Run(ctx, server, *objects, *rounds, tell)
	if err != nil {
		return err
	}
	if missed := report.Write(os.Stdout); len(missed) > 0 {
		return fmt.Errorf("missed: %s", strings.Join(missed, "; "))
	}
	return nil
}
