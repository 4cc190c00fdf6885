package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// Outage is how an API server fails its clients.
type Outage string

const (
	// Frozen means that its process does not run, so requests and watches get no answer.
	Frozen Outage = "frozen"
	// Refused means that connections to it are refused, and those that exist are broken.
	Refused Outage = "refused"
)

// The scripts cause an outage, say so, and end it when their standard input ends.
const (
	frozenScript = `trap 'kill -CONT "$1"' EXIT
kill -STOP "$1" && echo begun && cat >/dev/null`
	refusedScript = `rule="INPUT -p tcp --dport $1 -j REJECT --reject-with tcp-reset"
trap 'iptables -w 10 -D $rule' EXIT
iptables -w 10 -I $rule && echo begun && cat >/dev/null`
)

// StopAPI begins an outage of a cluster's API server, for everything in the cluster and outside
// of it. The outage ends when end is called, or with this process, however that ends. Only
// clusters that the lab makes of processes can be treated so.
func (l *Lab) StopAPI(c *Cluster, how Outage) (end func() error, err error) {
	sandbox, err := l.processOf(c, sandboxName)
	if err != nil {
		return nil, err
	}
	api, err := l.processOf(c, "kube-apiserver")
	if err != nil {
		return nil, err
	}
	if how == Frozen {
		return holdFault("sh", "-c", frozenScript, "sh", strconv.Itoa(api.PID))
	}
	return holdFault(enter(sandbox, "sh", "-c", refusedScript, "sh", "6443")...)
}

// holdFault starts a script that begins a fault, says so in one line, and ends the fault when its
// input ends. In a session of its own no signal of the terminal reaches it.
func holdFault(argv ...string) (end func() error, err error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	var errs strings.Builder
	cmd.Stderr = &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end = func() error {
		_ = stdin.Close()
		_, _ = io.Copy(io.Discard, stdout)
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, errs.String())
		}
		return nil
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("the outage has not begun: %w", err), end())
	}
	return end, nil
}
