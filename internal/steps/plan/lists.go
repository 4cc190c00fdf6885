package plan

import (
	"fmt"
	"slices"
	"strings"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

// kindLength of kinds in a status, as the API takes them.
const kindLength = 64

// kindsOf counts the objects of the plan by their kinds.
func kindsOf(p *application.Plan) []api.PlannedKind {
	counts := map[string]int64{}
	for _, o := range p.Objects {
		counts[kindName(o.Ref)]++
	}
	var out []api.PlannedKind
	for kind, n := range counts {
		out = append(out, api.PlannedKind{Kind: kind, Objects: n})
	}
	slices.SortFunc(out, func(a, b api.PlannedKind) int { return compare(a.Kind, b.Kind) })
	return out[:min(len(out), kindLength)]
}

// kindName is the kind, with its group where it has one.
func kindName(r application.Ref) string {
	if r.Group == "" {
		return r.Kind
	}
	return r.Kind + "." + r.Group
}

// describeKinds is " (2 ConfigMap, 1 Deployment.apps)"; empty for none.
func describeKinds(kinds []api.PlannedKind) string {
	if len(kinds) == 0 {
		return ""
	}
	var parts []string
	for _, k := range kinds {
		parts = append(parts, fmt.Sprintf("%d %s", k.Objects, k.Kind))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// fewWarnings are as many as a status holds. Of more, the last one says how many they are and
// where: in the Secret, if there is one.
func fewWarnings(warnings []string, secret string) []string {
	if len(warnings) <= listLength {
		return warnings
	}
	more := fmt.Sprintf("%d more warnings", len(warnings)-listLength+1)
	if secret != "" {
		more += " are in the whole plan, in the Secret " + secret
	}
	return append(slices.Clone(warnings[:listLength-1]), more)
}
