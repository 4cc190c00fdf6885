package filecopy

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

const (
	// maxDiffering paths that a failure names, if there is room.
	maxDiffering = 20
	// MaxMessage is how long the message of a failure may be, in bytes: it is in several statuses.
	MaxMessage = 2 << 10
	// maxDifference is how long the part of one path may be.
	maxDifference = 400
	// MaxStale bounds Differences.Stale.
	MaxStale = 100_000
	// maxLogged paths go to the log.
	maxLogged = 100
)

// Differences of a copy from its source that were not repaired.
type Differences struct {
	// Source and Target are what both sides have counted.
	Source, Target *Summary
	// Count of the paths that differ.
	Count int
	// Content: that of a file differs, though nothing else of it need. No size and no time can be taken
	// for a proof any more.
	Content bool
	// Stale are the first of the files of which nothing but the content differs, StaleCount is how many
	// there are.
	Stale      []string
	StaleCount int
	// MayPass: another run may repair one of them.
	MayPass bool

	named  []string
	length int
}

// Add notes a difference, and why it could not be repaired.
func (r *Differences) Add(d Difference, why error) {
	r.Count++
	what := d.What()
	isContent := slices.Contains(what, Content)
	r.Content = r.Content || isContent
	if len(what) == 1 && isContent {
		if r.StaleCount++; r.StaleCount <= MaxStale {
			r.Stale = append(r.Stale, d.Path())
		}
	}
	text := Quote(d.Path()) + ": " + strings.Join(what, ", ")
	switch {
	case why == nil, errors.Is(why, ErrContent):
		r.MayPass = true
	default:
		r.MayPass = r.MayPass || !Refused(why)
		text += " (" + strings.ReplaceAll(why.Error(), "\n", ", ") + ")"
	}
	if r.Count <= maxLogged {
		slog.Warn("the copy differs from its source", "path", text)
	}
	if len(text) > maxDifference {
		text = strings.ToValidUTF8(text[:maxDifference], "") + "..."
	}
	// Some room is left for the words around it.
	if len(r.named) == maxDiffering || r.length+len(text) > MaxMessage-200 {
		r.length = MaxMessage // What comes after one that is left out is left out, too.
		return
	}
	r.named = append(r.named, text)
	r.length += len(text) + len("; ")
}

// Text names the first paths, and how they differ.
func (r *Differences) Text() string {
	text := fmt.Sprintf("%d paths of the copy differ", r.Count)
	if r.Count == 1 {
		text = "1 path of the copy differs"
	}
	text += " from the source (source != target): " + strings.Join(r.named, "; ")
	if more := r.Count - len(r.named); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// Growth is a warning of a copy that takes much more room than its source, else empty: not every file system
// makes holes, and not all files with holes are told.
func (r *Differences) Growth() string { return growth(r.Source.Allocated, r.Target.Allocated) }

func growth(source, target int64) string {
	const slack = 64 << 20
	if target <= source+source/10+slack {
		return ""
	}
	return fmt.Sprintf("the copy takes %d MiB on the disk, the source %d MiB: the target's file system did not make all of the holes "+
		"that files have there, or does not compress", target>>20, source>>20)
}
