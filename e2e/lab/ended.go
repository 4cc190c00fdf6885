package lab

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// removeEnded takes away what is left of another checkout's lab of which no
// process runs any more: it was killed, and both labs use the same addresses.
// A lab that runs is left alone.
func (l *Lab) removeEnded(ctx context.Context) error {
	owner, exists, err := l.place.bridgeOwner()
	if err != nil || !exists || owner == "" || owner == l.id() {
		return err
	}
	root, name := splitID(owner)
	other := labOf(root, name)
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		// Its record is written while it is removed, which must not make the
		// folder anew. RunDir is removed at the end.
		other.Dir = filepath.Join(other.RunDir, "gone")
	}
	// A process that starts or ends it is waited for.
	unlock, err := other.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for _, spec := range other.place.specs() {
		if running, err := labOf(root, name).node(spec).strays(); err != nil || len(running) > 0 {
			return err // bridgeIsFree says whose it is
		}
	}
	l.log.step("removing what is left of the lab of %s, whose processes have ended", owner)
	return other.remove(ctx, &local{lab: other})
}
