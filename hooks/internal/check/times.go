package check

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/schedule"
)

// Sync refuses a policy whose times cannot be read; nil, as there is none, is fine.
func Sync(p *api.SyncPolicy) *config.Problem {
	if _, err := schedule.Of(p); err != nil {
		return invalid("%s", err)
	}
	return nil
}

// SwitchTime refuses a time of a switch that cannot be read, or that had passed when the object in which a person
// wrote it was created: that is never meant, and a switch that begins at once is no small matter. One that passes
// later is fine.
func SwitchTime(at string, created metav1.Time) *config.Problem {
	if at == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, at)
	switch {
	case err != nil:
		return invalid("the switch has at: %q, which is no time: write one with its zone, such as 2026-12-24T02:00:00+01:00", at)
	case t.Before(created.Time):
		return &config.Problem{Reason: api.ReasonSwitchTimePassed, Message: "the switch has at: " + at +
			", which had passed when this object was created, at " + created.UTC().Format(time.RFC3339) +
			": write a time to come, or remove it for a switch that begins as soon as it may"}
	}
	return nil
}
