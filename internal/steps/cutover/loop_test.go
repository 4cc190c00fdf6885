package cutover

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// silentMachine has a source that does not answer: every reading fails after a while.
type silentMachine struct{ after time.Duration }

func (m silentMachine) observe(context.Context, bool) (*Observed, error) {
	time.Sleep(m.after)
	return nil, &cluster.Error{Kind: cluster.Unreachable, Side: cluster.SideSource, Message: "cannot read the lock at the source"}
}

func (m silentMachine) act(context.Context, Action, *Observed) error { return nil }
func (m silentMachine) unlock(context.Context) error                 { return nil }
func (m silentMachine) acted(context.Context, Action)                {}
func (m silentMachine) now() time.Time                               { return time.Now() }
func (m silentMachine) sleep(_ context.Context, d time.Duration)     { time.Sleep(d) }

// firstStalled keeps when a status has first said that it is stalled, and how.
type firstStalled struct {
	began   time.Time
	After   time.Duration
	Since   time.Duration
	Message string
}

func (f *firstStalled) Update(change func(*task.Status)) {
	var st task.Status
	change(&st)
	if st.Stalled != nil && f.Message == "" {
		f.After, f.Since, f.Message = time.Since(f.began), st.Stalled.Since.Sub(f.began), st.Stalled.Message
	}
}

func TestSilenceIsToldInTime(t *testing.T) {
	cases := map[string]struct {
		reason string
		after  time.Duration
		want   firstStalled
	}{
		"Refused": {"A refused connection is told of after half a minute.",
			0, firstStalled{After: 30 * time.Second, Message: "cannot read the lock at the source"}},
		"Frozen": {"The silence began with the first reading that got no answer, not with the end of that.", 15 * time.Second,
			firstStalled{After: 31 * time.Second, Message: "cannot read the lock at the source"}},
		"Hanging": {"A reading that does not end is told of as well.",
			time.Minute, firstStalled{After: 30 * time.Second, Message: "not all of source, target and home has answered"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := &firstStalled{began: time.Now()}
				l := &loop{machine: silentMachine{tc.after}, next: Next, out: got, steps: &stepLog{}}
				if r := l.run(t.Context()); r.Outcome != task.OutcomeFailed {
					t.Errorf("the loop ended with %v", r)
				}
				if diff := cmp.Diff(tc.want, *got, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "began" }, cmp.Ignore())); diff != "" {
					t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
				}
			})
		})
	}
}
