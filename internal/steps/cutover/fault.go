//go:build !faults

package cutover

import (
	"context"

	"github.com/kubemove/kubemove/internal/cluster"
)

// afterAction does nothing; builds with the tag faults, made for tests alone, can end the
// process here.
func afterAction(context.Context, *cluster.Cluster, Action) {}
