// Command kubectl is apart from the servers: all their packages are set up at each start of the one binary, which takes a third
// of a second, and a run of the tests calls kubectl some thousand times.
package main

import (
	"k8s.io/component-base/cli"
	kubectlcli "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	// kubectl maps its own errors to messages and exit codes.
	if err := cli.RunNoErrOutput(kubectlcli.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}
