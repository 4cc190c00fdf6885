package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// nodeDirs are the folders that programs of a node use by habit and that can't
// all be configured. In the node's mount namespace each is one of the node's
// own, so that two nodes, and this machine itself, don't get into each other's way.
var nodeDirs = []string{
	"/run/containerd",
	"/run/netns",
	"/var/lib/cni",
	"/var/lib/kubelet",
	"/var/log/containers",
	"/var/log/pods",
}

const resolvConf = "/etc/resolv.conf"

// sandboxName is the process that holds the namespaces of a node.
const sandboxName = "keeper"

// sandboxScript runs in new namespaces. Its arguments are pairs of a folder and
// where it is to be seen. "rshared" is what lets kubelet's mounts be seen by
// containers; it reaches no further than this namespace.
const sandboxScript = `set -e
while [ $# -gt 0 ]; do mount --bind "$1" "$2"; shift 2; done
mount --make-rshared /
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
exec sleep infinity`

// startSandbox makes the namespaces of a node and returns the process that keeps
// them. When the last process in them is gone, the kernel removes the
// namespaces and with them every mount, link, route and rule inside.
func (n *node) startSandbox(ctx context.Context, s *state) (process, error) {
	args := []string{
		"unshare", "--net", "--mount", "--propagation", "private", "--",
		"sh", "-c", sandboxScript, "kubemove-lab-" + n.name,
	}
	for _, dir := range nodeDirs {
		own := n.path("node", strings.ReplaceAll(strings.TrimPrefix(dir, "/"), "/", "-"))
		if err := os.MkdirAll(own, 0o755); err != nil {
			return process{}, err
		}
		if err := ensureDir(s, dir); err != nil {
			return process{}, err
		}
		args = append(args, own, dir)
	}
	if _, err := os.Stat(resolvConf); err == nil {
		// No server answers here, which says at once that there are no other names;
		// the machine's own servers can't be reached and would be waited for.
		own := n.path("resolv.conf")
		if err := os.WriteFile(own, []byte("nameserver 127.0.0.1\n"), 0o644); err != nil {
			return process{}, err
		}
		args = append(args, own, resolvConf)
	}
	d, err := n.start(s, sandboxName, args)
	if err != nil {
		return process{}, err
	}
	err = d.await(ctx, 20*time.Second, func(context.Context) error {
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", d.PID))
		if err != nil {
			return err
		}
		if got := strings.TrimSpace(string(comm)); got != "sleep" {
			return fmt.Errorf("still at %q", got)
		}
		return nil
	})
	return d.process, err
}

// ensureDir makes a folder outside of the lab's own and records that it did.
func ensureDir(s *state, dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := ensureDir(s, parent); err != nil {
			return err
		}
	}
	if err := s.update(func() { s.MadeDirs = append(s.MadeDirs, dir) }); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

// enter returns the start of a command that runs inside of the namespaces.
// nsenter and not "ip netns exec": that one hides the cgroups from kubelet.
func enter(sandbox process, argv ...string) []string {
	pid := strconv.Itoa(sandbox.PID)
	return append([]string{"nsenter", "--net=/proc/" + pid + "/ns/net", "--mount=/proc/" + pid + "/ns/mnt", "--"}, argv...)
}

// start starts one program of the node and records it.
func (n *node) start(s *state, name string, argv []string) (*daemon, error) {
	logs := n.path("log")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, err
	}
	d, err := startDaemon(name, filepath.Join(logs, name+".log"), n.mark(), argv)
	if err != nil {
		return nil, err
	}
	return d, s.update(func() {
		c := s.Clusters[n.name]
		c.Processes = append(c.Processes, d.process)
	})
}
