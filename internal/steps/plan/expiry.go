package plan

import (
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/task"
)

// warnExpiry warns of credentials that end before the switch, which begins at that time, has used them.
func warnExpiry(p *application.Plan, t *task.Task, w *task.Watch, switchAt string, now time.Time) {
	needed, why := task.Needed(now, switchAt)
	for _, e := range w.Early(needed) {
		secret := t.Source.KubeconfigSecret
		if e.Role == task.RoleTarget {
			secret = t.Target.KubeconfigSecret
		}
		p.AddWarning(application.Ref{}, "%s: %s", api.ReasonCredentialsExpire, e.Warning(secret, why))
	}
}
