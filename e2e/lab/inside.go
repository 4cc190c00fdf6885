package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Inside runs a command as root in the network and mount namespaces of a cluster's node, such as
// iptables or mount. Only clusters that the lab makes of processes have such a node.
func (l *Lab) Inside(ctx context.Context, c *Cluster, argv ...string) (string, error) {
	sandbox, err := l.processOf(c, sandboxName)
	if err != nil {
		return "", err
	}
	command := enter(sandbox, argv...)
	return run(ctx, command[0], command[1:]...)
}

// processOf a cluster's node by its name; it is alive.
func (l *Lab) processOf(c *Cluster, name string) (process, error) {
	if _, own := l.provider.(*local); !own {
		return process{}, errors.New("the clusters are not the lab's own: a test that breaks their machine needs those; " +
			"unset KUBEMOVE_E2E_SOURCE and KUBEMOVE_E2E_TARGET")
	}
	s, err := l.loadState()
	if err != nil {
		return process{}, err
	}
	found := s.Clusters[c.Name]
	if found == nil {
		return process{}, fmt.Errorf("cluster %s is not up: make up", c.Name)
	}
	i := slices.IndexFunc(found.Processes, func(r process) bool { return r.Name == name })
	if i < 0 || !found.Processes[i].alive() {
		return process{}, fmt.Errorf("%s of cluster %s is not up: make up", name, c.Name)
	}
	return found.Processes[i], nil
}
