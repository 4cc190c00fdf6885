package restic

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/kubemove/kubemove/ddm/filecopy"
)

// What a run has seen of the times of a volume is kept in the repository, in tags. A final run, which
// nothing disturbs, knows it all beforehand and tags its own snapshot. While the application writes,
// the newest time that restic has recorded is known only afterwards, and a snapshot cannot be changed:
// then it is the tag of a record, a snapshot without files. Without it nothing is proven.
const (
	// sincePrefix begins the tag that says from when on changes of a snapshot's files may have gone
	// unnoticed, in seconds since 1970, by the clock of the worker.
	sincePrefix = "kubemove-since-"
	// touchedPrefix begins the tag with the newest time of a change (ctime) before the run read
	// anything, in nanoseconds since 1970.
	touchedPrefix = "kubemove-touched-"
	// writtenPrefix begins the tag with the newest time (mtime) of a file in the snapshot, in seconds
	// since 1970, rounded up.
	writtenPrefix = "kubemove-written-"
	// recordPrefix begins the tag of a record, with the ID of the snapshot that it is about.
	recordPrefix = "kubemove-record-"
	// emptyTag is that of a snapshot without files, which addEmptySnapshot makes.
	emptyTag = "kubemove-empty"
	// recordHost is the host of records: no backup of the volume takes one for its parent.
	recordHost = "kubemove-times"
)

// timesTags are what is known of the volume's times before a backup.
func (s *side) timesTags() []string {
	tags := []string{fmt.Sprint(touchedPrefix, s.newest.Touched.UnixNano())}
	if s.task.Run.Exact {
		tags = append(tags, fmt.Sprint(writtenPrefix, filecopy.RoundUp(s.newest.Written)))
	}
	return tags
}

// keepTimes records the newest time of the files in a snapshot that was made while the application
// went on writing. If that fails, a later final run compares more than it would have to.
func (s *side) keepTimes(ctx context.Context, repo repository, snapshot string, written int64) {
	err := repo.run(ctx, "/", nil, "backup", slices.Concat(repo.patientWithLocks(), []string{"--host", recordHost,
		"--tag", s.task.Run.ID, "--tag", recordPrefix + snapshot,
		"--tag", fmt.Sprint(writtenPrefix, max(written, filecopy.RoundUp(s.newest.Written))),
		"--exclude", pattern(s.volume) + "/*", s.volume})...)
	if err != nil {
		slog.Warn("cannot record the newest times of the volume: "+
			"a final run will compare the content of all files that change", "error", err.Error())
	}
}

// number in a tag that begins with the prefix.
func number(tags []string, prefix string) (n int64, ok bool) {
	for _, tag := range tags {
		if text, is := strings.CutPrefix(tag, prefix); is {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				return n, true
			}
		}
	}
	return 0, false
}

// recorded is the newest time of a file in a snapshot: its own tag, or that of its record.
func recorded(e earlier, all []earlier) (written int64, ok bool) {
	if written, ok = number(e.Tags, writtenPrefix); ok {
		return written, true
	}
	for _, o := range all {
		if slices.Contains(o.Tags, recordPrefix+e.ID) {
			return number(o.Tags, writtenPrefix)
		}
	}
	return 0, false
}

// isRecord tells whether a snapshot holds nothing of the volume.
func (e earlier) isRecord() bool {
	return slices.ContainsFunc(e.Tags, func(tag string) bool { return tag == emptyTag || strings.HasPrefix(tag, recordPrefix) })
}
