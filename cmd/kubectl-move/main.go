// Kubectl-move is KubeMove's command line, a plugin of kubectl: kubectl move, or kubectl kubemove.
package main

import (
	"os"

	_ "k8s.io/client-go/plugin/pkg/client/auth" // What kubeconfigs may ask for.

	"github.com/kubemove/kubemove/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
