package restic

import (
	"context"
	"math"
	"strings"

	"github.com/kubemove/kubemove/task"
)

// nodes hands out what a snapshot holds beneath a folder, with the path below that. Bytes of
// a path that are no UTF-8 have become U+FFFD on the way, each: see lossy.
func (r repository) nodes(ctx context.Context, snapshot, folder string, each func(rel string, m message)) error {
	if err := checkSnapshot(snapshot); err != nil {
		return err
	}
	return r.run(ctx, "/", func(m message) {
		if rel, below := strings.CutPrefix(m.Path, folder+"/"); below && m.Type == "node" {
			each(rel, m)
		}
	}, "ls", "--no-lock", snapshot)
}

// lossy is what a path has become in JSON.
func lossy(path string) string { return string([]rune(path)) }

// listed counts what a snapshot holds of a volume, and finds the newest time of its files, in seconds
// since 1970.
func listed(ctx context.Context, repo repository, volume, snapshot string) (v task.Verification, written int64, err error) {
	written = math.MinInt64
	err = repo.nodes(ctx, snapshot, volume, func(_ string, m message) {
		switch m.NodeType {
		case "dir":
			return
		case "file":
			v.Bytes += m.Size
			written = max(written, m.written())
		}
		v.Files++
	})
	return v, written, err
}
