package lab

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// cli is kubectl-move, as kubectl finds it on the PATH.
const cli = "kubectl-move"

// buildCLI compiles kubectl-move of the checkout into the lab's folder of programs.
func (l *Lab) buildCLI(ctx context.Context) error {
	l.log.step("compiling %s", cli)
	return goBuild(ctx, l.Root, filepath.Join(l.binDir(), cli), "./cmd/"+cli)
}

// Env is the environment of who uses the clusters by a kubeconfig: on the PATH the lab's programs come first, kubectl and its
// plugin move.
func (l *Lab) Env(kubeconfig string) []string {
	path := strings.Join([]string{l.binDir(), filepath.Dir(l.Kubectl()), os.Getenv("PATH")}, string(os.PathListSeparator))
	return append(os.Environ(), "KUBECONFIG="+kubeconfig, "PATH="+path)
}

// Move runs kubectl-move against a cluster and returns its results. What it tells beside them is in an error.
func (l *Lab) Move(ctx context.Context, home *Cluster, args ...string) (string, error) {
	return runIn(ctx, l.Env(home.Kubeconfig), filepath.Join(l.binDir(), cli), args...)
}

// RemoveTargets removes what target add has made outside of a namespace of the cluster, by its label: the Secret by which target
// remove finds that may be gone or replaced. What it has made in the namespace goes with that.
func (c *Cluster) RemoveTargets(ctx context.Context, namespace string) error {
	ids, err := c.Kubectl(ctx, "-n", namespace, "get", "serviceaccounts", "-l", "kubemove.io/target", "-o",
		`jsonpath={.items[*].metadata.labels.kubemove\.io/target}`)
	if err != nil || strings.TrimSpace(ids) == "" {
		return err
	}
	_, err = c.Kubectl(ctx, "delete", "clusterroles,clusterrolebindings", "-l",
		"kubemove.io/target in ("+strings.Join(strings.Fields(ids), ",")+")")
	return err
}
