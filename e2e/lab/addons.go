package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"text/template"
	"time"
)

var (
	//go:embed addons/coredns.yaml
	coreDNSManifest string
	//go:embed addons/local-path.yaml
	localPathManifest string
	//go:embed addons/fast-class.yaml
	fastClass string
)

// addonValues are what the addons' manifests refer to.
type addonValues struct {
	nodeValues
	CoreDNSImage, LocalPathImage, BusyboxImage string
	// Content stands for images and configuration: when it changes, so do the
	// Pods' templates, and with them the Pods.
	Content string
}

// applyAddons installs DNS and the provisioner of volumes.
func (n *node) applyAddons(ctx context.Context, s *state) error {
	text := coreDNSManifest + "---\n" + localPathManifest + "---\n" + fastClass
	t, err := template.New("addons").Parse(text)
	if err != nil {
		return err
	}
	content := sha256.Sum256([]byte(text + s.imageDigest(n.name, coreDNSImage) + s.imageDigest(n.name, localPathImage)))
	var manifest bytes.Buffer
	err = t.Execute(&manifest, addonValues{
		nodeValues: n.values(), CoreDNSImage: coreDNSImage, LocalPathImage: localPathImage, BusyboxImage: busyboxImage,
		Content: hex.EncodeToString(content[:6]),
	})
	if err != nil {
		return err
	}
	return n.cluster().Apply(ctx, manifest.String())
}

// awaitAddons waits until Pods can resolve names and claims are provisioned.
func (n *node) awaitAddons(ctx context.Context) error {
	c := n.cluster()
	for namespace, name := range map[string]string{"kube-system": "coredns", "local-path-storage": "local-path-provisioner"} {
		err := Await(ctx, 120*time.Second, n.name+": "+name+" to be available", func(ctx context.Context) error {
			return c.DeploymentAvailable(ctx, namespace, name)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
