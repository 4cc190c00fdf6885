package cutover

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// TestWholeMark: a claim counts as filled by the mark of a copy of this very claim of the source, through
// this very place, and by no other one.
func TestWholeMark(t *testing.T) {
	marks := func(source, pair, place string, gone bool) map[string]string {
		none := &cluster.Cluster{}
		restic := task.Mobilizer{Name: "restic", StateParameter: "repository", Parameters: map[string]string{"repository": place}}
		work := &task.Task{Move: &task.Move{Pair: task.Object{UID: pair}, Mobilizers: []task.Mobilizer{restic}}}
		s := &switcher{us: us, mover: &pairRuns{task: work, source: none, target: none},
			plan: &application.Plan{Volumes: []application.Volume{{Name: "data", Target: "copy"},
				{Name: "cache", Target: "cache", Policy: api.ClaimCreateEmpty}}}}
		o := &Observed{}
		if !gone {
			o.SourceClaims = []Claim{{Name: "data", Exists: true, UID: types.UID(source)}}
		}
		out := map[string]string{}
		for _, name := range []string{"copy", "cache", "other"} {
			out[name] = s.wholeMark(o, Claim{Name: name, UID: "copy-uid"})
		}
		want := transfer.WholeMark(transfer.NewSpec(work, none, none), s.plan.Volumes[0], types.UID(source), "copy-uid")
		if !gone && out["copy"] != want {
			t.Errorf("the run marks its copy with %s, and %s is looked for", want, out["copy"])
		}
		return out
	}
	whole := marks("data-uid", "pair", "", false)
	if whole["copy"] == "" || whole["cache"] != "" || whole["other"] != "" {
		t.Errorf("only what is copied has a mark, got %v", whole)
	}
	for what, got := range map[string]map[string]string{
		"another claim of the source": marks("another", "pair", "", false), "another pair": marks("data-uid", "another", "", false),
		"another place": marks("data-uid", "pair", "s3:x", false), "a claim that is gone": marks("data-uid", "pair", "", true),
	} {
		if got["copy"] == whole["copy"] {
			t.Errorf("%s has the same mark", what)
		}
	}
}
