// Kubemove-hooks answers the hooks of Metacontroller for KubeMove's kinds.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // Time zones of schedules: the image has no database of them.

	"github.com/kubemove/kubemove/hooks/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := server.Main(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}
