package check

import (
	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
)

// Targets refuses two targets in one namespace of one cluster: they would fill the same claims,
// from the same repositories. Where two Secrets lead to one cluster only a plan can tell.
func Targets(targets []api.Target) *config.Problem {
	for i := range targets {
		for j := range i {
			if same(&targets[j].Endpoint, &targets[i].Endpoint) {
				return invalid("targets %s and %s are the same namespace of the same cluster, so they would fill the same claims: "+
					"remove one, or set its cluster or its namespace to another place",
					targets[j].Name, targets[i].Name)
			}
		}
	}
	return nil
}
