package many

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Requests to an API server.
type Requests struct {
	// All that concern the objects of moves, and the Writes among them.
	All, Writes int64
}

// Since an earlier reading.
func (r Requests) Since(before Requests) Requests {
	return Requests{All: r.All - before.All, Writes: r.Writes - before.Writes}
}

// resources that Metacontroller reads and writes for a move.
var resources = []string{"moveengines", "movepairs", "moveswitches", "datasyncs", "jobs", "serviceaccounts", "rolebindings"}

// writes are the verbs that change something.
var writes = []string{"POST", "PUT", "PATCH", "APPLY", "DELETE"}

// ParseRequests reads the metrics of an API server.
func ParseRequests(metrics string) (r Requests, err error) {
	for line := range strings.Lines(metrics) {
		labels, value, found := strings.Cut(strings.TrimSpace(line), "} ")
		labels, counted := strings.CutPrefix(labels, "apiserver_request_total{")
		if !counted || !found || !slices.Contains(resources, label(labels, "resource")) {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return r, fmt.Errorf("cannot read the number in %q: %w", line, err)
		}
		r.All += int64(n)
		if slices.Contains(writes, label(labels, "verb")) {
			r.Writes += int64(n)
		}
	}
	if r.All == 0 {
		return r, fmt.Errorf("the metrics count no request for any of %s", resources)
	}
	return r, nil
}

// label of a metric; those that are looked at have no quotes in them.
func label(labels, name string) string {
	for part := range strings.SplitSeq(labels, ",") {
		if value, found := strings.CutPrefix(part, name+"="); found {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// Memory of a process in MiB: now, and at most until now.
type Memory struct{ Now, Most int64 }

// MemoryOf a process.
func MemoryOf(pid int) (Memory, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Memory{}, err
	}
	defer file.Close()
	var m Memory
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 || fields[2] != "kB" {
			continue
		}
		n, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return Memory{}, fmt.Errorf("cannot read %q: %w", lines.Text(), err)
		}
		switch fields[0] {
		case "VmRSS:":
			m.Now = n / 1024
		case "VmHWM:":
			m.Most = n / 1024
		}
	}
	return m, lines.Err()
}
