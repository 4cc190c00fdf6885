package kustomize

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// patch changes the objects that one entry matches.
func (l *layer) patch(entry string, p *api.KustomizePatch) {
	parts, err := parsePatch(p.Patch)
	if err != nil {
		l.invalid(entry, -1,
			"is no patch: %s: expected a strategic merge patch, or a list of the operations of a JSON patch; correct it", inWords(err))
		return
	}
	if p.Target == nil {
		for _, part := range parts {
			l.ownTarget(entry, part)
		}
		return
	}
	if len(parts) > 1 {
		l.invalid(entry, -1, "holds %d patches and a target: expected one patch, as a target is for one; make an entry of each", len(parts))
		return
	}
	matches, err := matcher(p.Target)
	if err != nil {
		l.invalid(entry, -1, "has a target that cannot be read: %s; correct it", inWords(err))
		return
	}
	if part := parts[0]; !part.operations && !part.names() {
		l.invalid(entry, -1, "has no apiVersion, kind and metadata.name: "+
			"expected them in a strategic merge patch, as Kustomize wants them, though with a target their values do not matter; add them")
		return
	}
	l.change(entry, *p, describe(p.Target), p.Target.Kind, matches)
}

// ownTarget applies a patch to the object that it names itself.
func (l *layer) ownTarget(entry string, part part) {
	if part.operations {
		l.invalid(entry, -1, "is a JSON patch without a target: expected the object that it is for; add target with kind and name")
		return
	}
	id := part.id
	if !part.names() {
		l.invalid(entry, -1,
			"does not say which object it is for: expected apiVersion, kind and metadata.name in the patch, or a target; add one of them")
		return
	}
	if id.GetNamespace() != "" {
		l.invalid(entry, -1,
			"names the namespace %s: expected none, as KubeMove sets the namespace; remove metadata.namespace from the patch", id.GetNamespace())
		return
	}
	l.change(entry, api.KustomizePatch{Patch: part.text}, nameOf(&id), id.GetKind(), func(o *unstructured.Unstructured) bool {
		return o.GroupVersionKind() == id.GroupVersionKind() && o.GetName() == id.GetName()
	})
}

// change applies one patch to what matches. what describes the target, for people, and kind is
// of whom to tell when there is nothing.
func (l *layer) change(entry string, p api.KustomizePatch, what, kind string, matches func(*unstructured.Unstructured) bool) {
	var found, alike []int
	for i := range l.objects {
		if matches(&l.objects[i]) {
			found = append(found, i)
		}
		if kind == "" || strings.EqualFold(l.objects[i].GetKind(), kind) {
			alike = append(alike, i)
		}
	}
	if len(found) == 0 {
		l.fail(api.ReasonPatchMatchesNothing, -1,
			"%s.%s is for %s and matches no object that moves: expected one of %s; correct it, or remove it",
			l.name, entry, what, l.few(alike))
		return
	}
	for _, i := range found {
		if isList(&l.objects[i]) {
			l.invalid(entry, i, "is for %s: expected another kind, as Kustomize takes every kind that ends in List for a list of objects; "+
				"narrow its target, or change the object at the source",
				nameOf(&l.objects[i]))
			return
		}
	}
	l.run(entry, file{Kustomization: api.Kustomization{Patches: []api.KustomizePatch{p}}}, found, viewWhole)
}

// part is one document of a patch.
type part struct {
	text string
	// operations: it is a JSON patch.
	operations bool
	// id holds what a strategic merge patch says of the object that it is for.
	id unstructured.Unstructured
}

// names says whether a strategic merge patch names an object.
func (p *part) names() bool {
	return p.id.GetAPIVersion() != "" && p.id.GetKind() != "" && p.id.GetName() != ""
}

// operators of a JSON patch.
var operators = []any{"add", "remove", "replace", "move", "copy", "test"}

// checkOperations finds what Kustomize would say only when it applies them.
func checkOperations(list []any) error {
	for i, item := range list {
		operation, _ := item.(map[string]any)
		if _, ok := operation["path"].(string); !ok || !slices.Contains(operators, operation["op"]) {
			return ownError("operation %d of the JSON patch has no path, or an op that is none of %v", i, operators)
		}
	}
	return nil
}

// parsePatch splits a patch into its documents.
func parsePatch(text string) ([]part, error) {
	var out []part
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		var value any
		if err := yaml.Unmarshal(document, &value); err != nil {
			return nil, err
		}
		document = bytes.TrimSpace(document)
		switch v := value.(type) {
		case nil:
		case []any:
			if document[0] == '[' && !json.Valid(document) {
				return nil, ownError("it begins with [ and is no JSON, as Kustomize wants it then: " +
					"quote its names and texts, or write a line with a dash for each operation")
			}
			if err := checkOperations(v); err != nil {
				return nil, err
			}
			out = append(out, part{text: string(document), operations: true})
		case map[string]any:
			out = append(out, part{text: string(document), id: identityOf(v)})
		default:
			return nil, ownError("it is a single value")
		}
	}
	if len(out) == 0 {
		return nil, ownError("it is empty")
	}
	return out, nil
}

// identityOf keeps what identifies an object, as far as it is text.
func identityOf(v map[string]any) unstructured.Unstructured {
	text := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
	meta, _ := v["metadata"].(map[string]any)
	var id unstructured.Unstructured
	id.SetAPIVersion(text(v, "apiVersion"))
	id.SetKind(text(v, "kind"))
	id.SetName(text(meta, "name"))
	id.SetNamespace(text(meta, "namespace"))
	return id
}

// matcher selects as Kustomize does.
func matcher(t *api.KustomizeTarget) (func(*unstructured.Unstructured) bool, error) {
	id, err := types.NewSelectorRegex(&types.Selector{ResId: resid.ResId{
		Gvk: resid.Gvk{Group: t.Group, Version: t.Version, Kind: t.Kind}, Name: t.Name}})
	if err != nil {
		return nil, err
	}
	byLabels, err := labels.Parse(t.LabelSelector)
	if err != nil {
		return nil, ownError("labelSelector is none: expected such as KEY=VALUE,KEY2!=VALUE")
	}
	byAnnotations, err := labels.Parse(t.AnnotationSelector)
	if err != nil {
		return nil, ownError("annotationSelector is none: expected such as KEY=VALUE,KEY2!=VALUE")
	}
	return func(o *unstructured.Unstructured) bool {
		gvk := o.GroupVersionKind()
		return id.MatchGvk(resid.Gvk{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind}) && id.MatchName(o.GetName()) &&
			byLabels.Matches(labels.Set(o.GetLabels())) && byAnnotations.Matches(labels.Set(o.GetAnnotations()))
	}, nil
}

// describe a target for people.
func describe(t *api.KustomizeTarget) string {
	var out []string
	for _, f := range []struct{ name, value string }{{"group", t.Group}, {"version", t.Version}, {"kind", t.Kind}, {"name", t.Name},
		{"labelSelector", t.LabelSelector}, {"annotationSelector", t.AnnotationSelector}} {
		if f.value != "" {
			out = append(out, f.name+" "+f.value)
		}
	}
	if len(out) == 0 {
		return "everything"
	}
	return strings.Join(out, ", ")
}
