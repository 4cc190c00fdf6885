package check

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/internal/cli/target"
	"github.com/kubemove/kubemove/internal/text"
)

func mobilizersRegistered(o Observed) finding {
	if o.Mobilizers.Problem != "" {
		return skipped(o.Mobilizers.Problem)
	}
	var details []string
	from := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(o.Mobilizers.Value)) {
		if ext := path.Ext(file); strings.HasPrefix(file, ".") || ext != ".yaml" && ext != ".yml" {
			continue
		}
		m, err := config.Parse([]byte(o.Mobilizers.Value[file]))
		switch {
		case err != nil:
			details = append(details, file+": "+err.Error())
		case from[m.Metadata.Name] != "":
			details = append(details, fmt.Sprintf("%s: the name %s is that of %s, too", file, m.Metadata.Name, from[m.Metadata.Name]))
		default:
			from[m.Metadata.Name] = file
		}
	}
	names := strings.Join(slices.Sorted(maps.Keys(from)), ", ")
	const hint = "correct the ConfigMap kubemove-mobilizers: the hooks do not start with a file that they cannot read"
	switch {
	case len(details) > 0:
		return failed("a registration cannot be read", hint, details...)
	case len(from) == 0:
		return failed("no mobilizer is registered", install)
	case from[config.DefaultMobilizer] == "":
		return warning(fmt.Sprintf("registered are %s, and not %s, which a move uses that names none", names, config.DefaultMobilizer),
			"name one in spec.data.mobilizers of each move, or register "+config.DefaultMobilizer)
	}
	return ok("registered are " + names)
}

// ofTargets joins the results of some checks of each target.
func (o Observed) ofTargets(good, bad, hint string, checks ...string) finding {
	if o.Targets.Problem != "" {
		return skipped(o.Targets.Problem)
	}
	if len(o.Targets.Value) == 0 {
		return skipped("there is no target")
	}
	worst := OK
	var details []string
	for _, t := range o.Targets.Value {
		for _, r := range t.Report.Results {
			if !slices.Contains(checks, r.Check) || r.Result == target.OK {
				continue
			}
			details = append(details, fmt.Sprintf("%s/%s: %s", t.Namespace, t.Report.Target.Name, r.Message))
			if r.Result == target.Failed {
				worst = Failed
			} else if worst == OK {
				worst = Warning
			}
		}
	}
	return unless(details, text.Count(len(o.Targets.Value), "target")+" "+good, finding{outcome: worst, message: bad, hint: hint})
}

func targetsReached(o Observed) finding {
	return o.ofTargets("looked at: each that could be asked has answered", "a target cannot be used",
		"see what it says: kubectl move target check NAME", "kubeconfig", "connection", "namespace")
}

func targetsCredentials(o Observed) finding {
	return o.ofTargets("looked at: no credentials end soon", "the credentials of a target end",
		"renew them: kubectl move target renew NAME", "credentials")
}

func targetsRights(o Observed) finding {
	return o.ofTargets("looked at: each account that could be asked has the rights of a move", "the account of a target lacks rights",
		"see what a plan cannot check without them: kubectl move target check NAME", "rights", "more-rights")
}

func annotationsEngine(o Observed) finding {
	switch {
	case o.Annotated.Problem != "":
		return skipped(o.Annotated.Problem)
	case o.Moves.Problem != "":
		return skipped(o.Moves.Problem)
	}
	engines := map[string]bool{}
	for i := range o.Moves.Value.Engines {
		e := &o.Moves.Value.Engines[i]
		engines[e.Namespace+"/"+e.Name] = true
	}
	var details []string
	for i := range o.Annotated.Value {
		w := &o.Annotated.Value[i]
		if problem := annotated(w, engines); problem != "" {
			details = append(details, fmt.Sprintf("%s/%s in namespace %s %s", strings.ToLower(w.Kind), w.Name, w.Namespace, problem))
		}
	}
	return unless(details, text.Count(len(o.Annotated.Value), "workload")+" with annotations looked at",
		warning("a workload is annotated for no move", "correct the annotation, or remove it: kubectl annotate KIND NAME "+
			api.EngineAnnotation+"-"))
}

// annotated says what is wrong with the annotations of a workload; empty: nothing.
func annotated(w *metav1.PartialObjectMetadata, engines map[string]bool) string {
	moves := w.Annotations[api.ApplyAnnotation] == "true" || w.Annotations[api.EnableAnnotation] == "true"
	engine, names := w.Annotations[api.EngineAnnotation]
	switch {
	case names && !moves:
		return fmt.Sprintf("names the engine %s, and does not move without the annotation %s: \"true\"", engine, api.ApplyAnnotation)
	case moves && engine == "":
		return "names no engine with the annotation " + api.EngineAnnotation
	case moves && !engines[w.Namespace+"/"+engine]:
		return "names the engine " + engine + ", which is not there"
	}
	return ""
}
