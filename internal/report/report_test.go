package report

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/task"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// book is a sink that keeps what it is given and fails as it is told.
type book struct {
	mu    sync.Mutex
	start time.Time
	at    []time.Duration
	got   []task.Status
	fail  func(try int) error
	tries int
}

func newBook() *book { return &book{start: time.Now()} }

func (b *book) sink(_ context.Context, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tries++
	if b.fail != nil {
		if err := b.fail(b.tries); err != nil {
			return err
		}
	}
	s, err := task.DecodeStatus(data)
	if err != nil {
		return err
	}
	b.at = append(b.at, time.Since(b.start))
	b.got = append(b.got, *s)
	return nil
}

func (b *book) sequences() []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []int64
	for _, s := range b.got {
		out = append(out, s.Sequence)
	}
	return out
}

func TestReporterKeepsItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		r := New(Options{RunID: "run", Interval: 10 * time.Second, Log: quiet, Last: &task.Status{Sequence: 41}}, b.sink)
		for i := range 25 {
			r.Update(func(s *task.Status) { s.BytesPerSecond = int64(i) })
			time.Sleep(time.Second)
		}
		if err := r.Finish(t.Context(), task.Result{Outcome: task.OutcomeSucceeded}); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{0, 10 * time.Second, 20 * time.Second, 25 * time.Second}
		if diff := cmp.Diff(want, b.at); diff != "" {
			t.Errorf("the first report is written at once, then one per interval, and the last at the end: -want +got:\n%s", diff)
		}
		if diff := cmp.Diff([]int64{42, 43, 44, 45}, b.sequences()); diff != "" {
			t.Errorf("the sequence goes on from the last report of the run: -want +got:\n%s", diff)
		}
		last := b.got[len(b.got)-1]
		if last.Trusted("run") == nil || last.BytesPerSecond != 24 {
			t.Errorf("the last report holds the newest state and the result, got %+v", last)
		}
	})
}

func TestReporterSaysNothingWithoutAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		r := New(Options{RunID: "run", Interval: time.Second, Log: quiet}, b.sink)
		r.Step("Plan", "")
		time.Sleep(time.Hour)
		r.Stop(t.Context())
		if diff := cmp.Diff([]int64{1}, b.sequences()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestReporterGoesAtLeastFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		r := New(Options{RunID: "run", Interval: time.Millisecond, Log: quiet}, b.sink)
		r.Step("a", "")
		time.Sleep(time.Second)
		r.Step("b", "")
		time.Sleep(10 * time.Second)
		r.Stop(t.Context())
		if diff := cmp.Diff([]time.Duration{0, MinInterval}, b.at); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestFinishTriesAgain(t *testing.T) {
	broken := errors.New("broken")
	cases := map[string]struct {
		reason string
		fail   func(try int) error
		err    error
		// longest that it may take.
		longest time.Duration
		reports int
	}{
		"Passing": {
			reason:  "An API server that restarts must not lose a result.",
			fail:    func(try int) error { return map[bool]error{true: broken}[try < 5] },
			longest: 30 * time.Second, reports: 1,
		},
		"Lasting": {
			reason:  "A Pod that cannot report ends, so that the Job's next one can try.",
			fail:    func(int) error { return broken },
			err:     broken,
			longest: finalPatience,
		},
		"Gone": {
			reason: "A Job that was deleted never takes a report.",
			fail:   func(int) error { return ErrGone },
			err:    ErrGone,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBook()
				b.fail = tc.fail
				r := New(Options{RunID: "run", Log: quiet}, b.sink)
				ctx, cancel := context.WithCancel(t.Context())
				cancel() // The task was told to stop meanwhile; a result counts all the same.
				began := time.Now()
				err := r.Finish(ctx, task.Result{Outcome: task.OutcomeFailed})
				if !errors.Is(err, tc.err) || (err == nil) != (tc.err == nil) {
					t.Errorf("%s\ngot error %v, want %v", tc.reason, err, tc.err)
				}
				if took := time.Since(began); took > tc.longest {
					t.Errorf("%s\nit took %s, want at most %s", tc.reason, took, tc.longest)
				}
				if len(b.got) != tc.reports {
					t.Errorf("%s\ngot %d reports, want %d", tc.reason, len(b.got), tc.reports)
				}
			})
		})
	}
}

func TestReporterRepeatsAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		b.fail = func(try int) error { return map[bool]error{true: errors.New("broken")}[try == 1] }
		r := New(Options{RunID: "run", Interval: 10 * time.Second, Log: quiet}, b.sink)
		r.Step("Copy", "")
		time.Sleep(time.Minute)
		r.Stop(t.Context())
		if diff := cmp.Diff([]time.Duration{10 * time.Second}, b.at); diff != "" {
			t.Errorf("a report that failed is made again at the next interval: -want +got:\n%s", diff)
		}
	})
}

func TestStopLeavesNoResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		r := New(Options{RunID: "run", Log: quiet}, b.sink)
		r.Step("Copy", "")
		synctest.Wait()
		r.Warn("careful")
		r.Warn("careful")
		r.Stop(t.Context())
		last := b.got[len(b.got)-1]
		if last.Result != nil || len(last.Warnings) != 1 {
			t.Errorf("want the newest state, each warning once, and no result, got %+v", last)
		}
	})
}

func TestReporterGoesOnFromTheLastReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		last := &task.Status{Sequence: 3, Step: "Copy", Volumes: []task.VolumeProgress{{Name: "data", BytesDone: 5}},
			Switch: &task.SwitchProgress{Touched: true}, Result: &task.Result{Outcome: task.OutcomeFailed}}
		r := New(Options{RunID: "run", Log: quiet, Last: last}, b.sink)
		r.Step("Connect", "")
		r.Stop(t.Context())
		got := b.got[len(b.got)-1]
		if got.Switch == nil || !got.Switch.Touched || len(got.Volumes) != 1 || got.Result != nil {
			t.Errorf("a task that was started again must not forget what it has touched, nor repeat an old result, got %+v", got)
		}
		if r.Last() != last {
			t.Error("the last report itself is handed on")
		}
	})
}
