package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// filling is what lies in the volume of a database, beside the database.
type filling struct{ mebibytes, files int }

// fillings of ten moves: from 10 MiB to 4 GiB, and from 10 to 100,000 files.
var fillings = []filling{
	{10, 10}, {10, 1000}, {10, 100_000}, {100, 10}, {100, 10_000}, {1024, 10}, {1024, 1000}, {1024, 100_000}, {4096, 10}, {4096, 10_000},
}

// firstCopies is how long everything may take to be copied, before the switch.
const firstCopies = 30 * time.Minute

// prediction is what was predicted of a switch, and what it was.
type prediction struct {
	filling
	parts               api.PredictedDowntime
	predicted, measured int64
	// Of the measured downtime: until the Pods were gone, the copy, and from the start until the application was healthy.
	stopped, copied, started int64
}

// holds: it is within 25 % of what was measured, or within 2 s.
func (p prediction) holds() bool {
	return math.Abs(float64(p.predicted-p.measured)) <= max(2, float64(p.measured)/4)
}

// TestPredictedDowntime makes the first switch of ten databases, one after the other, as each measures a downtime. It prints
// what was predicted of each, and wants nine of ten to be right.
func TestPredictedDowntime(t *testing.T) {
	_, err := clusters.LoadPostgres(t.Context())
	require.NoError(t, err)
	var all []prediction
	for _, f := range fillings {
		t.Run(fmt.Sprintf("%dMiB-%dFiles", f.mebibytes, f.files), func(t *testing.T) { all = append(all, predictedMove(t, f)) })
	}
	right := 0
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "MiB\tfiles\tpredicted s\tmeasured s\tstop\tcopy\tstart\trest\tholds")
	for _, p := range all {
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d/%d\t%d/%d\t%d/%d\t%d/%d\t%t\n", p.mebibytes, p.files, p.predicted, p.measured,
			p.parts.StopSeconds, p.stopped, p.parts.CopySeconds, p.copied, p.parts.StartSeconds, p.started,
			p.parts.OwnSeconds, p.measured-p.stopped-p.copied-p.started, p.holds())
		if p.holds() {
			right++
		}
	}
	require.NoError(t, w.Flush())
	t.Logf("of each part: predicted/measured\n%s", table.String())
	require.Len(t, all, len(fillings), "each of the moves has ended")
	require.GreaterOrEqual(t, right, len(fillings)-1, "of ten predictions one may be off by more than 25 %% and more than 2 s")
}

// predictedMove moves a database live, once its runs have told how long they take.
func predictedMove(t *testing.T, f filling) prediction {
	s := newScenario(t)
	s.filledDatabase(f)
	s.restartAll()
	s.apply(s.src, "live.yaml")
	s.kubectl(s.src, "wait", "--for=create", "datasync/shop-dst-restic", timeout)
	s.await(firstCopies, "a first run and two by the schedule", func() error {
		var sync api.DataSync
		if err := json.Unmarshal([]byte(s.kubectl(s.src, "get", "datasync", "shop-dst-restic", "-o", "json")), &sync); err != nil {
			return err
		}
		told := 0
		for _, run := range sync.Status.Runs {
			if run.Trigger == api.TriggerSchedule && run.CopySeconds > 0 {
				told++
			}
		}
		if told < 2 {
			return fmt.Errorf("%d runs by the schedule tell how long they have copied", told)
		}
		return nil
	})
	s.approve("shop-dst")
	s.switched()
	var pair api.MovePair
	require.NoError(t, json.Unmarshal([]byte(s.kubectl(s.src, "get", "movepair", "shop-dst", "-o", "json")), &pair))
	var sw api.MoveSwitch
	require.NoError(t, json.Unmarshal([]byte(s.kubectl(s.src, "get", "moveswitch", "shop-dst", "-o", "json")), &sw))
	require.NotNil(t, pair.Status.PredictedDowntime, "what was predicted stays after the switch")
	require.NotNil(t, sw.Status.FinalRun)
	steps := map[string]int64{}
	for _, step := range sw.Status.Steps {
		if step.StartedAt != nil && step.FinishedAt != nil {
			steps[step.Name] = int64(step.FinishedAt.Sub(step.StartedAt.Time).Seconds())
		}
	}
	return prediction{filling: f, parts: *pair.Status.PredictedDowntime, predicted: pair.Status.PredictedDowntimeSeconds,
		measured: sw.Status.DowntimeSeconds, stopped: steps["Quiesce"], copied: sw.Status.FinalRun.CopySeconds, started: steps["Health"]}
}

// filledDatabase starts examples/postgres with a larger claim, and puts so many files of so many bytes in all into it.
func (s *scenario) filledDatabase(f filling) {
	s.t.Helper()
	text := s.kubectl(s.src, "kustomize", filepath.Join(clusters.Root, "examples", "postgres"))
	require.Contains(s.t, text, "storage: 1Gi")
	file := filepath.Join(s.t.TempDir(), "postgres.yaml")
	require.NoError(s.t, os.WriteFile(file, []byte(strings.ReplaceAll(text, "storage: 1Gi", "storage: 8Gi")), 0o600))
	s.kubectl(s.src, "apply", "--server-side", "-f", file)
	s.kubectl(s.src, "rollout", "status", "statefulset/postgres", "deployment/client", timeout)
	each := f.mebibytes << 20 / f.files
	_, err := s.src.Exec(s.t.Context(), s.namespace, "postgres-0", "", "sh", "-ec",
		fmt.Sprintf("cd /var/lib/postgresql/data && mkdir more && cd more && head -c %d /dev/urandom | split -a 5 -d -b %d - f && ls | wc -l",
			each*f.files, each))
	require.NoError(s.t, err)
}

// restartAll ends what runs and starts it again, all at once, as a switch does: at its first start the database was made, and
// the client has waited for that.
func (s *scenario) restartAll() {
	s.t.Helper()
	all := []string{"statefulset/postgres", "deployment/client"}
	s.kubectl(s.src, append([]string{"scale", "--replicas=0"}, all...)...)
	s.await(patience, "all Pods to be gone", func() error {
		if pods := s.kubectl(s.src, "get", "pods", "-l", "app in (postgres, client)", "-o", "name"); pods != "" {
			return fmt.Errorf("there are still %s", pods)
		}
		return nil
	})
	s.kubectl(s.src, append([]string{"scale", "--replicas=1"}, all...)...)
	s.kubectl(s.src, append(append([]string{"rollout", "status"}, all...), timeout)...)
}
