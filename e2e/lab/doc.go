// Package lab brings up two real Kubernetes clusters, "src" and "dst", for
// KubeMove's end-to-end tests and for trying it by hand.
//
// On a Linux machine where it runs as root it needs neither Docker nor an image
// registry: it compiles Kubernetes from Go modules, takes containerd, runc,
// etcd and the CNI plugins from the distribution, and builds the images itself.
// Each cluster is one node in network and mount namespaces of its own behind a
// bridge; nothing that runs there can reach beyond this machine. Where Docker
// and kind are at hand, kind makes the clusters, and two clusters of the user's
// are used when KUBEMOVE_E2E_SOURCE and KUBEMOVE_E2E_TARGET name their
// kubeconfigs.
//
// A test uses it like this:
//
//	l, err := lab.Open("")
//	err = l.Up(ctx)
//	out, err := l.Source().Exec(ctx, "default", "pod", "", "cat", "/data/file")
package lab
