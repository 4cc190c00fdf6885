package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/kubemove/kubemove/e2e/lab"
)

// Options of a run.
type Options struct {
	// Pairs of A and B for each set.
	Pairs int
	// Relayed is in how many of them the move is also measured through the API servers.
	Relayed int
	// Sets of data to copy; beside them the empty volume.
	Sets []Set
	// Idle passes of a session to measure over each set, in which nothing changes, in place of the pairs; 0: none.
	Idle int
}

// validate refuses what cannot be measured.
func (o Options) validate() error {
	if o.Pairs < 1 || len(o.Sets) == 0 {
		return fmt.Errorf("got %d pairs of %d sets, expected at least one of each: use -pairs 5", o.Pairs, len(o.Sets))
	}
	for _, s := range o.Sets {
		if s.Files < 1 || s.Least < 0 || s.Most < s.Least {
			return fmt.Errorf("the set %s has %d files of %d to %d bytes, expected at least one file and sizes in order: make the flags larger",
				s.Name, s.Files, s.Least, s.Most)
		}
	}
	return nil
}

// empty is the set of nothing: a volume that holds no file.
var empty = Set{Name: "empty"}

// Bench is one run.
type Bench struct {
	lab      *lab.Lab
	options  Options
	out      io.Writer
	start    time.Time
	id       int64
	moves    int
	dir      string
	programs programs
}

// New prepares a run, which tells its progress to out.
func New(l *lab.Lab, o Options, out io.Writer) (*Bench, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	now := time.Now()
	return &Bench{lab: l, options: o, out: out, start: now, id: now.Unix()}, nil
}

// Run measures. It uses the lab if it is up, else brings it up, and takes it down again. With
// an error the report holds the pairs that were complete until then.
func (b *Bench) Run(ctx context.Context) (report *Report, err error) {
	if _, down := b.lab.Status(ctx); down != nil {
		b.tell("the lab is not up: it is brought up, and taken down at the end")
		defer func() { err = errors.Join(err, b.lab.Down(context.WithoutCancel(ctx))) }()
	}
	// Also when it is up: what is measured is this checkout.
	if err := b.lab.Up(ctx); err != nil {
		return nil, err
	}
	b.dir = filepath.Join(b.lab.Dir, fmt.Sprintf("bench-%d", b.id))
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.dir)
	if b.programs, err = takePrograms(filepath.Join(b.lab.Dir, "images"), b.dir); err != nil {
		return nil, err
	}
	report = &Report{}
	if report.Machine, err = machine(b.dir); err != nil {
		return nil, err
	}
	b.tell("%s", report.Machine)
	if b.options.Idle > 0 {
		return report, b.measureIdle(ctx, report)
	}
	return report, b.measure(ctx, report)
}

// measure takes all pairs. All sets take turns, so that a machine that gets slower does not
// make one of them look worse.
func (b *Bench) measure(ctx context.Context, report *Report) error {
	for _, s := range append([]Set{empty}, b.options.Sets...) {
		report.Series = append(report.Series, series{Set: s})
	}
	for i := range b.options.Pairs {
		for j := range report.Series {
			s := &report.Series[j]
			if err := b.pair(ctx, s, i); err != nil {
				return fmt.Errorf("%s, pair %d: %w", s.Set.Name, i+1, err)
			}
		}
	}
	return nil
}

// pair measures A, then B, and in some pairs R. Half a pair is not kept.
func (b *Bench) pair(ctx context.Context, s *series, i int) error {
	seed := uint64(b.id)<<8 + uint64(i)
	move := func(name string, t transport) (moved, error) {
		m, err := b.runMove(ctx, s.Set, seed, t)
		if err == nil {
			b.tell("%-6s %d/%d  %s  run %s (the whole move %s, page cache %s)",
				s.Set.Name, i+1, b.options.Pairs, name, seconds(m.Run), seconds(m.Whole), cached())
		}
		return m, err
	}
	a, err := move("A", direct)
	if err != nil {
		return err
	}
	bare, err := b.runBare(ctx, s.Set, seed)
	if err != nil {
		return err
	}
	b.tell("%-6s %d/%d  B  run %s (init %s, backup %s, restore %s, syncfs %s, page cache %s)", s.Set.Name, i+1, b.options.Pairs,
		seconds(bare.total()), seconds(bare.Init), seconds(bare.Backup), seconds(bare.Restore), seconds(bare.Sync), cached())
	s.A, s.B = append(s.A, a), append(s.B, bare)
	if i >= b.options.Relayed {
		return nil
	}
	r, err := move("R", relayed)
	if err != nil {
		return err
	}
	s.R = append(s.R, r)
	return nil
}

// tell prints a line of progress, with the time since the start.
func (b *Bench) tell(format string, args ...any) {
	fmt.Fprintf(b.out, "%7.0fs  %s\n", time.Since(b.start).Seconds(), fmt.Sprintf(format, args...))
}

// seconds of a duration, with tenths.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
