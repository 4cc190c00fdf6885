// Kubemove-ddm holds KubeMove's own data mobilizers: `kubemove-ddm NAME VERB`, in a worker Pod.
package main

import (
	"fmt"
	"os"

	"github.com/kubemove/kubemove/ddm/restic"
	"github.com/kubemove/kubemove/task"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "restic" {
		os.Exit(restic.Main(os.Args[2:]))
	}
	fmt.Fprintf(os.Stderr, "got the arguments %q, expected: kubemove-ddm restic VERB\n", os.Args[1:])
	os.Exit(task.ExitPermanent)
}
