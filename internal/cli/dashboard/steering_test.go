package dashboard

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
)

// TestSteer: the page writes the patches of the commands, about what was shown, and else says why not.
func TestSteer(t *testing.T) {
	t.Parallel()
	approval := func() steer.Patch {
		m := sample.Move("approval")
		p, err := steer.Approve(m, m.Route(""), sample.Hash)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	back := func() steer.Patch {
		p, err := steer.RollBack(sample.Move("switching"))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	wishWith := func(former, now string) string { return strings.Replace(wishOf, former, now, 1) }
	for name, c := range map[string]struct {
		reason, sample, path, body string
		status                     int
		said                       string
		want                       []steer.Patch
	}{
		"Approve": {"the plan that was shown", "approval", approvePath, wishOf, 200, "moveswitch/shop-dst approved: plan " + sample.Hash,
			[]steer.Patch{approval()}},
		"Changed": {"the plan has changed since", "approval", approvePath, wishWith(sample.Hash, "0123456789abcdef"), 409,
			"plan 0123456789abcdef is not the newest one, which is " + sample.Hash, nil},
		"NoHash":   {"no plan was shown", "approval", approvePath, wishWith(sample.Hash, ""), 409, "is not the newest one", nil},
		"Anew":     {"another switch of that name", "approval", approvePath, wishWith("uid-switch", "uid-1"), 409, "no longer the one", nil},
		"Other":    {"a target that is not there", "approval", approvePath, wishWith("dst", "far"), 409, "no longer the one", nil},
		"Blocked":  {"a plan with blockers", "blocked", approvePath, wishOf, 409, "has 1 blocker", nil},
		"Gone":     {"the move is not there", "approval", "/moves/shop/moveengine/wiki/approve", wishOf, 404, "There is no move wiki", nil},
		"Hidden":   {"its namespace is not shown", "approval", "/moves/other/moveengine/shop/approve", wishOf, 404, "namespace shop only", nil},
		"RollBack": {"the switch goes back", "switching", rollPath, wishOf, 200, "moveswitch/shop-dst rolls back", []steer.Patch{back()}},
		"TooEarly": {"no switch has begun", "approval", rollPath, wishOf, 409, "nothing to roll back. Try: kubectl move suspend", nil},
		"TooLate":  {"after the commit", "switched", rollPath, wishOf, 409, "the switch is committed", nil},
		"BackAnew": {"the switch is another one", "switching", rollPath, `{"target":"dst","uid":"uid-1"}`, 409, "no longer the one", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, c.sample)
			status, said := w.says(w.request(http.MethodPost, c.path, c.body))
			if status != c.status || !strings.Contains(said, c.said) {
				t.Errorf("%s: got %d and %q, want %d and %q", c.reason, status, said, c.status, c.said)
			}
			if diff := cmp.Diff(c.want, w.written()); diff != "" {
				t.Errorf("%s: what is written: -want +got:\n%s", c.reason, diff)
			}
		})
	}
}

// TestReadOnly: without --allow-writes the server refuses, whatever a page sends, and the page has no button.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"approval": approvePath, "switching": rollPath} {
		w := start(t, name, func(o *Options) { o.Writes = false })
		if status, said := w.says(w.request(http.MethodPost, path, wishOf)); status != http.StatusForbidden ||
			!strings.Contains(said, "--allow-writes") {
			t.Errorf("%s is answered with %d: %s", path, status, said)
		}
		if len(w.written()) > 0 {
			t.Errorf("%v was written", w.written())
		}
		if _, body := w.says(w.request(http.MethodGet, movePath, "")); strings.Contains(body, "data-path") ||
			!strings.Contains(body, "kubectl move ") {
			t.Errorf("the page has a button, or no command in its place:\n%s", body)
		}
	}
}

// TestClusterRefuses: what the API server says is said, with a status that fits.
func TestClusterRefuses(t *testing.T) {
	t.Parallel()
	resource := schema.GroupResource{Group: "kubemove.io", Resource: "moveswitches"}
	for name, c := range map[string]struct {
		reason string
		err    error
		want   int
	}{
		"Conflict":  {"it was changed at the same time", apierrors.NewConflict(resource, "shop-dst", nil), 409},
		"NotFound":  {"it was deleted at the same time", apierrors.NewNotFound(resource, "shop-dst"), 409},
		"Forbidden": {"the person may not", apierrors.NewForbidden(resource, "shop-dst", nil), 403},
		"Broken":    {"the API server has a trouble of its own", apierrors.NewServiceUnavailable("later"), 502},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, "approval")
			w.cluster.Patch = func(context.Context, steer.Patch, string) error {
				return fault.API("cannot patch moveswitch/shop-dst", c.err)
			}
			if status, said := w.says(w.request(http.MethodPost, approvePath, wishOf)); status != c.want ||
				!strings.Contains(said, "cannot patch moveswitch/shop-dst") {
				t.Errorf("%s: got %d and %q, want %d", c.reason, status, said, c.want)
			}
			w.cluster.Newest = func(context.Context, string) (snapshot.Snapshot, error) {
				return snapshot.Snapshot{}, fault.API("cannot list moveengines", c.err)
			}
			if _, said := w.says(w.request(http.MethodPost, approvePath, wishOf)); !strings.Contains(said, "cannot list moveengines") {
				t.Errorf("%s: got %q", c.reason, said)
			}
		})
	}
}
