package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Lab is the pair of clusters that belongs to one checkout of KubeMove.
type Lab struct {
	// Root is the top folder of the checkout.
	Root string
	// Name tells it from other labs on this machine (KUBEMOVE_LAB); most have none.
	Name string
	// Dir holds everything that the lab writes but sockets: Root/.kubemove, and of one with a name Root/.kubemove/labs/NAME.
	Dir string
	// RunDir holds the sockets. The kernel takes socket paths of at most 107
	// bytes, which a checkout deep in a home folder would exceed.
	RunDir string

	place    place
	log      *stepLog
	provider provider
}

// named is how a lab may be called.
var named = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?$`)

// Open finds the checkout that holds dir (the working directory when dir is
// empty) and returns its lab, whether that is up or not. KUBEMOVE_LAB names another one than the usual: labs of different names, or
// of different checkouts, are up at the same time where their names lead to different addresses.
func Open(dir string) (*Lab, error) {
	root, err := findRoot(dir)
	if err != nil {
		return nil, err
	}
	name := os.Getenv("KUBEMOVE_LAB")
	if name != "" && !named.MatchString(name) {
		return nil, fmt.Errorf("KUBEMOVE_LAB is %q, expected at most 20 lower case letters, digits and hyphens", name)
	}
	l := labOf(root, name)
	l.provider, err = chooseProvider(l)
	return l, err
}

// id of the lab on this machine.
func (l *Lab) id() string {
	if l.Name == "" {
		return l.Root
	}
	return l.Root + idSeparator + l.Name
}

// idSeparator stands in no path that findRoot returns.
const idSeparator = "//"

func splitID(id string) (root, name string) {
	root, name, _ = strings.Cut(id, idSeparator)
	return root, name
}

// labOf returns the lab of that name of the checkout at root, without a provider.
func labOf(root, name string) *Lab {
	l := &Lab{Root: root, Name: name, Dir: filepath.Join(root, ".kubemove"), place: placeOf(name), log: newStepLog(os.Stdout)}
	if name != "" {
		l.Dir = filepath.Join(l.Dir, "labs", name)
	}
	sum := sha256.Sum256([]byte(l.id()))
	runDir := "/run"
	if os.Geteuid() != 0 {
		runDir = os.TempDir() // for kind, which needs no root
	}
	l.RunDir = filepath.Join(runDir, "kubemove-lab-"+hex.EncodeToString(sum[:4]))
	return l
}

// findRoot walks up from dir to the folder that holds e2e/go.mod.
func findRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "e2e", "go.mod")); err == nil {
			// The real path: one checkout must have one lab, however it is reached.
			return filepath.EvalSymlinks(at)
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not inside a checkout of KubeMove (no folder above it holds e2e/go.mod): change into one", dir)
		}
	}
}

// Source returns the cluster that applications are moved from.
func (l *Lab) Source() *Cluster { return l.cluster(sourceName) }

// Target returns the cluster that applications are moved to.
func (l *Lab) Target() *Cluster { return l.cluster(targetName) }

// Clusters returns both clusters, the source first.
func (l *Lab) Clusters() []*Cluster { return []*Cluster{l.Source(), l.Target()} }

// Kubectl returns the path of the kubectl that belongs to the lab.
func (l *Lab) Kubectl() string { return l.provider.kubectl() }

// Up brings both clusters up and installs KubeMove in the source. It is safe to
// call again: what runs is kept, images that changed are loaded again.
func (l *Lab) Up(ctx context.Context) error {
	unlock, err := l.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := l.provider.up(ctx); err != nil {
		return err
	}
	if err := l.buildCLI(ctx); err != nil {
		return err
	}
	if err := l.install(ctx); err != nil {
		return fmt.Errorf("both clusters are up, but KubeMove in %s is not: %w", sourceName, err)
	}
	l.log.printf("Both clusters are up (%s). Use them:\n", l.log.sinceStart())
	for _, c := range l.Clusters() {
		l.log.printf("  %s --kubeconfig %s get pods -A\n", l.Kubectl(), c.Kubeconfig)
	}
	l.log.printf("kubectl move is in %s. Take them down: make down\n", l.binDir())
	return nil
}

// Down ends both clusters and removes all that belongs to them. Compiled
// binaries stay in the cache.
func (l *Lab) Down(ctx context.Context) error {
	unlock, err := l.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := l.remove(ctx, l.provider); err != nil {
		return err
	}
	l.log.step("the lab is down")
	return nil
}

// remove is Down for who holds the lock.
func (l *Lab) remove(ctx context.Context, p provider) error {
	if err := p.down(ctx); err != nil {
		return err
	}
	if err := os.RemoveAll(l.RunDir); err != nil {
		return err
	}
	for _, name := range []string{"state.json", "bin", "images", "lock"} {
		if err := os.RemoveAll(filepath.Join(l.Dir, name)); err != nil {
			return err
		}
	}
	_ = os.Remove(l.Dir) // stays when it holds something that is not the lab's
	if l.Name != "" {
		_ = os.Remove(filepath.Dir(l.Dir)) // other labs' folder
	}
	return nil
}

// LoadImage puts images, each a tar as "docker save" or [WriteImage] makes it,
// into both clusters.
func (l *Lab) LoadImage(ctx context.Context, tars ...string) error {
	return l.loadImages(ctx, true, both, tars...)
}

// LoadImageInto puts images into one cluster only.
func (l *Lab) LoadImageInto(ctx context.Context, c *Cluster, tars ...string) error {
	return l.loadImages(ctx, true, []string{c.Name}, tars...)
}

// loadImages into the clusters of these names; see provider for always.
func (l *Lab) loadImages(ctx context.Context, always bool, clusters []string, tars ...string) error {
	unlock, err := l.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	s, err := l.loadState()
	if err != nil {
		return err
	}
	for _, tar := range tars {
		if err := l.provider.loadImage(ctx, s, tar, always, clusters); err != nil {
			return err
		}
	}
	return nil
}

// Build compiles every program that the lab needs into the cache.
func (l *Lab) Build(ctx context.Context) error {
	for _, t := range allTools {
		if _, err := l.buildTool(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// Status says in one line per cluster whether it answers.
func (l *Lab) Status(ctx context.Context) (string, error) {
	out := ""
	var bad error
	for _, c := range l.Clusters() {
		if err := c.ready(ctx); err != nil {
			bad = errors.Join(bad, fmt.Errorf("%s is not up: %w; run: make up", c.Name, err))
			continue
		}
		out += fmt.Sprintf("%s is up: %s\n", c.Name, c.Kubeconfig)
	}
	return out, bad
}
