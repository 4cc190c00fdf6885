package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Program runs beside an API server, and is gone with the process that has started it.
type Program struct{ child *child }

// StartProgram starts a program with variables in addition to those of this process. Its output is in a file that is
// gone with the API server.
func (a *APIServer) StartProgram(name, path string, env []string, args ...string) (*Program, error) {
	c, err := a.startChild(name, path, append([]string{name}, args...), env...)
	if err != nil {
		return nil, err
	}
	return &Program{c}, nil
}

// PID of the program.
func (p *Program) PID() int { return p.child.PID }

// Tail is the end of what it has written.
func (p *Program) Tail() string { return lastLines(p.child.logPath, 30) }

// Ended says whether it has.
func (p *Program) Ended() bool {
	select {
	case <-p.child.exited:
		return true
	default:
		return false
	}
}

// Stop ends the program as a kubelet does: it is asked to, and killed when it takes too long.
func (p *Program) Stop() error {
	const patience = 15 * time.Second
	if err := p.child.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.child.exited:
		return nil
	case <-time.After(patience):
	}
	if err := p.child.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.child.exited
	return nil
}

// Kubeconfig of an administrator.
func (a *APIServer) Kubeconfig() string { return a.cluster.Kubeconfig }

// Programs are those of an installation, as files.
type Programs struct {
	Metacontroller Metacontroller
	Hooks          string
	// Root of the checkout.
	Root string
}

// BuildPrograms compiles the hook server from the checkout into a folder, and Metacontroller if the cache does not hold it.
func BuildPrograms(ctx context.Context, into string, narration *os.File) (Programs, error) {
	root, err := findRoot("")
	if err != nil {
		return Programs{}, err
	}
	l := &Lab{Root: root, log: newStepLog(narration)}
	p := Programs{Root: root, Hooks: filepath.Join(into, "kubemove-hooks")}
	if p.Metacontroller, err = l.metacontroller(ctx); err != nil {
		return Programs{}, err
	}
	return p, goBuild(ctx, root, p.Hooks, "./cmd/kubemove-hooks")
}
