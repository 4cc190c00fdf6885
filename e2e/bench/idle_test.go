package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParsePasses(t *testing.T) {
	got := parsePasses(`{"msg":"pass ended","outcome":"Succeeded","milliseconds":1500}
no JSON
{"msg":"pass ended","outcome":"Failed","milliseconds":9000}
{"msg":"workers started"}
{"msg":"pass ended","outcome":"Succeeded","milliseconds":20}`)
	require.Equal(t, figure{1500 * time.Millisecond, 20 * time.Millisecond}, got)
}

func TestUsed(t *testing.T) {
	require.Equal(t, int64(12),
		countRequests("# HELP\napiserver_request_total{verb=\"GET\",code=\"200\"} 10\napiserver_request_total{verb=\"LIST\"} 2\n"+
			"apiserver_other{verb=\"GET\"} 50\n"))
	cpu, err := cpuOf(`{"pods":[{"podRef":{"namespace":"a"},"cpu":{"usageCoreNanoSeconds":7}},{"podRef":{"namespace":"b"},
		"cpu":{"usageCoreNanoSeconds":50}},{"podRef":{"namespace":"a"},"cpu":{"usageCoreNanoSeconds":4}}]}`, "a")
	require.NoError(t, err)
	require.Equal(t, 11*time.Nanosecond, cpu)
	_, err = cpuOf("no", "a")
	require.Error(t, err)
}

func TestIdleReport(t *testing.T) {
	r := &Report{Idle: []idleRun{{Set: empty, Passes: figure{4 * time.Second, 4 * time.Second}, Alone: figure{time.Second, time.Second},
		Window: idleWindow{Requests: 100, CPU: 3 * time.Second}, Background: idleWindow{Requests: 20, CPU: time.Second}}}}
	require.False(t, r.Empty())
	var text strings.Builder
	require.Len(t, r.Write(&text), 1, "three seconds more are too many")
	require.Equal(t, "3.0 s must be <= 2 s, goal 2 s: MISSED", line(t, text.String(), "the difference of the medians"))
	require.Equal(t, "1.00", line(t, text.String(), "CPU seconds of the Pods for each"))
	r.Idle[0].Passes = figure{2 * time.Second}
	require.Empty(t, r.Write(&text))
}
