package v1alpha1_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// crdDir holds the generated CRDs, seen from this package.
const crdDir = "../../manifests/crds"

// maxCRDSize keeps a CRD well below what an annotation and etcd can hold.
const maxCRDSize = 200 << 10

// crd is the part of a CustomResourceDefinition that the conventions are about.
type crd struct {
	Spec struct {
		Group string `json:"group"`
		Scope string `json:"scope"`
		Names struct {
			Kind       string   `json:"kind"`
			ShortNames []string `json:"shortNames"`
			Categories []string `json:"categories"`
		} `json:"names"`
		Versions []struct {
			Name         string              `json:"name"`
			Subresources map[string]struct{} `json:"subresources"`
			Schema       struct {
				OpenAPIV3Schema schema `json:"openAPIV3Schema"`
			} `json:"schema"`
		} `json:"versions"`
	} `json:"spec"`
}

// schema is the part of an OpenAPI schema that the conventions are about.
type schema struct {
	Type                 string            `json:"type"`
	Format               string            `json:"format"`
	Description          string            `json:"description"`
	Enum                 []any             `json:"enum"`
	Pattern              string            `json:"pattern"`
	MaxLength            *int64            `json:"maxLength"`
	MaxItems             *int64            `json:"maxItems"`
	MaxProperties        *int64            `json:"maxProperties"`
	Properties           map[string]schema `json:"properties"`
	Items                *schema           `json:"items"`
	AdditionalProperties *schema           `json:"additionalProperties"`
	ListType             string            `json:"x-kubernetes-list-type"`
	ListMapKeys          []string          `json:"x-kubernetes-list-map-keys"`
	PreserveUnknown      bool              `json:"x-kubernetes-preserve-unknown-fields"`
	Validations          []struct {
		Rule    string `json:"rule"`
		Message string `json:"message"`
	} `json:"x-kubernetes-validations"`
}

// wantKinds are the kinds with their short names.
var wantKinds = map[string]string{
	"MoveEngine":  "me",
	"MovePair":    "mp",
	"DataSync":    "dsync",
	"MoveSwitch":  "ms",
	"MoveReverse": "mr",
}

// bools may be true or false for ever; everything else is an enum, so that it can grow. The
// last two have the form that Kustomize gives them.
var bools = []string{"suspend", "rehearse", "includeSelectors", "includeTemplates"}

func TestCRDConventions(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(crdDir, "kubemove.io_*.yaml"))
	if err != nil || len(files) != len(wantKinds) {
		t.Fatalf("found %d CRDs in %s (error %v), expected %d: run hack/generate.sh", len(files), crdDir, err, len(wantKinds))
	}
	kinds := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c crd
		if err := yaml.Unmarshal(data, &c); err != nil {
			t.Fatalf("cannot decode %s: %v", file, err)
		}
		t.Run(c.Spec.Names.Kind, func(t *testing.T) {
			if len(data) > maxCRDSize {
				t.Errorf("%s is %d bytes long, at most %d are allowed", file, len(data), maxCRDSize)
			}
			for _, broken := range checkCRD(c) {
				t.Error(broken)
			}
		})
		kinds[c.Spec.Names.Kind] = strings.Join(c.Spec.Names.ShortNames, " ")
	}
	if diff := cmp.Diff(wantKinds, kinds); diff != "" {
		t.Errorf("kinds and their short names: -want +got:\n%s", diff)
	}
}

// checkCRD returns every convention that a CRD breaks.
func checkCRD(c crd) []string {
	var broken []string
	if c.Spec.Group != "kubemove.io" || c.Spec.Scope != "Namespaced" {
		broken = append(broken, fmt.Sprintf("group %q and scope %q, expected kubemove.io and Namespaced", c.Spec.Group, c.Spec.Scope))
	}
	if !slices.Contains(c.Spec.Names.Categories, "kubemove") {
		broken = append(broken, "the category kubemove is missing: kubectl get kubemove would not show this kind")
	}
	if len(c.Spec.Versions) != 1 {
		return append(broken, fmt.Sprintf("%d versions, expected one", len(c.Spec.Versions)))
	}
	version := c.Spec.Versions[0]
	if _, found := version.Subresources["status"]; !found {
		broken = append(broken, "no status subresource: Metacontroller ignores such a parent")
	}
	root := version.Schema.OpenAPIV3Schema
	spec, status := root.Properties["spec"], root.Properties["status"]
	broken = append(broken, checkRules("", root)...)
	broken = append(broken, checkStatus(status)...)
	broken = append(broken, checkSchema("spec", spec)...)
	broken = append(broken, checkSchema("status", status)...)
	return append(broken, checkOwners(c.Spec.Names.Kind, spec)...)
}

// checkStatus holds what Metacontroller and kubectl wait expect of a status.
func checkStatus(status schema) []string {
	var broken []string
	if got := status.Properties["observedGeneration"].Type; got != "integer" {
		broken = append(broken, fmt.Sprintf("status.observedGeneration is %q, expected integer", got))
	}
	conditions := status.Properties["conditions"]
	if conditions.ListType != "map" || !slices.Equal(conditions.ListMapKeys, []string{"type"}) {
		broken = append(broken, "status.conditions is no map by type: add listType=map and listMapKey=type")
	}
	return broken
}

// checkSchema walks a schema.
func checkSchema(path string, s schema) []string {
	if isLabelSelector(s) {
		return nil
	}
	broken := append(checkNode(path, s), checkRules(path, s)...)
	for name, property := range s.Properties {
		child := path + "." + name
		if strings.HasPrefix(path, "spec") && property.Description == "" && !inCondition(path) {
			broken = append(broken, child+" has no description")
		}
		if property.Type == "boolean" && !slices.Contains(bools, name) {
			broken = append(broken, child+" is a bool: make it an enum, which can grow")
		}
		if isDuration(name) && strings.HasPrefix(path, "spec") && property.Type != "string" {
			broken = append(broken, child+" is a duration and no string: in a spec durations are strings such as 30s")
		}
		broken = append(broken, checkSchema(child, property)...)
	}
	if s.Items != nil {
		broken = append(broken, checkSchema(path+"[]", *s.Items)...)
	}
	return broken
}

// checkNode holds the bounds of one value.
func checkNode(path string, s schema) []string {
	var broken []string
	report := func(format string, args ...any) {
		broken = append(broken, path+" "+fmt.Sprintf(format, args...))
	}
	switch s.Type {
	case "string":
		if s.MaxLength == nil && len(s.Enum) == 0 && s.Format != "date-time" {
			report("is a string without a bound: add MaxLength or Enum")
		}
	case "integer", "boolean":
	case "array":
		if s.MaxItems == nil {
			report("is a list without a bound: add MaxItems")
		}
		if !slices.Contains([]string{"map", "set", "atomic"}, s.ListType) {
			report("has the list type %q, expected map, set or atomic: add listType", s.ListType)
		}
		if s.ListType == "map" && len(s.ListMapKeys) == 0 {
			report("is a map without keys: add listMapKey")
		}
	case "object":
		if s.AdditionalProperties != nil && (s.MaxProperties == nil || !boundsValues(s)) {
			report("is a map without a bound: add MaxProperties and a rule that bounds keys and values")
		}
		if s.PreserveUnknown {
			report("preserves unknown fields: every field is in the schema")
		}
	default:
		report("has the type %q, expected string, integer, boolean, array or object (no floats)", s.Type)
	}
	return broken
}

// boundsValues says whether a map's keys and values have a bound: controller-gen has no
// marker for values of maps, so a rule of CEL holds it.
func boundsValues(s schema) bool {
	return slices.ContainsFunc(s.Validations, func(v struct {
		Rule    string `json:"rule"`
		Message string `json:"message"`
	}) bool {
		return strings.Contains(v.Rule, "size(k) <=") && strings.Contains(v.Rule, "size(self[k]) <=")
	})
}

// checkRules wants a message for people with every CEL rule, and that gofmt leaves it alone.
func checkRules(path string, s schema) []string {
	var broken []string
	for _, v := range s.Validations {
		if v.Message == "" {
			broken = append(broken, fmt.Sprintf("%s: the rule %q has no message", path, v.Rule))
		}
		// gofmt turns two single quotes in a comment into one typographic quote, and the
		// API server refuses the CRD.
		if strings.ContainsFunc(v.Rule, func(r rune) bool { return r > unicode.MaxASCII }) || strings.Contains(v.Rule, "''") {
			broken = append(broken,
				fmt.Sprintf("%s: the rule %q holds an empty text or a character beyond ASCII: compare by size() instead", path, v.Rule))
		}
	}
	return broken
}

// checkOwners wants each field of a spec that a hook writes to say who owns it. A
// those of MoveEngine and MoveReverse are all the user's.
func checkOwners(kind string, spec schema) []string {
	if kind == "MoveEngine" || kind == "MoveReverse" {
		return nil
	}
	var broken []string
	for name, property := range spec.Properties {
		hook := strings.Contains(property.Description, "Hook-owned")
		operator := strings.Contains(property.Description, "Operator-owned")
		if hook == operator {
			broken = append(broken, fmt.Sprintf("spec.%s says neither or both of Hook-owned and Operator-owned in its description", name))
		}
	}
	return broken
}

// isLabelSelector says whether this is Kubernetes' own LabelSelector, whose bounds are not
// ours to set: its keys and values are labels, which Kubernetes bounds where they stand.
func isLabelSelector(s schema) bool {
	_, expressions := s.Properties["matchExpressions"]
	_, labels := s.Properties["matchLabels"]
	return expressions && labels && len(s.Properties) == 2
}

// inCondition says whether path is inside a metav1.Condition.
func inCondition(path string) bool { return strings.HasSuffix(path, "conditions[]") }

// isDuration goes by the names that durations have.
func isDuration(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, "timeout") || strings.HasSuffix(lower, "interval")
}
