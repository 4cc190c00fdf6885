package check

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/cluster"
)

// install is the hint where something of an installation is not there.
const install = "apply the manifests of this version: kubectl move install"

func kubernetesVersion(o Observed) finding {
	if old := cluster.TooOld("home", o.Kubernetes, cluster.OldestHome); old != "" {
		return failed(old, "upgrade the cluster to Kubernetes "+cluster.OldestHome+" or newer")
	}
	return ok(fmt.Sprintf("%s, and %s or newer is needed", o.Kubernetes, cluster.OldestHome))
}

func named(list []unstructured.Unstructured, name string) *unstructured.Unstructured {
	i := slices.IndexFunc(list, func(o unstructured.Unstructured) bool { return o.GetName() == name })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// missing of the wanted objects of a kind.
func (o Observed) missing(kind string, there []unstructured.Unstructured) (out []string) {
	for _, w := range installation.Of(o.Wanted, kind) {
		if named(there, w.GetName()) == nil {
			out = append(out, w.GetName()+" is missing")
		}
	}
	return out
}

func definitionsEstablished(o Observed) finding {
	if o.Definitions.Problem != "" {
		return skipped(o.Definitions.Problem)
	}
	details := o.missing(installation.Definition, o.Definitions.Value)
	for i := range o.Definitions.Value {
		if d := &o.Definitions.Value[i]; !installation.IsEstablished(d) {
			details = append(details, d.GetName()+" is not established")
		}
	}
	return unless(details, fmt.Sprintf("%d kinds are served", len(o.Definitions.Value)), failed("a kind is not served", install))
}

func definitionsCurrent(o Observed) finding {
	if o.Definitions.Problem != "" {
		return skipped(o.Definitions.Problem)
	}
	var older, newer []string
	for _, w := range installation.Of(o.Wanted, installation.Definition) {
		there := named(o.Definitions.Value, w.GetName())
		if there == nil {
			continue // That it is missing another check says.
		}
		want, have := fields(&w), fields(there)
		for _, field := range missingKeys(want, have) {
			older = append(older, fmt.Sprintf("%s lacks %s", w.GetName(), field))
		}
		for _, field := range missingKeys(have, want) {
			newer = append(newer, fmt.Sprintf("%s has %s, which this program does not know", w.GetName(), field))
		}
	}
	if len(older) > 0 {
		return unless(older, "", failed("a kind is older than this program, and fields of it would be refused", install))
	}
	return unless(newer, "the kinds have the fields that this program knows",
		warning("a kind is newer than this program", "use the kubectl-move of the version that is installed"))
}

// most differences of one kind that are shown.
const most = 5

func missingKeys(of, in map[string]bool) (out []string) {
	for _, key := range slices.Sorted(maps.Keys(of)) {
		if in[key] {
			continue
		}
		if len(out) == most {
			return append(out, "more")
		}
		out = append(out, key)
	}
	return out
}

// fields that the served versions of a definition have, by VERSION.PATH.
func fields(definition *unstructured.Unstructured) map[string]bool {
	out := map[string]bool{}
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	for _, v := range versions {
		version, _ := v.(map[string]any)
		if served, _ := version["served"].(bool); !served {
			continue
		}
		name, _ := version["name"].(string)
		out["version "+name] = true
		schema, _, _ := unstructured.NestedMap(version, "schema", "openAPIV3Schema")
		walk(schema, name, out)
	}
	return out
}

func walk(schema map[string]any, path string, out map[string]bool) {
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		out[path+"."+name] = true
		if property, is := property.(map[string]any); is {
			walk(property, path+"."+name, out)
		}
	}
	for _, below := range []string{"items", "additionalProperties"} {
		if inner, is := schema[below].(map[string]any); is {
			walk(inner, path+"[]", out)
		}
	}
}
