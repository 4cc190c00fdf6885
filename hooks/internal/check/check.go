// Package check finds mistakes in what users write, before anything is done.
package check

import (
	"fmt"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// Move checks what engine and pair have in common: the endpoints and the data.
func Move(source *api.Endpoint, target api.Target, data api.Data, c config.Config) *config.Problem {
	if p := endpoint(source, "source"); p != nil {
		return p
	}
	if p := endpoint(&target.Endpoint, fmt.Sprintf("target %s", target.Name)); p != nil {
		return p
	}
	if same(source, &target.Endpoint) {
		return invalid("source and target %s are the same namespace of the same cluster: "+
			"set target.cluster and target.namespace to another place", target.Name)
	}
	inUse := config.InUse(data)
	if p := c.Check(inUse); p != nil {
		return p
	}
	return claims(data, inUse)
}

// Accepted says whether a spec can be worked on; nil: it has no problem.
func Accepted(c *hooks.Conditions, p *config.Problem) {
	if p != nil {
		c.False(api.ConditionAccepted, p.Reason, p.Message)
		return
	}
	c.True(api.ConditionAccepted, api.ReasonAccepted, "the spec can be worked on")
}

func endpoint(e *api.Endpoint, what string) *config.Problem {
	switch {
	case e == nil:
		return nil
	case e.Cluster == nil && e.Namespace != "":
		return invalid("%s names the namespace %s without cluster.kubeconfigSecretRef: "+
			"another namespace is reached only with a kubeconfig; add it or remove namespace", what, e.Namespace)
	case e.Cluster != nil && e.Namespace == "":
		return invalid("%s has a cluster and no namespace: add the namespace of the application in that cluster", what)
	case e.Cluster != nil && e.Cluster.KubeconfigSecretRef.Name == "":
		return invalid("%s has a cluster and no cluster.kubeconfigSecretRef.name: name the Secret that holds its kubeconfig", what)
	}
	return nil
}

func same(a, b *api.Endpoint) bool {
	x, y := jobs.Kubeconfig(a), jobs.Kubeconfig(b)
	if x == nil || y == nil {
		return x == nil && y == nil
	}
	return *x == *y && a.Namespace == b.Namespace
}

func claims(data api.Data, inUse []api.Mobilizer) *config.Problem {
	known := map[string]bool{}
	for _, m := range inUse {
		known[m.Name] = true
	}
	for _, c := range data.Claims {
		if c.Mobilizer != "" && !known[c.Mobilizer] {
			return invalid("claim %s names the mobilizer %s, which is not in data.mobilizers: add it there or correct the name", c.Name, c.Mobilizer)
		}
	}
	return nil
}

// Workloads refuses two workloads of one name: the objects that KubeMove derives from the
// engine are merged by a program that takes entries of one name for the same.
func Workloads(a api.Application) *config.Problem {
	seen := map[string]string{}
	for _, w := range a.Workloads {
		if kind, ok := seen[w.Name]; ok {
			return invalid("application.workloads names %s and %s of the name %s: keep one there and annotate the other with %s: "+
				"\"true\" and %s: ENGINE",
				kind, w.Kind, w.Name, api.ApplyAnnotation, api.EngineAnnotation)
		}
		seen[w.Name] = w.Kind
	}
	return nil
}

func invalid(format string, args ...any) *config.Problem {
	return &config.Problem{Reason: api.ReasonInvalidSpec, Message: fmt.Sprintf(format, args...)}
}
