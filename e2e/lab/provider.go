package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// provider is where the two clusters come from.
type provider interface {
	// up makes both clusters ready, with DNS and dynamic provisioning.
	up(ctx context.Context) error
	// down removes what up made.
	down(ctx context.Context) error
	// loadImage puts an image into the clusters of these names. Unless always is
	// set it may leave out those that hold this very image by the record.
	loadImage(ctx context.Context, s *state, tar string, always bool, clusters []string) error
	// ownsImages says whether KubeMove's images are to be built and loaded.
	ownsImages() bool
	kubeconfig(cluster string) string
	kubectl() string
}

// both clusters by their names.
var both = []string{sourceName, targetName}

// chooseProvider takes the user's clusters when they are named, kind where it
// works, and else makes the clusters on this machine.
func chooseProvider(l *Lab) (provider, error) {
	source, target := os.Getenv("KUBEMOVE_E2E_SOURCE"), os.Getenv("KUBEMOVE_E2E_TARGET")
	switch {
	case source != "" && target != "":
		return &external{source: source, target: target}, nil
	case source != "" || target != "":
		return nil, errors.New("only one of KUBEMOVE_E2E_SOURCE and KUBEMOVE_E2E_TARGET is set: set both to kubeconfigs, or none")
	case kindWorks():
		return &kind{lab: l}, nil
	default:
		return &local{lab: l}, nil
	}
}

func kindWorks() bool {
	if _, err := exec.LookPath("kind"); err != nil {
		return false
	}
	return exec.Command("docker", "info").Run() == nil
}

// kubectlOnPath is for clusters that the lab did not compile kubectl for.
func kubectlOnPath() string {
	if path, err := exec.LookPath("kubectl"); err == nil {
		return path
	}
	return "kubectl"
}

// external are two clusters of the user's; their images are the user's business.
type external struct{ source, target string }

func (e *external) up(ctx context.Context) error {
	for _, name := range []string{sourceName, targetName} {
		c := &Cluster{Name: name, Kubeconfig: e.kubeconfig(name)}
		if err := c.ready(ctx); err != nil {
			return fmt.Errorf("the cluster of KUBEMOVE_E2E_%s: %w", map[string]string{sourceName: "SOURCE", targetName: "TARGET"}[name], err)
		}
	}
	return nil
}

func (e *external) down(context.Context) error { return nil }

func (e *external) loadImage(_ context.Context, _ *state, tar string, _ bool, _ []string) error {
	return fmt.Errorf("%s can't be loaded into clusters of your own: push it to a registry that they use and set KUBEMOVE_E2E_IMAGE_PREFIX",
		tar)
}

func (e *external) ownsImages() bool { return false }

func (e *external) kubeconfig(cluster string) string {
	if cluster == sourceName {
		return e.source
	}
	return e.target
}

func (e *external) kubectl() string { return kubectlOnPath() }
