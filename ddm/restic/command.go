package restic

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// maxProblems that a failure names.
	maxProblems = 10
	// maxHopeless times that restic repeats what only a person can fix.
	maxHopeless = 2
)

// runError is why restic did not do its work.
type runError struct {
	// Verb of restic, and its exit code.
	Verb string
	Code int
	// Problems it named, at most maxProblems of Count.
	Problems []string
	Count    int
	// Blocked: a folder lies where something else belongs, which restic does not remove.
	Blocked bool
	// Damaged: the repository is. Unloaded: something in it could not be read, for whatever reason.
	Damaged, Unloaded bool
	// Vanished and Healed of the problems are files that were gone when restic came to them, and
	// content that it has stored again.
	Vanished, Healed int

	mu   sync.Mutex
	text string
	// hide takes secrets out of a text.
	hide func(string) string
}

// Error names the first problems.
func (e *runError) Error() string {
	text := fmt.Sprintf("restic %s ended with code %d", e.Verb, e.Code)
	if e.Code < 0 {
		text = fmt.Sprintf("restic %s was killed", e.Verb)
	}
	if len(e.Problems) > 0 {
		text += ": " + strings.Join(e.Problems, "; ")
	}
	if more := e.Count - len(e.Problems); more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// note keeps a problem, once however often restic repeats it.
func (e *runError) note(problem string) {
	const limit = 500
	e.Blocked = e.Blocked || strings.Contains(problem, "RemoveNode: ") || strings.Contains(problem, "RemoveCreateHardlink: ")
	broken := damaged(problem)
	e.Damaged = e.Damaged || broken
	e.Unloaded = e.Unloaded || strings.Contains(problem, "could not be loaded; the repository could be damaged")
	isHealed := healed.MatchString(problem)
	isGone := strings.Contains(problem, "no such file or directory")
	if problem = strings.TrimSpace(problem); len(problem) > limit {
		problem = problem[:limit] + "..."
	}
	if slices.Contains(e.Problems, problem) {
		return
	}
	e.Count++
	switch {
	case broken:
	case isHealed:
		e.Healed++
	case isGone:
		e.Vanished++
	}
	if problem != "" && len(e.Problems) < maxProblems {
		e.Problems = append(e.Problems, problem)
	}
}

// says tells whether one of the problems says so.
func (e *runError) says(text string) bool {
	return slices.ContainsFunc(e.Problems, func(p string) bool { return strings.Contains(p, text) })
}

// onlyVanished tells whether nothing is missing but files that are gone.
func (e *runError) onlyVanished() bool {
	return e.Vanished > 0 && e.Vanished+e.Healed == e.Count
}

// onlyHealed tells whether nothing is missing at all.
func (e *runError) onlyHealed() bool { return e.Healed > 0 && e.Healed == e.Count }

// repository is where restic works.
type repository struct {
	// URL or path of the repository.
	location string
	// passwordFile holds its password.
	passwordFile string
	// place that it lies at, and the credentials for that.
	place       place
	credentials credentials
	// patience with a server that does not answer; 0: as much as restic has, a quarter of an
	// hour.
	patience time.Duration
}

// run starts restic and hands every message of its standard output to each. It fails unless
// restic ended with 0 and named no problem: a file that was skipped is a file that is lost.
func (r repository) run(outer context.Context, dir string, each func(message), verb string, args ...string) error {
	ctx, giveUp := context.WithCancel(outer)
	defer giveUp()
	if r.patience > 0 {
		defer time.AfterFunc(r.patience, giveUp).Stop()
	}
	cmd := r.command(ctx, dir, verb, args...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start restic: %w", err)
	}
	failure := &runError{Verb: verb, hide: r.credentials.hide}
	var lines sync.WaitGroup
	lines.Go(func() { scan(stdout, func(line []byte) { failure.read(line, each) }) })
	lines.Go(func() {
		again := 0
		scan(stderr, func(line []byte) {
			failure.read(line, nil)
			if !r.place.managed() && hopeless(string(line)) {
				// Once may be a server that is just starting.
				if again++; again == maxHopeless {
					giveUp()
				}
			}
		})
	})
	lines.Wait()
	err = cmd.Wait()
	if outer.Err() != nil {
		return outer.Err()
	}
	return failure.conclude(err)
}

// conclude is the error of restic's end.
func (e *runError) conclude(end error) error {
	var exit *exec.ExitError
	switch {
	case errors.As(end, &exit):
		e.Code = exit.ExitCode()
		if e.Count == 0 && e.text != "" {
			e.note(e.text)
		}
		return e
	case end != nil:
		return fmt.Errorf("cannot run restic: %w", end)
	case e.Count > 0:
		return e // It ended with 0, but named problems.
	}
	return nil
}

// command is restic with its environment, which is where the credentials belong: arguments are
// for every user to see.
func (r repository) command(ctx context.Context, dir, verb string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "restic", append([]string{verb, "--json", "--no-cache"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(withoutCredentials(os.Environ()), "RESTIC_REPOSITORY="+r.location, "RESTIC_PASSWORD_FILE="+r.passwordFile,
		"RESTIC_PROGRESS_FPS=2", "TMPDIR="+os.TempDir())
	cmd.Env = append(cmd.Env, r.credentials.environment...)
	// With the worker its tools must end, too, or they would go on with what the next try
	// begins anew.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// Killed at once when the worker is told to stop: asked to end, it would go on trying to
	// remove its lock for long, and the next run removes that anyway.
	cmd.WaitDelay = time.Second
	return cmd
}

// output of a verb that writes no messages, such as list.
func (r repository) output(ctx context.Context, verb string, args ...string) ([]byte, error) {
	cmd := r.command(ctx, "/", verb, args...)
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	failure := &runError{Verb: verb, hide: r.credentials.hide}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		for line := range bytes.Lines(exit.Stderr) {
			failure.read(line, nil)
		}
	}
	return out, failure.conclude(err)
}

func scan(r io.Reader, line func([]byte)) {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), 16<<20)
	for s.Scan() {
		line(s.Bytes())
	}
	// A line beyond all bounds: read on, or restic would wait for ever.
	_, _ = io.Copy(io.Discard, r)
}

// read sorts one line of output: a problem, a message, or plain text, of which the last line
// is kept in case restic fails without a word in JSON.
func (e *runError) read(line []byte, each func(message)) {
	m, ok := parse(line)
	e.mu.Lock()
	defer e.mu.Unlock()
	hide := e.hide
	if hide == nil {
		hide = redact
	}
	switch {
	case !ok:
		if text := strings.TrimSpace(string(line)); text != "" {
			e.text = hide(text)
		}
	case m.Type == "error":
		e.note(hide(m.problem()))
	case m.Type == "exit_error":
		// It sums up what was named before.
		e.text = hide(m.problem())
	case each != nil:
		each(m)
	}
}
