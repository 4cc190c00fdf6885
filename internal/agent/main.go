package agent

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

// Places inside the agent's container, beyond those of the contract.
const (
	// StartedFile is the start mark.
	StartedFile = "/kubemove/agent/started"
	// TLSDir holds tls.crt, tls.key and ca.crt.
	TLSDir = "/kubemove/agent-tls"
	// TerminationLog is where Kubernetes reads the termination message of a container.
	TerminationLog = "/dev/termination-log"
)

// Arguments of Main.
const (
	// ArgInstall copies the program itself to the path that follows.
	ArgInstall = "--install"
	// ArgDirect listens for the agent of the source on every address of the Pod, too.
	ArgDirect = "--direct"
	// ArgNothing does nothing: it is run in the mobilizer's image to have that pulled.
	ArgNothing = "--nothing"
	// ArgPreOpen runs the command that follows, and ends well whatever becomes of it.
	ArgPreOpen = "--pre-open"
)

// preOpenLimit for a command that is run ahead.
const preOpenLimit = time.Minute

// Main is the program of the agent's container: without arguments, or with ArgDirect, it runs
// the agent until SIGTERM. It returns the exit code.
func Main(args []string) int {
	switch {
	case len(args) == 1 && args[0] == ArgNothing:
		return task.ExitDone
	case len(args) > 1 && args[0] == ArgPreOpen:
		preOpen(args[1:])
		return task.ExitDone
	case len(args) == 2 && args[0] == ArgInstall:
		if err := install(args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return task.ExitFailed
		}
		return task.ExitDone
	case len(args) > 0 && !slices.Equal(args, []string{ArgDirect}):
		fmt.Fprintf(os.Stderr, "unknown arguments %q: agent takes none, or %s, %s PATH, %s, %s COMMAND\n",
			args, ArgDirect, ArgInstall, ArgNothing, ArgPreOpen)
		return task.ExitPermanent
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	agent, err := load(ctx, log, len(args) > 0)
	if err != nil {
		log.Error("cannot start the agent", "error", err)
		return task.ExitPermanent
	}
	log.Info("agent started", "role", agent.Role, "run", agent.RunID)
	if err := agent.Run(ctx); err != nil {
		log.Error("the agent has failed", "error", err)
		return task.ExitFailed
	}
	return task.ExitDone
}

// ahead runs what only saves time later: its failure and its end by the limit are told to the log
// alone.
func preOpen(command []string) {
	ctx, cancel := context.WithTimeout(context.Background(), preOpenLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "%q has failed, the mobilizer will do it: %v\n", command, err)
	}
}

// install copies this program.
func install(path string) error {
	in, err := os.Open("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("cannot open the program itself: %w", err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return fmt.Errorf("cannot install the program: %w", err)
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return fmt.Errorf("cannot install the program: %w", err)
	}
	return out.Close()
}

// load makes the agent out of what is mounted.
func load(ctx context.Context, log *slog.Logger, direct bool) (*Agent, error) {
	t, err := task.Read(task.TaskFile)
	if err != nil {
		return nil, err
	}
	if len(t.Volumes) != 1 || (t.Role != task.RoleSource && t.Role != task.RoleTarget) {
		return nil, fmt.Errorf("the task has %d volumes and role %q, expected 1 and source or target", len(t.Volumes), t.Role)
	}
	var pem [3][]byte
	for i, name := range []string{"tls.crt", "tls.key", "ca.crt"} {
		if pem[i], err = os.ReadFile(filepath.Join(TLSDir, name)); err != nil {
			return nil, fmt.Errorf("cannot read the agent's certificate: %w", err)
		}
	}
	config, err := relay.TLSConfig(t.Role, relay.PeerKey(t.Run.ID, t.Volumes[0].Name), pem[0], pem[1], pem[2])
	if err != nil {
		return nil, err
	}
	a := &Agent{
		RunID: t.Run.ID, Role: t.Role, TLS: config,
		StatusFile: task.StatusFile, StartedFile: StartedFile, TerminationLog: TerminationLog, ListenStart: listenStart,
		Log: log,
	}
	if t.Passes {
		a.NextTaskFile = task.NextTaskFile
	}
	if a.Control, err = listen(relay.AgentPort); err != nil {
		return nil, err
	}
	if a.Peer, err = listen(task.PeerPort); err != nil {
		return nil, err
	}
	if direct {
		if a.Direct, err = relay.ListenDirect(ctx); err != nil {
			return nil, err
		}
	}
	a.DialMobilizer = func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", local(task.PeerListenPort))
	}
	return a, nil
}

// local is an address that only the Pod itself reaches.
func local(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func listen(port int) (net.Listener, error) {
	l, err := net.Listen("tcp", local(port))
	if err != nil {
		return nil, fmt.Errorf("cannot listen on port %d of the Pod: %w", port, err)
	}
	return l, nil
}
