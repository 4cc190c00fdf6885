package open

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/transfer"
)

func TestChoose(t *testing.T) {
	user := application.Identity{UID: new(int64(1001))}
	grouped := application.Identity{UID: new(int64(1002)), FSGroup: new(int64(5))}
	root := application.Identity{UID: new(int64(0))}
	denied := transfer.Tried{Err: &transfer.Error{Reason: api.ReasonNeedsPrivilegedMover, Message: "first"}}
	broken := transfer.Tried{Err: &transfer.Error{Reason: transfer.ReasonWorkerNotStarted}}
	cases := map[string]struct {
		reason  string
		choices []application.Identity
		sure    bool
		answers []transfer.Tried
		asked   []int64
		chosen  *int64
		failed  string
	}{
		"First": {"the plan's user can write", []application.Identity{user, root}, false, []transfer.Tried{{}}, []int64{1001}, nil, ""},
		"Second": {"a new volume belongs to root",
			[]application.Identity{user, root}, false, []transfer.Tried{denied, {}}, []int64{1001, 0}, root.UID, ""},
		"None": {"the first answer tells most",
			[]application.Identity{user, grouped}, false, []transfer.Tried{denied, {Err: &transfer.Error{Reason: api.ReasonRejected}}},
			[]int64{1001, 1002}, nil, api.ReasonNeedsPrivilegedMover},
		"Broken": {"a volume that is not made is made for no user",
			[]application.Identity{user, root}, false, []transfer.Tried{broken}, []int64{1001}, nil, transfer.ReasonWorkerNotStarted},
		"Untried": {"what most drivers allow is assumed",
			[]application.Identity{user, grouped}, false, []transfer.Tried{{Untried: "quota"}}, []int64{1001}, grouped.UID, ""},
		"Sure": {"nothing can be tried", []application.Identity{user, root}, true, nil, nil, nil, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := &probe{name: "data", choices: tc.choices, sure: tc.sure}
			var asked []int64
			changed := choose([]*probe{p}, func(tryouts []transfer.Tryout) []transfer.Tried {
				asked = append(asked, *tryouts[0].Volume.Worker(true).UID)
				return tc.answers[len(asked)-1 : len(asked)]
			})
			if diff := cmp.Diff(tc.asked, asked); diff != "" {
				t.Errorf("%s: tried (-want +got):\n%s", tc.reason, diff)
			}
			var chosen *int64
			if p.chosen != nil {
				chosen = p.chosen.UID
			}
			if diff := cmp.Diff(tc.chosen, chosen); diff != "" || changed != (tc.chosen != nil) {
				t.Errorf("%s: changed %v, chosen (-want +got):\n%s", tc.reason, changed, diff)
			}
			failed := ""
			if p.failed != nil {
				failed = p.failed.Reason
			}
			if failed != tc.failed {
				t.Errorf("%s: failed with %q, want %q", tc.reason, failed, tc.failed)
			}
		})
	}
}
