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

// withPassword is a URL that carries a password. Parameters are readable by everybody who may
// read the move.
var withPassword = regexp.MustCompile(`//[^/?#\s@]*:[^/?#\s]*@`)

// wrongPlace says what is wrong with a place of the user's own and with its credentials. It
// never repeats a value that may be a secret.
func wrongPlace(m api.Mobilizer, registered Mobilizer) *Problem {
	for _, name := range slices.Sorted(maps.Keys(m.Parameters)) {
		if withPassword.MatchString(m.Parameters[name]) {
			return &Problem{api.ReasonInvalidSpec, fmt.Sprintf(
				"parameter %s of mobilizer %s is a URL with a password, which everybody can read here: remove USER:PASSWORD@ from it, change that password, "+
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
			"parameter %s of mobilizer %s names the claim %q: expected %sNAME, with the name of a claim in the target namespace",
			registered.Spec.StateParameter, m.Name, claim, task.ClaimPrefix)}
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
