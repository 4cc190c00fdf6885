package lab

import (
	"context"
	"strings"
)

// kind makes the clusters in Docker containers.
type kind struct{ lab *Lab }

func (k *kind) name(cluster string) string {
	if k.lab.Name != "" {
		cluster = k.lab.Name + "-" + cluster
	}
	return "kubemove-" + cluster
}

func (k *kind) up(ctx context.Context) error {
	have, err := run(ctx, "kind", "get", "clusters")
	if err != nil {
		return err
	}
	for _, name := range []string{sourceName, targetName} {
		if !containsLine(have, k.name(name)) {
			k.lab.log.step("kind create cluster --name %s", k.name(name))
			if _, err := run(ctx, "kind", "create", "cluster", "--name", k.name(name), "--wait", "180s", "--kubeconfig",
				k.kubeconfig(name)); err != nil {
				return err
			}
		} else if _, err := run(ctx, "kind", "export", "kubeconfig", "--name", k.name(name), "--kubeconfig", k.kubeconfig(name)); err != nil {
			return err
		}
		// kind brings DNS and a default class "standard" of the same provisioner.
		if err := k.lab.cluster(name).Apply(ctx, fastClass); err != nil {
			return err
		}
	}
	return nil
}

func containsLine(text, line string) bool {
	for got := range strings.Lines(text) {
		if strings.TrimSpace(got) == line {
			return true
		}
	}
	return false
}

func (k *kind) down(ctx context.Context) error {
	for _, name := range []string{sourceName, targetName} {
		if _, err := run(ctx, "kind", "delete", "cluster", "--name", k.name(name), "--kubeconfig", k.kubeconfig(name)); err != nil {
			return err
		}
	}
	return nil
}

func (k *kind) loadImage(ctx context.Context, _ *state, tar string, _ bool, clusters []string) error {
	for _, name := range clusters {
		if _, err := run(ctx, "kind", "load", "image-archive", tar, "--name", k.name(name)); err != nil {
			return err
		}
	}
	return nil
}

func (k *kind) ownsImages() bool { return true }

func (k *kind) kubeconfig(cluster string) string { return k.lab.publishedKubeconfig(cluster) }

func (k *kind) kubectl() string { return kubectlOnPath() }
