package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// driverTimes are what the log of a cutover says of its data run, to the nanosecond; the
// statuses have whole seconds.
type driverTimes struct {
	// Go is when the workers were let go, Verified when the last volume was copied and both
	// sides were equal, Finished the end of the cutover.
	Go, Verified, Finished time.Time
	// Transport that carried the data.
	Transport string
}

// parseDriverLog reads the lines of JSON that the driver logs.
func parseDriverLog(log []byte) (driverTimes, error) {
	var t driverTimes
	for line := range bytes.Lines(log) {
		var entry struct {
			Time   time.Time `json:"time"`
			Msg    string    `json:"msg"`
			Reason string    `json:"reason"`

			Transport string `json:"transport"`
		}
		if json.Unmarshal(line, &entry) != nil {
			continue
		}
		switch entry.Msg {
		case "the route of the data":
			t.Transport = entry.Transport
		case "workers started":
			if t.Go.IsZero() {
				t.Go = entry.Time
			}
		case "volume synced":
			t.Verified = entry.Time
		case "finished":
			t.Finished = entry.Time
		case "trying a volume again":
			return t, fmt.Errorf("the volume was tried again, expected one try: the measurement is void; the reason was: %s", entry.Reason)
		}
	}
	if t.Go.IsZero() || t.Verified.IsZero() || t.Finished.IsZero() {
		return t, fmt.Errorf("the log of the cutover names go %v, verified %v, finished %v; expected the lines \"workers started\", "+
			"\"volume synced\" and \"finished\": was its wording changed? Then change e2e/bench/driverlog.go. The log:\n%s",
			!t.Go.IsZero(), !t.Verified.IsZero(), !t.Finished.IsZero(), log)
	}
	return t, nil
}

// parseSteps reads the steps of a MoveSwitch that has switched.
func parseSteps(status []byte) ([]phase, error) {
	var steps []struct {
		Name                  string
		StartedAt, FinishedAt time.Time
	}
	if err := json.Unmarshal(status, &steps); err != nil || len(steps) == 0 {
		return nil, fmt.Errorf("the steps of the switch are %q, expected a list in JSON: %w", status, err)
	}
	var out []phase
	for _, s := range steps {
		out = append(out, phase{s.Name, s.FinishedAt.Sub(s.StartedAt)})
	}
	return out, nil
}
