package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// local makes both clusters out of processes on this machine.
type local struct{ lab *Lab }

func (p *local) kubeconfig(cluster string) string { return p.lab.publishedKubeconfig(cluster) }

func (p *local) kubectl() string { return filepath.Join(p.lab.binDir(), "kubectl") }

func (p *local) ownsImages() bool { return true }

func (p *local) nodes() []*node {
	var nodes []*node
	for _, spec := range p.lab.place.specs() {
		nodes = append(nodes, p.lab.node(spec))
	}
	return nodes
}

func (p *local) up(ctx context.Context) error {
	l := p.lab
	if os.Geteuid() != 0 {
		return fmt.Errorf("the lab makes network namespaces and runs kubelet, for which it must be root: " +
			"use sudo, install Docker and kind, or set KUBEMOVE_E2E_SOURCE and KUBEMOVE_E2E_TARGET to the kubeconfigs of two clusters")
	}
	if err := l.ensurePackages(ctx); err != nil {
		return err
	}
	kubernetes, err := l.buildTool(ctx, kubernetesTool)
	if err != nil {
		return err
	}
	kubectl, err := l.buildTool(ctx, kubectlTool)
	if err != nil {
		return err
	}
	if err := l.linkPrograms(kubernetes, kubectl); err != nil {
		return err
	}
	s, err := l.loadState()
	if err != nil {
		return err
	}
	fresh, err := p.prepare(ctx, s)
	if err != nil {
		return err
	}
	// The images are compiled, or just read, while the API servers come up.
	images := make(chan result[[]string], 1)
	go func() { images <- resultOf(l.systemImages(ctx)) }()
	err = each(fresh, func(n *node) error { return n.startUp(ctx, s) })
	built := <-images
	if err != nil {
		return err
	}
	if built.err != nil {
		return built.err
	}
	return p.equip(ctx, s, built.value)
}

// prepare finds out which nodes have to be started and clears what is left of
// them. The bridge is there afterwards.
func (p *local) prepare(ctx context.Context, s *state) ([]*node, error) {
	if err := p.lab.removeEnded(ctx); err != nil {
		return nil, err
	}
	if err := p.lab.bridgeIsFree(); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var fresh []*node
	err := each(p.nodes(), func(n *node) error {
		why := n.unhealthy(ctx, s)
		if why == nil {
			return nil
		}
		if len(s.Clusters[n.name].Processes) > 0 {
			p.lab.log.step("%s is started anew: %v", n.name, why)
		}
		mu.Lock()
		fresh = append(fresh, n)
		mu.Unlock()
		return n.remove(ctx, s)
	})
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.lab.RunDir, 0o755); err != nil {
		return nil, err
	}
	return fresh, p.lab.ensureBridge(ctx)
}

// unhealthy says why a node has to be started, nil when it need not be.
func (n *node) unhealthy(ctx context.Context, s *state) error {
	if len(s.Clusters[n.name].Processes) == 0 {
		return errors.New("it is not running")
	}
	if !s.Clusters[n.name].Started {
		return errors.New("an earlier start was interrupted")
	}
	if err := n.controllersAlive(s); err != nil {
		return err
	}
	// Some patience: a busy machine is not a broken one.
	return Await(ctx, 15*time.Second, n.name+" to answer", n.cluster().ready)
}

// startUp starts every program of a node. It returns when the API server is
// ready; kubelet may still need a moment.
func (n *node) startUp(ctx context.Context, s *state) error {
	n.lab.log.step("%s: starting", n.name)
	if err := n.writeCredentials(); err != nil {
		return err
	}
	sandbox, err := n.startSandbox(ctx, s)
	if err != nil {
		return err
	}
	if err := n.connect(ctx, sandbox); err != nil {
		return err
	}
	err = each([]func() error{
		func() error { return n.startAPI(ctx, s, sandbox) },
		func() error { return n.startContainerd(ctx, s, sandbox) },
	}, func(start func() error) error { return start() })
	if err != nil {
		return err
	}
	if err := n.startControllers(s, sandbox); err != nil {
		return err
	}
	if err := n.startKubelet(s, sandbox); err != nil {
		return err
	}
	n.lab.log.step("%s: API server and containerd are ready", n.name)
	if err := s.update(func() { s.Clusters[n.name].Started = true }); err != nil {
		return err
	}
	return copyFile(n.kubeconfig("admin"), n.lab.publishedKubeconfig(n.name))
}

// equip loads the images, installs DNS and the provisioner, and waits until
// these are ready.
func (p *local) equip(ctx context.Context, s *state, images []string) error {
	err := each(p.nodes(), func(n *node) error {
		for _, image := range images {
			if err := n.importImage(ctx, s, image, false); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = each(p.nodes(), func(n *node) error {
		if err := n.applyAddons(ctx, s); err != nil {
			return err
		}
		err := Await(ctx, 60*time.Second, n.name+" to be ready", func(ctx context.Context) error {
			if err := n.controllersAlive(s); err != nil {
				return err
			}
			return n.cluster().ready(ctx)
		})
		if err != nil {
			return fmt.Errorf("%w\nthe end of %s:\n%s", err, n.path("log", "kubelet.log"), lastLines(n.path("log", "kubelet.log"), 30))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return each(p.nodes(), func(n *node) error {
		if err := n.awaitAddons(ctx); err != nil {
			return err
		}
		p.lab.log.step("%s: ready, with DNS and volumes", n.name)
		return nil
	})
}

func (p *local) loadImage(ctx context.Context, s *state, tar string, always bool, clusters []string) error {
	return each(p.nodes(), func(n *node) error {
		if !slices.Contains(clusters, n.name) {
			return nil
		}
		return n.importImage(ctx, s, tar, always)
	})
}

// importImage loads an image, unless it is the one that was loaded last.
func (n *node) importImage(ctx context.Context, s *state, tar string, always bool) error {
	names, digest, err := imageIdentity(tar)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("%s names no image: save it with its name and tag", tar)
	}
	if !always && s.imageDigest(n.name, names[0]) == digest {
		return nil
	}
	if _, err := run(ctx, "ctr", "--address", n.containerdSocket(), "--namespace", "k8s.io", "images", "import", tar); err != nil {
		return err
	}
	return s.update(func() { s.Clusters[n.name].Images[names[0]] = digest })
}

func (p *local) down(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return errors.New("the lab runs as root: use sudo")
	}
	l := p.lab
	s, err := l.loadState()
	if err != nil {
		return err
	}
	if err := each(p.nodes(), func(n *node) error { return n.remove(ctx, s) }); err != nil {
		return err
	}
	if err := l.removeBridge(ctx); err != nil {
		return err
	}
	for i := len(s.MadeDirs) - 1; i >= 0; i-- {
		// A folder that another process uses meanwhile is not empty, and stays.
		_ = os.Remove(s.MadeDirs[i])
	}
	return nil
}

type result[T any] struct {
	value T
	err   error
}

func resultOf[T any](value T, err error) result[T] { return result[T]{value, err} }

// each does something for all items at once and returns the first error in
// their order.
func each[T any](items []T, do func(T) error) error {
	errs := make([]error, len(items))
	var wg sync.WaitGroup
	for i, item := range items {
		wg.Go(func() { errs[i] = do(item) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeFileAtomic(to, data, 0o600)
}
