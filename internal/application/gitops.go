package application

import "strings"

// gitOpsTools are the marks of tools that keep objects as a repository says, and so start a workload
// again that was stopped. Argo CD's begins with the name of its application
// (https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking), those of Flux are the
// names of its objects (https://fluxcd.io/flux/components/kustomize/kustomizations).
var gitOpsTools = []struct{ tool, mark string }{
	{"Argo CD", "argocd.argoproj.io/tracking-id"},
	{"Argo CD", "argocd.argoproj.io/instance"},
	{"Flux", "kustomize.toolkit.fluxcd.io/name"},
	{"Flux", "helm.toolkit.fluxcd.io/name"},
}

// checkGitOpsTools warns of tools that would start the application at the source again, while it is
// copied or after it has moved.
func checkGitOpsTools(v *view) (out Findings) {
	warned := map[string]bool{}
	for _, w := range v.plan.Workloads {
		by := gitOpsTool(v.x.byRef[w.Ref])
		if by == "" || warned[by] {
			continue
		}
		warned[by] = true
		out.AddWarning(w.Ref, "%s is kept as it is by %s: "+
			"if that syncs by itself, pause it until the switch is complete, or it starts the application again while it is copied; "+
			"and take the application out there before it goes on", w.Ref, by)
	}
	return out
}

// gitOpsTool of an object, and what it calls it; empty: none is known.
func gitOpsTool(n *node) string {
	for _, k := range gitOpsTools {
		for _, marks := range []map[string]string{n.obj.GetAnnotations(), n.obj.GetLabels()} {
			if name, _, _ := strings.Cut(marks[k.mark], ":"); name != "" {
				return k.tool + " (" + name + ")"
			}
		}
	}
	return ""
}
