package lab

import (
	"context"
	_ "embed"
	"os"
	"path/filepath"
	"text/template"
	"time"
)

// pauseImage is the image of every Pod's sandbox.
const pauseImage = "registry.k8s.io/pause:3.10"

var (
	//go:embed config/containerd.toml
	containerdConfig string
	//go:embed config/cni.conflist
	cniConfig string
	//go:embed config/kubelet.yaml
	kubeletConfig string
)

// nodeValues are what the configuration files of a node refer to.
type nodeValues struct {
	Name, Address, PodCIDR, DNS, Domain string
	Dir, RunDir, Socket, State          string
	CNIBin, Pause                       string
}

func (n *node) values() nodeValues {
	return nodeValues{
		Name: n.name, Address: n.address, PodCIDR: n.podCIDR,
		DNS: n.serviceIP(10).String(), Domain: clusterDomain,
		Dir: n.dir, RunDir: n.runDir, Socket: n.containerdSocket(), State: n.containerdState(),
		CNIBin: cniBinDir, Pause: pauseImage,
	}
}

// render fills a template and writes it below the node's folder.
func (n *node) render(text string, elem ...string) (string, error) {
	path := n.path(elem...)
	t, err := template.New(filepath.Base(path)).Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return path, t.Execute(f, n.values())
}

// startContainerd starts the container runtime and waits until it answers.
func (n *node) startContainerd(ctx context.Context, s *state, sandbox process) error {
	if _, err := n.render(cniConfig, "cni", "10-pods.conflist"); err != nil {
		return err
	}
	config, err := n.render(containerdConfig, "containerd.toml")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(n.runDir, 0o755); err != nil {
		return err
	}
	d, err := n.start(s, "containerd", enter(sandbox, "containerd", "--config", config))
	if err != nil {
		return err
	}
	return d.await(ctx, 30*time.Second, func(ctx context.Context) error {
		if _, err := os.Stat(n.containerdSocket()); err != nil {
			return err
		}
		_, err := run(ctx, "ctr", "--address", n.containerdSocket(), "--connect-timeout", "2s", "version")
		return err
	})
}

// startKubelet starts the agent that runs Pods.
func (n *node) startKubelet(s *state, sandbox process) error {
	config, err := n.render(kubeletConfig, "kubelet.yaml")
	if err != nil {
		return err
	}
	_, err = n.start(s, "kubelet", enter(sandbox,
		n.kube("kubelet"), "--config="+config, "--kubeconfig="+n.kubeconfig("node"),
		"--hostname-override="+n.name, "--node-ip="+n.address, "--cert-dir="+n.path("pki"),
	))
	return err
}
