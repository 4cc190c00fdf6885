package bench

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// process of a worker, as this machine sees it.
type process struct {
	Program string
	Args    []string
	// Container is its mount namespace.
	Container string
	// Begin is when it was seen first, End when it was seen no more; both are late by at most
	// lookEvery.
	Begin, End time.Time
}

// lookEvery is how often the list of processes is read: often enough for tenths of a second,
// and seldom enough to cost less than a hundredth of one core.
const lookEvery = 25 * time.Millisecond

// watched programs.
var watched = []string{"restic", "kubemove-ddm"}

// young is how long a process is looked at again: it may be on its way to another program.
const young = 5 * time.Second

// seen is what is known of a process.
type seen struct {
	first   time.Time
	process *process // nil: of no interest
}

// watcher keeps what has run since it was started.
type watcher struct {
	known  map[int]seen
	all    []*process
	cancel context.CancelFunc
	done   chan struct{}
}

// watchProcesses looks at the processes of this machine until stop is called.
func watchProcesses(ctx context.Context) *watcher {
	ctx, cancel := context.WithCancel(ctx)
	w := &watcher{known: map[int]seen{}, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			w.look()
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return w
}

// stop ends the watcher. It returns the processes of the containers in which a program was
// called with the word in its arguments, in their order.
func (w *watcher) stop(word string) []process {
	w.cancel()
	<-w.done
	return ofContainers(w.all, word)
}

// ofContainers keeps the processes that share a container with one that names the word.
func ofContainers(all []*process, word string) []process {
	containers := map[string]bool{}
	for _, p := range all {
		if slices.ContainsFunc(p.Args, func(arg string) bool { return strings.Contains(arg, word) }) {
			containers[p.Container] = true
		}
	}
	var out []process
	for _, p := range all {
		if containers[p.Container] {
			out = append(out, *p)
		}
	}
	return out
}

func (w *watcher) look() {
	dir, err := os.Open("/proc")
	if err != nil {
		return
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return
	}
	now := time.Now()
	alive := make(map[int]bool, len(names))
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		alive[pid] = true
		is, known := w.known[pid]
		if !known {
			is = seen{first: now}
		}
		if !known || now.Sub(is.first) < young {
			is.process = w.read(pid, is.process, now)
			w.known[pid] = is
		}
	}
	for pid, is := range w.known {
		if alive[pid] {
			continue
		}
		if is.process != nil {
			is.process.End = now
		}
		delete(w.known, pid)
	}
}

// read looks at a process, which was known as before; nil: it is of no interest.
func (w *watcher) read(pid int, before *process, now time.Time) *process {
	dir := "/proc/" + strconv.Itoa(pid)
	command, err := os.ReadFile(dir + "/cmdline")
	if err != nil || len(command) == 0 { // It ends.
		return before
	}
	args := strings.Split(strings.TrimSuffix(string(command), "\x00"), "\x00")
	program := args[0][strings.LastIndexByte(args[0], '/')+1:]
	if before != nil {
		if before.Program == program {
			return before
		}
		// The child that its parent has just forked looked like its parent.
		w.all = slices.DeleteFunc(w.all, func(p *process) bool { return p == before })
	}
	if !slices.Contains(watched, program) {
		return nil
	}
	container, err := os.Readlink(dir + "/ns/mnt")
	if err != nil {
		return nil
	}
	p := &process{Program: program, Args: args[1:], Container: container, Begin: now}
	w.all = append(w.all, p)
	return p
}
