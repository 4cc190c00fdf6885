// Command lab brings the two clusters of KubeMove's end-to-end tests up and down.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/kubemove/kubemove/e2e/lab"
)

const usage = `usage: lab COMMAND
  up               two clusters, src and dst, with KubeMove in src
  down             end them and remove all that belongs to them
  status           do they answer?
  build            compile the programs that the lab runs, nothing else
  contexts FILE NS write a kubeconfig with a context for each cluster, in a namespace
  load-image TAR   put an image ("docker save") into both clusters
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no command\n%s", usage)
	}
	l, err := lab.Open("")
	if err != nil {
		return err
	}
	switch {
	case args[0] == "up" && len(args) == 1:
		return l.Up(ctx)
	case args[0] == "down" && len(args) == 1:
		return l.Down(ctx)
	case args[0] == "build" && len(args) == 1:
		return l.Build(ctx)
	case args[0] == "contexts" && len(args) == 3:
		return l.WriteContexts(args[1], args[2])
	case args[0] == "load-image" && len(args) > 1:
		return l.LoadImage(ctx, args[1:]...)
	case args[0] == "status" && len(args) == 1:
		out, err := l.Status(ctx)
		fmt.Print(out)
		return err
	}
	return fmt.Errorf("unknown command %q\n%s", args, usage)
}
