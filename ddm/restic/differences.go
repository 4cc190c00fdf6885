package restic

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/kubemove/kubemove/ddm/tree"
)

const (
	// maxDiffering paths that a failure names, if there is room.
	maxDiffering = 20
	// maxMismatch is how long the message of a failure may be, in bytes: it is in several
	// statuses.
	maxMismatch = 2 << 10
	// maxDifference is how long the part of one path may be.
	maxDifference = 400
	// maxStale files are restored once more within a run.
	maxStale = 100_000
	// maxLogged paths go to the log.
	maxLogged = 100
)

// differences of the volume from its source that could not be mended.
type differences struct {
	// source and target are what both sides have counted.
	source, target *tree.Summary
	// count of the paths that differ.
	count int
	// content: that of a file differs, though nothing else shows it. stale are the first of those
	// files, staleCount is how many there are.
	content    bool
	stale      []string
	staleCount int
	// hopeful: another run may mend one of them.
	hopeful bool
	named   []string
	length  int
}

// add notes a difference, and why it could not be mended.
func (r *differences) add(d tree.Difference, why error) {
	r.count++
	what := d.What()
	isContent := slices.Contains(what, tree.Content)
	r.content = r.content || isContent
	if len(what) == 1 && isContent {
		if r.staleCount++; r.staleCount <= maxStale {
			r.stale = append(r.stale, d.Path())
		}
	}
	text := tree.Quote(d.Path()) + ": " + strings.Join(what, ", ")
	switch {
	case why == nil, errors.Is(why, errContent):
		r.hopeful = true
	default:
		r.hopeful = r.hopeful || !refused(why)
		text += " (" + strings.ReplaceAll(why.Error(), "\n", ", ") + ")"
	}
	if r.count <= maxLogged {
		slog.Warn("the copy differs from its source", "path", text)
	}
	if len(text) > maxDifference {
		text = strings.ToValidUTF8(text[:maxDifference], "") + "..."
	}
	// Some room is left for the words around it.
	if len(r.named) == maxDiffering || r.length+len(text) > maxMismatch-200 {
		r.length = maxMismatch // What comes after one that is left out is left out, too.
		return
	}
	r.named = append(r.named, text)
	r.length += len(text) + len("; ")
}

// err names the first paths, and how they differ.
func (r *differences) err() error {
	text := fmt.Sprintf("%d paths of the copy differ", r.count)
	if r.count == 1 {
		text = "1 path of the copy differs"
	}
	text += " from the source (source != target): " + strings.Join(r.named, "; ")
	if more := r.count - len(r.named); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	if r.hopeful {
		return &mismatch{errors.New(text)}
	}
	return &mismatch{&permanent{errors.New(text + ": let the worker run as a user who may set that, or give the target a file system that can keep it")}}
}
