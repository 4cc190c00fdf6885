package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// remove ends every process of a node, by whatever it was started, and removes its
// files. What a killed run left is found too.
func (n *node) remove(ctx context.Context, s *state) error {
	c := s.Clusters[n.name]
	if len(c.Processes) > 0 {
		n.lab.log.step("%s: stopping", n.name)
	}
	if err := n.endProcesses(ctx, c.Processes); err != nil {
		return err
	}
	if err := n.disconnect(ctx); err != nil {
		return err
	}
	// Mounts went with the namespace; a folder that can't be removed shows that
	// something still holds one.
	err := Await(ctx, 20*time.Second, "the files of "+n.name+" to be free", func(context.Context) error {
		return errors.Join(os.RemoveAll(n.dir), os.RemoveAll(n.runDir), os.RemoveAll(n.lab.publishedKubeconfig(n.name)))
	})
	if err != nil {
		return err
	}
	return s.update(func() { *c = clusterState{Images: map[string]string{}} })
}

// endProcesses ends the recorded processes, the last started first, and then
// what they started or a killed run could not record any more.
func (n *node) endProcesses(ctx context.Context, recorded []process) error {
	for _, p := range slices.Backward(recorded) {
		if err := p.kill(ctx); err != nil {
			return err
		}
	}
	// Looked for until none is found: a container that was just being made can
	// appear after the first look.
	err := Await(ctx, 30*time.Second, "the processes of "+n.name+" to be gone", func(context.Context) error {
		found, err := n.strays()
		if err != nil {
			return err
		}
		for _, pid := range found {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		if len(found) > 0 {
			return fmt.Errorf("%d processes are left, pid %d the first", len(found), found[0])
		}
		return nil
	})
	if err != nil {
		return err
	}
	return n.removeCgroups()
}

// strays finds the processes that belong to the node: by the mark in their
// environment, and those of containers by the cgroups that these are in.
func (n *node) strays() ([]int, error) {
	pids, err := allPIDs()
	if err != nil {
		return nil, err
	}
	var found []int
	for _, pid := range pids {
		if marked(pid, n.mark()) {
			found = append(found, pid)
		}
	}
	groups, err := n.cgroups()
	if err != nil {
		return nil, err
	}
	for _, group := range groups {
		procs, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
		if err != nil {
			continue // removed meanwhile
		}
		for _, field := range strings.Fields(string(procs)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
				found = append(found, pid)
			}
		}
	}
	return found, nil
}

// containerIDs lists the containers that containerd's state knows.
func (n *node) containerIDs() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(n.containerdState(), "io.containerd.runtime.v2.task", "k8s.io"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var ids []string
	for _, e := range entries {
		ids = append(ids, e.Name())
	}
	return ids, err
}

// cgroups lists the control groups of the node's containers, in each hierarchy,
// those inside of others first.
func (n *node) cgroups() ([]string, error) {
	ids, err := n.containerIDs()
	if err != nil {
		return nil, err
	}
	var groups []string
	for _, id := range ids {
		for _, pattern := range []string{"/sys/fs/cgroup/k8s.io/", "/sys/fs/cgroup/*/k8s.io/"} {
			tops, err := filepath.Glob(pattern + id)
			if err != nil {
				return nil, err
			}
			for _, top := range tops {
				_ = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
					if err == nil && d.IsDir() {
						groups = append(groups, path)
					}
					return nil
				})
			}
		}
	}
	slices.SortFunc(groups, func(a, b string) int { return len(b) - len(a) })
	return groups, nil
}

// removeCgroups removes the empty control groups, and their parent when the
// other node has none in it either.
func (n *node) removeCgroups() error {
	groups, err := n.cgroups()
	if err != nil {
		return err
	}
	for _, group := range groups {
		if err := os.Remove(group); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, pattern := range []string{"/sys/fs/cgroup/k8s.io", "/sys/fs/cgroup/*/k8s.io"} {
		parents, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, parent := range parents {
			_ = os.Remove(parent) // fails while it is not empty
		}
	}
	return nil
}
