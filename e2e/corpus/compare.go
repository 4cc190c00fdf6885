package corpus

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/internal/application"
)

// byRef indexes what a plan creates.
func byRef(objects []application.Object) map[application.Ref]unstructured.Unstructured {
	out := make(map[application.Ref]unstructured.Unstructured, len(objects))
	for _, o := range objects {
		out[o.Ref] = o.Object
	}
	return out
}

// Differences between what two plans create, one line for each path.
func Differences(want, got []application.Object) []string {
	var out []string
	there := byRef(got)
	for _, o := range want {
		other, ok := there[o.Ref]
		if !ok {
			out = append(out, fmt.Sprintf("%s: gone", o.Ref))
			continue
		}
		for _, d := range diff("", o.Object.Object, other.Object) {
			out = append(out, fmt.Sprintf("%s: %s", o.Ref, d))
		}
	}
	wanted := byRef(want)
	for _, o := range got {
		if _, ok := wanted[o.Ref]; !ok {
			out = append(out, fmt.Sprintf("%s: not there before", o.Ref))
		}
	}
	return out
}

// diff lists the paths at which two values differ.
func diff(path string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			return diffMaps(path, want, got)
		}
	case []any:
		if got, ok := got.([]any); ok && len(got) == len(want) {
			var out []string
			for i := range want {
				out = append(out, diff(fmt.Sprintf("%s[%d]", path, i), want[i], got[i])...)
			}
			return out
		}
	}
	if reflect.DeepEqual(want, got) {
		return nil
	}
	return []string{fmt.Sprintf("%s: was %s, is %s", path, brief(want), brief(got))}
}

func diffMaps(path string, want, got map[string]any) []string {
	keys := slices.Sorted(maps.Keys(want))
	for key := range got {
		if _, ok := want[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var out []string
	for _, key := range keys {
		at := join(path, key)
		w, before := want[key]
		g, after := got[key]
		switch {
		case !after:
			out = append(out, fmt.Sprintf("%s: was %s, is gone", at, brief(w)))
		case !before:
			out = append(out, fmt.Sprintf("%s: was not there, is %s", at, brief(g)))
		default:
			out = append(out, diff(at, w, g)...)
		}
	}
	return out
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// leaks lists what controllers have written and the plan takes along: fresh is the plan of the
// manifests as they were applied, aged the one after the controllers.
func leaks(fresh, aged *application.Plan) []string {
	scaled := map[application.Ref]bool{}
	for _, w := range aged.Workloads {
		scaled[w.Ref] = w.Autoscaled
	}
	before := byRef(fresh.Objects)
	var kept []application.Object
	for _, o := range aged.Objects {
		if _, there := before[o.Ref]; !there && o.Kind == "PersistentVolumeClaim" {
			continue // The claim of a StatefulSet, with its data.
		}
		kept = append(kept, o)
	}
	var out []string
	for _, line := range Differences(fresh.Objects, kept) {
		object, rest, _ := strings.Cut(line, ": ")
		isScaled := slices.ContainsFunc(kept, func(o application.Object) bool { return scaled[o.Ref] && o.Ref.String() == object })
		if !isScaled || !strings.HasPrefix(rest, "spec.replicas: ") {
			out = append(out, line)
		}
	}
	return out
}

// brief shows a value in a line.
func brief(value any) string {
	const most = 120
	s := fmt.Sprintf("%v", value)
	if text, ok := value.(string); ok {
		s = fmt.Sprintf("%q", text)
	}
	if len(s) > most {
		return s[:most] + fmt.Sprintf("... (%d bytes)", len(s))
	}
	return s
}
