// Command demo shows KubeMove moving a PostgreSQL between two clusters that it brings up, and
// ends them again.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/kubemove/kubemove/e2e/demo"
	"github.com/kubemove/kubemove/e2e/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	interrupted := ctx.Err() != nil
	stop()
	if interrupted {
		err = errors.New("interrupted: what was begun in the clusters goes on; make demo begins anew, make demo-down ends them")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "\nerror:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	l, err := lab.Open("")
	if err != nil {
		return err
	}
	info, err := os.Stdout.Stat()
	live := err == nil && info.Mode()&os.ModeCharDevice != 0
	d := demo.New(l, os.Stdout, live)
	switch {
	case len(args) == 0:
		if err := d.Up(ctx); err != nil {
			return err
		}
		if _, err := d.Run(ctx); err != nil {
			return fmt.Errorf("%w\nFor kubectl, at the root of the checkout: %s", err, demo.Setup(l))
		}
		return nil
	case len(args) == 1 && args[0] == "down":
		return d.Down(ctx)
	}
	return fmt.Errorf("got the arguments %q, expected none, or down", args)
}
