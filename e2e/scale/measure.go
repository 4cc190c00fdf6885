package scale

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Phase is what was measured of one part of a run.
type Phase struct {
	Took time.Duration
	// Requests that were sent.
	Requests int64
	// Processor time of the three processes, and of everything else on the machine, which
	// should be none.
	Server, Etcd, Own, Others time.Duration
}

// disturbed says whether something else had a fifth of the machine or more.
func (p Phase) disturbed() bool {
	return p.Others > p.Took*time.Duration(runtime.NumCPU())/5
}

// counter counts the requests of a client.
type counter struct {
	next  http.RoundTripper
	count *atomic.Int64
}

// RoundTrip counts a request and sends it.
func (c counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.count.Add(1)
	return c.next.RoundTrip(r)
}

// meter measures phases.
type meter struct {
	server, etcd int
	requests     atomic.Int64
}

// wrap lets the meter count what goes through a transport.
func (m *meter) wrap(next http.RoundTripper) http.RoundTripper {
	return counter{next: next, count: &m.requests}
}

// measure does something and says what it cost.
func (m *meter) measure(do func() error) (Phase, error) {
	before, err := m.read()
	if err != nil {
		return Phase{}, err
	}
	start := time.Now()
	if err := do(); err != nil {
		return Phase{}, err
	}
	took := time.Since(start)
	after, err := m.read()
	return Phase{Took: took, Requests: after.Requests - before.Requests, Server: after.Server - before.Server,
		Etcd: after.Etcd - before.Etcd, Own: after.Own - before.Own, Others: max(0, after.Others-before.Others)}, err
}

// read is what has been spent until now.
func (m *meter) read() (p Phase, err error) {
	p.Requests = m.requests.Load()
	if p.Server, err = cpuOf(m.server); err != nil {
		return p, err
	}
	if p.Etcd, err = cpuOf(m.etcd); err != nil {
		return p, err
	}
	var usage syscall.Rusage
	err = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	if err != nil {
		return p, err
	}
	p.Own = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return p, err
	}
	all, err := parseBusy(string(stat))
	p.Others = all - p.Server - p.Etcd - p.Own
	return p, err
}

// parseBusy reads the processor time of all processes from /proc/stat: all but idle and waiting.
func parseBusy(stat string) (time.Duration, error) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, fmt.Errorf("cannot read %q as the first line of /proc/stat", line)
	}
	// user, nice, system, irq, softirq, steal; idle and iowait lie between.
	return sumTicks(fields[1], fields[2], fields[3], fields[6], fields[7], fields[8])
}

func sumTicks(fields ...string) (time.Duration, error) {
	var sum int64
	for _, field := range fields {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("cannot read %q as a time in /proc: %w", field, err)
		}
		sum += n
	}
	return time.Duration(sum) * tick, nil
}

// tick of the times in /proc; the kernel gives them in hundredths of a second to all processes.
const tick = 10 * time.Millisecond

func cpuOf(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("cannot tell what process %d has used: %w", pid, err)
	}
	return parseStat(string(data))
}

// parseStat reads the processor time of /proc/PID/stat. The name of the program, in parentheses,
// may hold anything.
func parseStat(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("cannot read %q as a line of /proc/PID/stat", stat)
	}
	return sumTicks(fields[11], fields[12])
}
