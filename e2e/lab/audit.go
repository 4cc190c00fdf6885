package lab

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"

	"github.com/kubemove/kubemove/e2e/audit"
)

//go:embed config/audit.yaml
var auditPolicy string

// auditLog is where the node's API server writes down who has changed what.
func (n *node) auditLog() string { return n.path("log", "audit.log") }

// auditFlags switch the log on. In blocking mode a request ends when its event is written, so
// no reader gets a log that lacks what it has seen happen. It takes at most 400 MB.
func auditFlags(policy, log string) []string {
	return []string{
		"--audit-policy-file=" + policy, "--audit-log-path=" + log, "--audit-log-mode=blocking",
		"--audit-log-maxsize=100", "--audit-log-maxbackup=3",
	}
}

// Audit is the audit log of a cluster from now on. Only clusters that the lab makes of processes
// have one.
func (l *Lab) Audit(c *Cluster) (*audit.Log, error) {
	if _, own := l.provider.(*local); !own {
		return nil,
			errors.New("the clusters are not the lab's own, whose audit logs can be read: unset KUBEMOVE_E2E_SOURCE and KUBEMOVE_E2E_TARGET")
	}
	specs := l.place.specs()
	i := slices.IndexFunc(specs, func(s clusterSpec) bool { return s.name == c.Name })
	if i < 0 {
		return nil, fmt.Errorf("there is no cluster %s", c.Name)
	}
	log, err := audit.Open(l.node(specs[i]).auditLog())
	if err != nil {
		return nil, fmt.Errorf("%s: %w; clusters that an older checkout has started have none: make down, make up", c.Name, err)
	}
	return log, nil
}
