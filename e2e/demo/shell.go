package demo

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// kubeconfigName is the file in the lab's folder that has both clusters, for the commands that
// the demo runs and shows.
const kubeconfigName = "demo.kubeconfig"

func (d *Demo) kubeconfig() string { return filepath.Join(d.lab.Dir, kubeconfigName) }

// Shell runs a command as a person would type it at the root of the checkout, with the lab's
// kubectl, and returns what it prints.
func (d *Demo) Shell(ctx context.Context, command string) (string, error) {
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", command)
	cmd.Dir = d.lab.Root
	cmd.Env = d.lab.Env(d.kubeconfig())
	// What the shell has started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", command, err, strings.TrimSpace(errs.String()+out.String()))
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

// shown runs a command after it was shown.
func (d *Demo) shown(ctx context.Context, command string) (string, error) {
	d.tell.command(command)
	return d.Shell(ctx, command)
}

// all shows and runs commands whose output says nothing new.
func (d *Demo) all(ctx context.Context, commands ...string) error {
	for _, command := range commands {
		if _, err := d.shown(ctx, command); err != nil {
			return err
		}
	}
	return nil
}

// move is a command of kubectl move, whose home is the current context.
func move(args string) string { return "kubectl move " + args }

// on is the start of a kubectl command for the demo's namespace in a cluster.
func on(where string) string { return "kubectl --context " + where }
