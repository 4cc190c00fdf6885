package steps

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

func TestFailureAndExitCode(t *testing.T) {
	cases := map[string]struct {
		reason string
		result task.Result
		code   int
		retry  task.Retry
		why    string
	}{
		"Success":  {"Done and verified.", task.Succeeded("done"), task.ExitDone, "", api.ReasonSucceeded},
		"Declined": {"A check forbids it now.", task.Declined(api.ReasonLocked, "m"), task.ExitDeclined, task.RetryLater, api.ReasonLocked},
		"Unreachable": {"A network may come back within the Job.",
			Failure(fmt.Errorf("x: %w", &cluster.Error{Kind: cluster.Unreachable})), task.ExitFailed, task.RetrySoon, api.ReasonEndpointUnreachable},
		"Forbidden": {"Rights have to be granted by a person: another Pod at once is useless.",
			Failure(&cluster.Error{Kind: cluster.Forbidden}), task.ExitPermanent, task.RetryLater, api.ReasonForbidden},
		"Invalid": {"A kubeconfig has to be fixed by a person.",
			Failure(&cluster.Error{Kind: cluster.Invalid}), task.ExitPermanent, task.RetryLater, api.ReasonRejected},
		"Conflict": {"The next reading sees what has changed.",
			Failure(&cluster.Error{Kind: cluster.Conflict}), task.ExitFailed, task.RetrySoon, "Conflict"},
		"Unknown": {"What is not known is tried again.", Failure(errors.New("what")), task.ExitFailed, task.RetrySoon, api.ReasonFailed},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := []any{tc.result.ExitCode(), tc.result.Retry, tc.result.Reason}
			if diff := cmp.Diff([]any{tc.code, tc.retry, tc.why}, got); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}
