package restic

import (
	"context"

	"github.com/kubemove/kubemove/task"
)

// listed counts what a snapshot holds of a volume.
func listed(ctx context.Context, repo repository, volume, snapshot string) (task.Verification, error) {
	var v task.Verification
	err := repo.run(ctx, "/", func(m message) {
		if m.Type != "node" || m.NodeType == "dir" || m.Path == volume {
			return
		}
		v.Files++
		if m.NodeType == "file" {
			v.Bytes += m.Size
		}
	}, "ls", snapshot)
	return v, err
}
