package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// installNamespace and installDeployment are what the overlay installs.
	installNamespace  = "kubemove-system"
	installDeployment = "kubemove"
	// ownImagePrefix is what KUBEMOVE_E2E_IMAGE_PREFIX replaces.
	ownImagePrefix = "ghcr.io/kubemove/"
)

// install puts KubeMove into the source cluster: its images, its CRDs, and
// Metacontroller with the hooks.
func (l *Lab) install(ctx context.Context) error {
	changed, err := l.loadOwnImages(ctx)
	if err != nil {
		return err
	}
	crds := filepath.Join(l.Root, "manifests", "crds")
	overlay, err := l.overlay(ctx)
	if err != nil {
		return err
	}
	if missing := l.missingFor(crds, overlay); missing != "" {
		l.log.step("%s: KubeMove is not installed: there is no %s", l.Source().Name, missing)
		return nil
	}
	if err := l.applyCRDs(ctx, crds); err != nil {
		return err
	}
	return l.applyKubeMove(ctx, overlay, changed)
}

// missingFor names the first thing without which KubeMove can't be installed.
func (l *Lab) missingFor(crds, overlay string) string {
	wanted := []string{filepath.Join(crds, "kustomization.yaml"), filepath.Join(overlay, "kustomization.yaml")}
	if l.provider.ownsImages() {
		wanted = append(wanted, filepath.Join(l.Root, "cmd", "kubemove-hooks", "main.go"))
	}
	for _, path := range wanted {
		if _, err := os.Stat(path); err != nil {
			return path
		}
	}
	return ""
}

// applyCRDs installs the kinds and waits until they are served: Metacontroller
// backs off for long when a kind is not there yet.
func (l *Lab) applyCRDs(ctx context.Context, dir string) error {
	c := l.Source()
	l.log.step("%s: applying %s", c.Name, dir)
	names, err := c.Kubectl(ctx, "apply", "--server-side", "--force-conflicts", "-o", "name", "-k", dir)
	if err != nil {
		return err
	}
	wait := append([]string{"wait", "--for=condition=Established", "--timeout=60s"}, strings.Fields(names)...)
	_, err = c.Kubectl(ctx, wait...)
	return err
}

// applyKubeMove installs Metacontroller with the hooks and waits until they run.
func (l *Lab) applyKubeMove(ctx context.Context, dir string, changed bool) error {
	c := l.Source()
	l.log.step("%s: applying %s", c.Name, dir)
	deployment := "deployment/" + installDeployment
	_, absent := c.Kubectl(ctx, "--namespace", installNamespace, "get", deployment)
	manifests, err := c.Kubectl(ctx, "kustomize", dir)
	if err != nil {
		return err
	}
	if prefix := os.Getenv("KUBEMOVE_E2E_IMAGE_PREFIX"); prefix != "" {
		manifests = strings.ReplaceAll(manifests, ownImagePrefix, strings.TrimSuffix(prefix, "/")+"/")
	}
	if err := c.Apply(ctx, manifests); err != nil {
		return err
	}
	if changed && absent == nil {
		// The images keep their names: nothing in the Deployment has changed.
		if _, err := c.Kubectl(ctx, "--namespace", installNamespace, "rollout", "restart", deployment); err != nil {
			return err
		}
	}
	err = Await(ctx, 60*time.Second, "KubeMove to be available", func(ctx context.Context) error {
		return c.DeploymentAvailable(ctx, installNamespace, installDeployment)
	})
	if err != nil {
		pods, _ := c.Kubectl(ctx, "--namespace", installNamespace, "get", "pods")
		events, _ := c.Kubectl(ctx, "--namespace", installNamespace, "get", "events", "--field-selector", "type=Warning")
		logs, _ := c.Kubectl(ctx, "--namespace", installNamespace, "logs", deployment, "--all-containers", "--prefix", "--tail=10")
		return fmt.Errorf("%w\n%s%s%s", err, pods, events, logs)
	}
	l.log.step("%s: KubeMove is available", c.Name)
	return nil
}

// loadOwnImages builds and loads KubeMove's images and Metacontroller's. It
// says whether one of them differs from those that were installed last.
func (l *Lab) loadOwnImages(ctx context.Context) (changed bool, err error) {
	if !l.provider.ownsImages() {
		return false, nil
	}
	images, err := l.ownImages(ctx)
	if err != nil {
		return false, err
	}
	metacontroller, err := l.metacontrollerTar(ctx)
	if err != nil {
		return false, err
	}
	hash := sha256.New()
	for _, image := range append(images, metacontroller) {
		names, digest, err := imageIdentity(image)
		if err != nil {
			return false, err
		}
		fmt.Fprintln(hash, names, digest)
	}
	digest := hex.EncodeToString(hash.Sum(nil))
	s, err := l.loadState()
	if err != nil {
		return false, err
	}
	changed = s.Installed != digest
	for _, image := range append(images, metacontroller) {
		if err := l.provider.loadImage(ctx, s, image, false, both); err != nil {
			return false, err
		}
	}
	return changed, s.update(func() { s.Installed = digest })
}
