package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// run executes a program to its end and returns its output. The error holds
// what it printed, for that is where the reason stands.
func run(ctx context.Context, name string, args ...string) (string, error) {
	return runIn(ctx, nil, name, args...)
}

// runIn is run with an environment; nil: that of this process.
func runIn(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(errs.String() + out.String())
		return out.String(), fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, said)
	}
	return out.String(), nil
}

// daemon is a program that outlives the lab's own process.
type daemon struct {
	process
	logPath string
	exited  chan struct{}
}

// startDaemon starts argv in a session of its own, so that neither Ctrl-C nor
// the end of the terminal reaches it, with its output in logPath. The mark is
// an environment variable that it and what it starts can be found by.
func startDaemon(name, logPath, mark string, argv []string) (*daemon, error) {
	out, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), mark)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	d := &daemon{
		process: process{Name: name, PID: cmd.Process.Pid},
		logPath: logPath,
		exited:  make(chan struct{}),
	}
	// Waited for only to be told of an early end, and to leave no zombie.
	go func() {
		_ = cmd.Wait()
		close(d.exited)
	}()
	d.Start, err = processStart(d.PID)
	if err != nil {
		return nil, d.failure(errors.New("ended at once"))
	}
	return d, nil
}

// await waits until check succeeds; it fails at once when the program ends.
func (d *daemon) await(ctx context.Context, timeout time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-d.exited:
			cancel(errors.New("the process has ended"))
		case <-ctx.Done():
		}
	}()
	err := Await(ctx, timeout, d.Name+" to be ready", check)
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return d.failure(err)
}

// failure explains why a program did not come up, with the end of its log.
func (d *daemon) failure(err error) error {
	return fmt.Errorf("%s did not come up: %w\nthe end of %s:\n%s", d.Name, err, d.logPath, lastLines(d.logPath, 30))
}

func lastLines(path string, n int) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	var lines []string
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		lines = append(lines, "  "+scan.Text())
		if len(lines) > n {
			lines = lines[1:]
		}
	}
	return strings.Join(lines, "\n")
}

// processStart returns when a process started, in clock ticks since boot.
func processStart(pid int) (uint64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseStartTime(string(data))
}

// parseStartTime reads field 22 of /proc/PID/stat. The name in field 2 may hold
// blanks and brackets, so fields are counted from the last bracket on.
func parseStartTime(stat string) (uint64, error) {
	end := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[end+1:])
	if end < 0 || len(fields) < 20 {
		return 0, fmt.Errorf("got %q, expected a line of /proc/PID/stat", stat)
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

// alive says whether exactly this process still runs (a zombie does not).
func (p process) alive() bool {
	start, err := processStart(p.PID)
	if err != nil || start != p.Start {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	if err != nil {
		return false
	}
	end := bytes.LastIndexByte(stat, ')')
	return end > 0 && len(stat) > end+2 && stat[end+2] != 'Z'
}

// kill ends a process and returns when it is gone. Nothing in the lab has state
// that is worth a graceful end.
func (p process) kill(ctx context.Context) error {
	if !p.alive() {
		return nil
	}
	_ = syscall.Kill(p.PID, syscall.SIGKILL)
	return Await(ctx, 20*time.Second, p.Name+" to be gone after SIGKILL", func(context.Context) error {
		if p.alive() {
			return fmt.Errorf("pid %d is alive", p.PID)
		}
		return nil
	})
}

// marked says whether a process was started with the mark in its environment.
func marked(pid int, mark string) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return false // gone, or not ours to look at
	}
	for variable := range bytes.SplitSeq(data, []byte{0}) {
		if string(variable) == mark {
			return true
		}
	}
	return false
}

// allPIDs lists the processes of this machine.
func allPIDs() ([]int, error) {
	entries, err := fs.ReadDir(os.DirFS("/proc"), ".")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
