package manifests_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/yaml"
)

// columnsOf a CRD: what kubectl get shows.
func columnsOf(t *testing.T, plural string) []column {
	t.Helper()
	data, err := os.ReadFile("crds/kubemove.io_" + plural + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				AdditionalPrinterColumns []column `json:"additionalPrinterColumns"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(data, &crd); err != nil {
		t.Fatal(err)
	}
	return crd.Spec.Versions[0].AdditionalPrinterColumns
}

type column struct {
	Name     string `json:"name"`
	JSONPath string `json:"jsonPath"`
}

// cell is what the API server shows in a column: of several results the first only, and nothing
// where there is none.
func cell(t *testing.T, c column, object any) string {
	t.Helper()
	path := jsonpath.New(c.Name).AllowMissingKeys(true)
	if err := path.Parse("{" + c.JSONPath + "}"); err != nil {
		t.Fatal(err)
	}
	results, err := path.FindResults(object)
	if err != nil || len(results) == 0 || len(results[0]) == 0 {
		return ""
	}
	return fmt.Sprint(results[0][0].Interface())
}

const (
	moving    = `{type: Ready, status: "True", reason: Active}, {type: Stalled, status: "False", reason: Progressing}`
	isStalled = `{type: Ready, status: "True", reason: Active}, {type: Stalled, status: "True", reason: Forbidden}`
)

func TestColumns(t *testing.T) {
	cases := map[string]struct {
		reason string
		plural string
		status string
		want   map[string]string
	}{
		"EngineMoves": {"nothing is shown where nothing is stalled",
			"moveengines", `{conditions: [` + moving + `]}`, map[string]string{"Stalled": ""}},
		"EngineStalls": {"the reason is shown",
			"moveengines", `{stalled: Forbidden, conditions: [` + isStalled + `]}`, map[string]string{"Stalled": "Forbidden"}},
		"PairMoves": {"nothing is shown where nothing is stalled",
			"movepairs", `{conditions: [` + moving + `]}`, map[string]string{"Stalled": ""}},
		"PairStalls": {"the reason is shown",
			"movepairs", `{stalled: Forbidden, conditions: [` + isStalled + `]}`, map[string]string{"Stalled": "Forbidden"}},
		"SwitchMoves": {"a number of seconds says that it is one",
			"moveswitches", `{downtimeSeconds: 75, conditions: [` + moving + `]}`, map[string]string{"Stalled": "", "Downtime(s)": "75"}},
		"SwitchStalls": {"the reason is shown",
			"moveswitches", `{stalled: Forbidden, conditions: [` + isStalled + `]}`, map[string]string{"Stalled": "Forbidden"}},
		"PairCopies": {"how old the copy at the target is",
			"movepairs", `{lastSuccessTime: "2026-12-24T01:45:20Z"}`, map[string]string{"Last Success": "2026-12-24T01:45:20Z"}},
		"EnginePredicts": {"that of the target to switch to, not of the first one", "moveengines",
			`{predictedDowntimeSeconds: 12, targets: [{name: a, predictedDowntimeSeconds: 70}, {name: b, predictedDowntimeSeconds: 12}]}`,
			map[string]string{"Predicted Downtime(s)": "12"}},
		"PairPredicts": {"the sum, and nothing while it is not known", "movepairs",
			`{predictedDowntimeSeconds: 12, predictedDowntime: {ownSeconds: 6}}`, map[string]string{"Predicted Downtime(s)": "12"}},
		"DataSyncWaits": {"the next run is told, and none is shown as going on", "datasyncs",
			`{nextRunTime: "2026-12-24T02:00:00Z", lastSuccessTime: "2026-12-24T01:45:20Z", lastRun: {trigger: Schedule}}`,
			map[string]string{"Run": "", "Next Run": "2026-12-24T02:00:00Z", "Last Success": "2026-12-24T01:45:20Z"}},
		"DataSyncRuns": {"a run is shown by what has triggered it", "datasyncs", `{run: {trigger: Initial}}`,
			map[string]string{"Run": "Initial", "Next Run": "", "Last Success": ""}},
		"DataSyncMoves": {"nothing is shown where nothing is stalled",
			"datasyncs", `{conditions: [` + moving + `]}`, map[string]string{"Stalled": ""}},
		"DataSyncStalls": {"the reason is shown", "datasyncs", `{stalled: Forbidden, conditions: [` + isStalled + `]}`,
			map[string]string{"Stalled": "Forbidden"}},
		"Volumes": {"each column is about all volumes, not the first one", "datasyncs",
			`{bytesDone: 30, filesDone: 3, stages: "1 Copying, 1 Synced", transport: "NodePort,Relay", volumes: [
			{name: a, stage: Synced, bytesDone: 10, filesDone: 1, transport: Relay},
			{name: b, stage: Copying, bytesDone: 20, filesDone: 2, transport: NodePort}]}`,
			map[string]string{"Bytes": "30", "Files": "3", "Volumes": "1 Copying, 1 Synced", "Transport": "NodePort,Relay"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var object struct {
				Status map[string]any `json:"status"`
			}
			if err := yaml.Unmarshal([]byte("status: "+tc.status), &object); err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, c := range columnsOf(t, tc.plural) {
				if _, ok := tc.want[c.Name]; ok {
					got[c.Name] = cell(t, c, map[string]any{"status": object.Status})
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
