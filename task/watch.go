package task

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Watch is what was seen of the endpoints, and of the source after a switch.
type Watch struct {
	// Expires says when the credentials of an endpoint end; none: they do not, or that cannot be told.
	Expires []Expiry `json:"expires,omitempty"`
	// SourceRuns names what runs at the source although the switch is committed, at most five.
	SourceRuns []string `json:"sourceRuns,omitempty"`
	// StopCommand stops the first of them.
	StopCommand string `json:"stopCommand,omitempty"`
}

// Expiry is the end of the credentials of an endpoint.
type Expiry struct {
	// Role of the endpoint.
	Role Role `json:"role"`
	// Kind of the credential in words, such as "token".
	Kind string `json:"kind"`
	// At is when the API server refuses it.
	At metav1.Time `json:"at"`
}

// Times that credentials have to last for.
const (
	// SwitchLasts is how long after the begin of a switch they are counted on.
	SwitchLasts = time.Hour
	// SwitchSoon is how long they are counted on where it is not known when the switch begins.
	SwitchSoon = 24 * time.Hour
)

// Needed is until when credentials are needed, and why: until an hour after the time of the switch, or, where it has none to
// come, until a day after they were looked at.
func Needed(looked time.Time, switchAt string) (until time.Time, why string) {
	if at, err := time.Parse(time.RFC3339, switchAt); err == nil && at.After(looked) {
		return at.Add(SwitchLasts), "they are needed until an hour after the time of the switch, " + switchAt
	}
	return looked.Add(SwitchSoon), "they are expected to last for a day, as the switch may begin at any time"
}

// Early are those that end before that.
func (w *Watch) Early(needed time.Time) []Expiry {
	var out []Expiry
	if w == nil {
		return nil
	}
	for _, e := range w.Expires {
		if e.At.Time.Before(needed) {
			out = append(out, e)
		}
	}
	return out
}

// Warning of credentials that end too early; secret holds the kubeconfig.
func (e Expiry) Warning(secret, why string) string {
	return fmt.Sprintf("the credentials of the %s end too early: the %s in the kubeconfig of Secret %s expires at %s, and %s",
		e.Role, e.Kind, secret, e.At.UTC().Format(time.RFC3339), why)
}
