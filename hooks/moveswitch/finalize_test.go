package moveswitch

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

func TestLeave(t *testing.T) {
	failed, switched := cutover(jobs.Failed, stopped), cutover(jobs.Succeeded, done)
	cleanup := func(is jobs.State) func(s *state) { return attempt(task.VerbCleanup, is) }
	noPair := func(s *state) { s.pair = nil }
	ready := int32(1)
	alive := func(a *jobs.Attempt) { a.Job.Status = batchv1.JobStatus{Ready: &ready} }
	const (
		atSource = "the source may be stopped, and the lock"
		atTarget = "the lock kubemove and the record of switch sw may be left in the namespaces of source and target; the application stays"
	)
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		gone   bool
		says   string
		again  time.Duration
	}{
		"NotBegun": {"there is nothing to undo", []func(*state){deleted(0)}, true, "cleaned up", 0},
		"RollingBack": {"first it is rolled back", []func(*state){approved, failed, deleted(0)}, false,
			"given up at 08:10:00 UTC; then " + atSource, 10 * time.Minute},
		"RolledBack": {"it was rolled back", []func(*state){approved, failed, rollback(jobs.Succeeded), deleted(0)}, true, "cleaned up", 0},
		"Cleaning": {"first it is cleaned up", []func(*state){approved, switched, deleted(0)}, false,
			"given up at 08:10:00 UTC; then " + atTarget, 10 * time.Minute},
		"Cleaned": {"it was cleaned up", []func(*state){approved, switched, cleanup(jobs.Succeeded), deleted(0)}, true, "cleaned up", 0},
		"CleanFails": {"that is tried again", []func(*state){approved, switched, cleanup(jobs.Failed), deleted(time.Minute)}, false,
			"given up at 08:09:00 UTC; then " + atTarget, 9 * time.Minute},
		"NoPair": {"the pair may come into sight", []func(*state){approved, switched, noPair, deleted(59 * time.Second)}, false,
			"given up at 08:09:01 UTC; then " + atTarget, 9*time.Minute + time.Second},
		"Orphan": {"the clusters are not known any more", []func(*state){approved, switched, noPair, deleted(time.Minute)}, true, atTarget, 0},
		"NoPairBack": {"a roll back is not given up for that", []func(*state){approved, failed, noPair, deleted(time.Minute)}, false,
			"given up at 08:09:00 UTC; then " + atSource, 9 * time.Minute},
		"GivenUp": {"it has taken too long", []func(*state){approved, failed, deleted(10 * time.Minute)}, true, atSource, 0},
		"GivenUpEnd": {"the application stays where it is", []func(*state){approved, cutover(jobs.Failed, done), deleted(10 * time.Minute)},
			true, atTarget, 0},
		"Alive": {"what runs is left to end", []func(*state){approved, failed, rollback(jobs.Running, alive), deleted(time.Hour)}, false,
			"given up at 07:10:00 UTC; then " + atSource, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			d := decided(t, given(c.given...))
			if diff := cmp.Diff([]any{c.gone, c.again}, []any{d.finalized, d.recheck}); diff != "" || !strings.HasPrefix(d.leaving, c.says) {
				t.Errorf("%s: %s: -want +got\n%s", c.reason, d.leaving, diff)
			}
		})
	}
}
