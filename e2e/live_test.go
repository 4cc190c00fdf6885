package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/e2e/lab"
)

// liveRounds is how many moves TestLive makes, one after the other: KUBEMOVE_LIVE_ROUNDS, or one.
func liveRounds(t *testing.T) int {
	text := os.Getenv("KUBEMOVE_LIVE_ROUNDS")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "KUBEMOVE_LIVE_ROUNDS")
	return n
}

// TestLive moves a PostgreSQL whose client never stops writing: everything is copied while it runs, and what is
// acknowledged is there after the switch. It prints how long the client could not write, beside how long it cannot when
// the database alone is stopped and started.
func TestLive(t *testing.T) {
	t.Parallel()
	_, err := clusters.LoadPostgres(t.Context())
	require.NoError(t, err)
	var more []float64
	for i := range liveRounds(t) {
		// What a round has moved goes at its end: it would go on writing beside the next one.
		t.Run(strconv.Itoa(i+1), func(t *testing.T) {
			own, gap := liveMove(t)
			more = append(more, gap-own)
		})
	}
	require.NotEmpty(t, more)
	slices.Sort(more)
	t.Logf("%d moves: the client's gap is longer than that of the database's own stop and start by %.1f s in the median, "+
		"and by %.1f s at worst",
		len(more), more[len(more)/2], more[len(more)-1])
}

// liveMove returns the gaps in seconds.
func liveMove(t *testing.T) (own, gap float64) {
	s := newScenario(t)
	s.kubectl(s.src, "apply", "-k", clusters.Root+"/examples/postgres")
	s.kubectl(s.src, "rollout", "status", "statefulset/postgres", "deployment/client", timeout)
	own = s.ownGap()
	s.apply(s.src, "live.yaml")
	s.kubectl(s.src, "wait", "--for=create", "datasync/shop-dst-restic", timeout)
	s.await(patience, "a first run and two by the schedule", func() error {
		runs := s.kubectl(s.src, "get", "datasync", "shop-dst-restic", "-o", "jsonpath={.status.runs[*].trigger}")
		if runs != "Schedule Schedule Initial" {
			return fmt.Errorf("the runs are %q", runs)
		}
		return nil
	})
	t.Log(s.kubectl(s.src, "get", "datasync", "shop-dst-restic", "-o",
		`jsonpath={range .status.runs[*]}{.trigger} {.outcome} {.seconds} s, {.files} files, {.bytes} bytes{"\n"}{end}`))
	acknowledged := s.followClient(s.src)
	before := s.lastWrite(s.src)
	s.approve("shop-dst")
	s.switched()
	s.kubectl(s.dst, "rollout", "status", "deployment/client", timeout)
	rows := map[string]bool{}
	for _, row := range strings.Fields(s.sql(s.dst, "select number || '/' || writer from writes")) {
		rows[row] = true
	}
	heard := acknowledged()
	require.NotEmpty(t, heard)
	for _, w := range heard {
		require.True(t, rows[w], "the write %s was acknowledged and is not there", w)
	}
	gap = s.gap(s.dst, before)
	var sw api.MoveSwitch
	require.NoError(t, json.Unmarshal([]byte(s.kubectl(s.src, "get", "moveswitch", "shop-dst", "-o", "json")), &sw))
	steps := map[string]api.SwitchStep{}
	for _, step := range sw.Status.Steps {
		steps[step.Name] = step
		if step.StartedAt != nil && step.FinishedAt != nil {
			t.Logf("%-10s %s", step.Name, step.FinishedAt.Sub(step.StartedAt.Time))
		}
	}
	require.Equal(t, "Done", steps["Deltas"].State, "everything is copied once more before the stop")
	require.True(t, steps["Deltas"].FinishedAt.Compare(steps["Quiesce"].StartedAt.Time) <= 0)
	t.Logf("%d acknowledged writes, none is lost; the client's gap: %.1f s, with the database's own stop and start: %.1f s; downtime %d s",
		len(heard), gap, own, sw.Status.DowntimeSeconds)
	return own, gap
}

// sql asks the database of a side. Its Service may lead to it a moment later than it is ready.
func (s *scenario) sql(c *lab.Cluster, query string) string {
	s.t.Helper()
	var out string
	s.await(patience, "the database at "+c.Name, func() (err error) {
		out, err = c.Kubectl(s.t.Context(), "-n", s.namespace, "exec", "deployment/client", "--", "psql", "-qtAc", query)
		return err
	})
	return strings.TrimSpace(out)
}

func (s *scenario) lastWrite(c *lab.Cluster) int {
	s.t.Helper()
	n, err := strconv.Atoi(s.sql(c, "select max(number) from writes"))
	require.NoError(s.t, err)
	return n
}

// gap is the longest time between two writes after the one of that number, in seconds.
func (s *scenario) gap(c *lab.Cluster, since int) float64 {
	s.t.Helper()
	text := s.sql(c, fmt.Sprintf("select max(extract(epoch from at - before)) from (select at, number, lag(at) over (order by number) before "+
		"from writes) w where number > %d", since))
	seconds, err := strconv.ParseFloat(text, 64)
	require.NoError(s.t, err, text)
	return seconds
}

// ownGap stops the database and starts it again, as a switch does, and says how long its client could not write.
func (s *scenario) ownGap() float64 {
	s.t.Helper()
	since := s.lastWrite(s.src)
	s.kubectl(s.src, "scale", "statefulset/postgres", "--replicas=0")
	s.kubectl(s.src, "wait", "--for=delete", "pod/postgres-0", timeout)
	s.kubectl(s.src, "scale", "statefulset/postgres", "--replicas=1")
	s.kubectl(s.src, "rollout", "status", "statefulset/postgres", timeout)
	s.await(patience, "a write after it", func() error {
		if n := s.lastWrite(s.src); n < since+5 {
			return fmt.Errorf("the last write is %d", n)
		}
		return nil
	})
	return s.gap(s.src, since)
}

// followClient reads the log of the client at a side from its beginning; what it returns waits for the end of the log
// and tells which writes were acknowledged, each as NUMBER/WRITER.
func (s *scenario) followClient(c *lab.Cluster) func() []string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), clusters.Kubectl(), "--kubeconfig", c.Kubeconfig, "-n", s.namespace,
		"logs", "--follow", "deployment/client")
	out, err := cmd.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, cmd.Start())
	var heard []string
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var number, writer string
			if n, _ := fmt.Sscanf(lines.Text(), "acknowledged %s by %s", &number, &writer); n == 2 {
				heard = append(heard, number+"/"+writer)
			}
		}
		_ = cmd.Wait()
	}()
	return func() []string {
		select {
		case <-ended:
		case <-time.After(patience):
			require.Fail(s.t, "the log of the client does not end")
		}
		return heard
	}
}
