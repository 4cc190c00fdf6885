// Command corpus takes every file of manifests in a folder through an API server: applied,
// captured, cleaned, created in another namespace and captured again, it must be the same.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/kubemove/kubemove/e2e/corpus"
	"github.com/kubemove/kubemove/e2e/lab"
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
	verbose := flag.Bool("v", false, "show the warnings, and what does not move, too")
	flag.Parse()
	if flag.NArg() != 1 {
		return fmt.Errorf("got %d arguments, expected one: corpus [-v] DIR, a folder (or file) of manifests", flag.NArg())
	}
	files, err := corpus.Load(flag.Arg(0))
	if err != nil {
		return err
	}
	api, err := lab.StartAPIServer(ctx, "", os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, api.Stop()) }()
	config, err := api.Config()
	if err != nil {
		return err
	}
	return corpus.RunAll(ctx, config, files, os.Stdout, *verbose)
}
