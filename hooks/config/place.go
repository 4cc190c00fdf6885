package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// port is what may follow the colon of an authority.
var port = regexp.MustCompile(`^\d*$`)

// hasCredentials says whether a text holds a URL with a user or a password, which every client that
// may read the move could read. A password with a / or a ? ends the authority of the URL too soon:
// then there is no port after its colon, and an @ comes later.
func hasCredentials(text string) bool {
	for {
		_, rest, found := strings.Cut(text, "//")
		if !found {
			return false
		}
		authority := rest
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			authority = rest[:i]
		}
		end := authority[strings.LastIndex(authority, "]")+1:] // [::1]:443
		_, after, colon := strings.Cut(end, ":")
		if strings.Contains(authority, "@") || colon && !port.MatchString(after) && strings.Contains(rest, "@") {
			return true
		}
		text = rest
	}
}

// wrongPlace says what is wrong with a place of the user's own and with its credentials. It
// never repeats a value that may be a secret.
func wrongPlace(m api.Mobilizer, registered Mobilizer) *Problem {
	for _, name := range slices.Sorted(maps.Keys(m.Parameters)) {
		if hasCredentials(m.Parameters[name]) {
			return &Problem{api.ReasonInvalidSpec, fmt.Sprintf(
				"parameter %s of mobilizer %s is a URL with a user or a password, which every client can read here: "+
					"remove USER:PASSWORD@ from it, change that password, "+
					"and put the new one into a Secret that credentialsSecretRef names", name, m.Name)}
		}
	}
	if m.CredentialsSecretRef != nil && len(registered.Spec.Credentials) == 0 {
		return &Problem{api.ReasonInvalidSpec, fmt.Sprintf(
			"mobilizer %s takes no credentials: remove credentialsSecretRef from data.mobilizers", m.Name)}
	}
	place := m.Parameters[registered.Spec.StateParameter]
	claim, ok := strings.CutPrefix(place, task.ClaimPrefix)
	if registered.Spec.StateParameter != "" && ok && len(validation.IsDNS1123Subdomain(claim)) > 0 {
		return &Problem{api.ReasonInvalidSpec, fmt.Sprintf(
			"parameter %s of mobilizer %s names no claim: expected %sNAME, with the name of a claim in the target namespace",
			registered.Spec.StateParameter, m.Name, task.ClaimPrefix)}
	}
	return nil
}

// credentials is the name of the user's Secret; empty: there is none.
func credentials(m api.Mobilizer) string {
	if m.CredentialsSecretRef == nil {
		return ""
	}
	return m.CredentialsSecretRef.Name
}
