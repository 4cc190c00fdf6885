package transfer

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// TestRunTellsOfSilence: a run waits for minutes for a cluster that does not answer, and is stalled
// meanwhile.
func TestRunTellsOfSilence(t *testing.T) {
	cases := map[string]struct {
		reason string
		silent time.Duration
		again  bool
		want   *task.Stalled
	}{
		"Short": {"A moment is nothing to tell.", 10 * time.Second, false, nil},
		"Long": {"An outage is told with the side.", 40 * time.Second, false, &task.Stalled{Reason: api.ReasonEndpointUnreachable,
			Message: "a cluster does not answer, for 40s already: cannot list the Pods of the source: no answer"}},
		"Over": {"When both have answered it is over.", 40 * time.Second, true, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got Progress
				s := &Session{sawAt: time.Now(), spec: Spec{Log: slog.Default(), Report: func(p Progress) { got = p }}}
				if tc.want != nil {
					tc.want.Since = metav1.NewTime(time.Now())
				}
				time.Sleep(tc.silent)
				if err := s.tolerate(fmt.Errorf("cannot list the Pods of the source: %w", errors.New("no answer"))); !errors.Is(err, errUnreachable) {
					t.Fatal(err)
				}
				if tc.again {
					s.seen()
				}
				newPass(s).report(time.Now())
				if diff := cmp.Diff(tc.want, got.Stalled); diff != "" {
					t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
				}
			})
		})
	}
}
