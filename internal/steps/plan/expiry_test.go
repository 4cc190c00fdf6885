package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/task"
)

func TestWarnExpiry(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	ends := func(role task.Role, in time.Duration) task.Expiry {
		return task.Expiry{Role: role, Kind: "token", At: metav1.NewTime(now.Add(in))}
	}
	const text = "CredentialsExpireBeforeSwitch: the credentials of the "
	for name, tc := range map[string]struct {
		reason string
		ends   []task.Expiry
		at     string
		want   []string
	}{
		"None": {"they do not end", nil, "", nil},
		"Late": {"they last", []task.Expiry{ends(task.RoleSource, 48*time.Hour)}, "", nil},
		"Both": {"each is named with its Secret", []task.Expiry{ends(task.RoleSource, time.Hour), ends(task.RoleTarget, 2*time.Hour)}, "",
			[]string{
				text + "source end too early: the token in the kubeconfig of Secret src expires at 2026-12-01T13:00:00Z, and they are " +
					"expected to last for a day, as the switch may begin at any time",
				text + "target end too early: the token in the kubeconfig of Secret dst expires at 2026-12-01T14:00:00Z, and they are " +
					"expected to last for a day, as the switch may begin at any time"}},
		"At": {"the time of the switch counts", []task.Expiry{ends(task.RoleTarget, 48*time.Hour)}, "2026-12-24T02:00:00Z",
			[]string{text + "target end too early: the token in the kubeconfig of Secret dst expires at 2026-12-03T12:00:00Z, and they are " +
				"needed until an hour after the time of the switch, 2026-12-24T02:00:00Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &application.Plan{}
			work := &task.Task{Source: task.Endpoint{KubeconfigSecret: "src"}, Target: task.Endpoint{KubeconfigSecret: "dst"}}
			before := p.Hash()
			warnExpiry(p, work, &task.Watch{Expires: tc.ends}, tc.at, now)
			if diff := cmp.Diff(tc.want, p.Warnings); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if p.Hash() != before {
				t.Error("the warning has changed the hash, and so voids an approval")
			}
		})
	}
}
