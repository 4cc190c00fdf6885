package cutover

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// dataSyncs shows the progress of a final run on the pair's DataSyncs: people watch those. It
// is an annotation of the DataSync itself, so that only its own hook is woken up, and it is for
// show alone: nothing is decided by it.
type dataSyncs struct {
	home  home
	pair  string
	every time.Duration

	// volumes by mobilizer.
	volumes  map[string]map[string]bool
	last     time.Time
	stages   string
	sequence int64
}

func newDataSyncs(home home, t *task.Task) *dataSyncs {
	every := time.Duration(max(t.Move.ProgressSeconds, 5)) * time.Second
	return &dataSyncs{home: home, pair: t.Move.Pair.Name, every: every, volumes: map[string]map[string]bool{}}
}

// add says which mobilizer copies a volume.
func (d *dataSyncs) add(mobilizer, volume string) {
	if d.volumes[mobilizer] == nil {
		d.volumes[mobilizer] = map[string]bool{}
	}
	d.volumes[mobilizer][volume] = true
}

// show writes the progress once per interval, and whenever a volume reaches another stage: a
// short run shows its numbers, too.
func (d *dataSyncs) show(p transfer.Progress, runID string) {
	stages := ""
	for _, v := range p.Volumes {
		stages += string(v.Stage) + " "
	}
	if stages == d.stages && time.Since(d.last) < d.every {
		return
	}
	d.stages = stages
	d.write(context.Background(), p, runID)
}

func (d *dataSyncs) write(ctx context.Context, p transfer.Progress, runID string) {
	d.last = time.Now()
	d.sequence++
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for mobilizer, names := range d.volumes {
		st := task.Status{APIVersion: task.APIVersion, RunID: runID, Sequence: d.sequence, Step: string(FinalSync),
			BytesPerSecond: p.BytesPerSecond, ETASeconds: p.ETASeconds, Message: p.Message}
		for _, v := range p.Volumes {
			if names[v.Name] {
				st.Volumes = append(st.Volumes, v)
			}
		}
		st.Warnings = warningsOf(p, names)
		if err := d.home.ShowSync(ctx, d.pair+"-"+mobilizer, st); err != nil && !apierrors.IsNotFound(err) {
			slog.Warn("cannot show the progress", "dataSync", d.pair+"-"+mobilizer, "error", err.Error())
		}
	}
}

// warningsOf the volumes of one mobilizer: those that begin with another volume's name are not.
func warningsOf(p transfer.Progress, names map[string]bool) (out []string) {
	for _, w := range p.Warnings {
		volume, _, _ := strings.Cut(w, ": ")
		other := slices.ContainsFunc(p.Volumes, func(v task.VolumeProgress) bool { return v.Name == volume && !names[v.Name] })
		if !other {
			out = append(out, w)
		}
	}
	return out
}
