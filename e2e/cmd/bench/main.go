// Command bench measures KubeMove's copy of a volume against the restic that it uses, alone.
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

	"github.com/kubemove/kubemove/e2e/bench"
	"github.com/kubemove/kubemove/e2e/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	interrupted := ctx.Err() != nil
	stop()
	if interrupted {
		err = fmt.Errorf("interrupted; what was made is removed, unless this says otherwise: %w", err)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	pairs := flag.Int("pairs", 5, "how often each of A and B is measured")
	relayed := flag.Int("relay", 2, "in how many pairs the move through the API servers is measured as well")
	largeFiles := flag.Int("large-files", 4, "large files")
	largeMiB := flag.Int64("large-mib", 1024, "size in MiB of each large file")
	smallFiles := flag.Int("small-files", 50_000, "small files, of 2 to 16 KiB")
	only := flag.String("only", "large,small", "the sets to measure, beside the empty volume")
	idle := flag.Int("idle", 0, "measure so many passes of a session in which nothing changes, at most 9, in place of the pairs")
	flag.Parse()
	var sets []bench.Set
	for _, s := range []bench.Set{
		{Name: "large", Files: *largeFiles, Least: *largeMiB << 20, Most: *largeMiB << 20},
		{Name: "small", Files: *smallFiles, Least: 2 << 10, Most: 16 << 10},
	} {
		if strings.Contains(","+*only+",", ","+s.Name+",") {
			sets = append(sets, s)
		}
	}
	l, err := lab.Open("")
	if err != nil {
		return err
	}
	b, err := bench.New(l, bench.Options{Pairs: *pairs, Relayed: *relayed, Sets: sets, Idle: *idle}, os.Stdout)
	if err != nil {
		return err
	}
	report, err := b.Run(ctx)
	if report.Empty() {
		return err
	}
	if missed := report.Write(os.Stdout); len(missed) > 0 {
		err = errors.Join(err, fmt.Errorf("missed: %s", strings.Join(missed, "; ")))
	}
	return err
}
