package application

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// Standing says what an object is, to the move, that the target holds where the plan would
// create one.
type Standing string

// The standings.
const (
	// StandingOurs: the move itself, or an earlier attempt of it, has created it.
	StandingOurs Standing = "Ours"
	// StandingEqual: another client's, and the same as the plan's.
	StandingEqual Standing = "Equal"
	// StandingDifferent: another client's, and different.
	StandingDifferent Standing = "Different"
	// StandingForeign: another client's, and it could not be compared.
	StandingForeign Standing = "Foreign"
)

// Present is an object of the target in the place of one of the plan's.
type Present struct {
	Ref      `json:",inline"`
	Standing Standing `json:"standing"`
	// Differs lists fields that differ, at most 20, and More counts the others.
	Differs []Difference `json:"differs,omitempty"`
	More    int          `json:"more,omitempty"`
	// Fixed are the fields of these that the API server lets no client change.
	Fixed []string `json:"fixed,omitempty"`
}

// Difference of one field.
type Difference struct {
	// Path of the field, such as spec.replicas.
	Path string `json:"path"`
	// There and Planned are the two values as JSON, shortened; empty where the field is not
	// set, and for everything that is part of a Secret.
	There   string `json:"there,omitempty"`
	Planned string `json:"planned,omitempty"`
}

const (
	// differencesLength of the fields that are listed, and valueLength of their values.
	differencesLength = 20
	valueLength       = 120
	// saidLength of the fields that a message names.
	saidLength = 6
)

// Replacement is what the object that is there would be replaced by, for a server to say what
// it would make of it: the planned one, with what it was read as and, of a claim, what binds it.
func Replacement(planned, there *unstructured.Unstructured) *unstructured.Unstructured {
	out := planned.DeepCopy()
	out.SetResourceVersion(there.GetResourceVersion())
	if RefOf(out).kind() == kindClaim {
		for _, field := range []string{"volumeName", "dataSource", "dataSourceRef"} {
			if value, found, _ := unstructured.NestedFieldCopy(there.Object, "spec", field); found {
				_ = unstructured.SetNestedField(out.Object, value, "spec", field)
			}
		}
	}
	return out
}

// Compare says how an object that is there differs from what would be there instead. fixed are
// the fields that the server lets no client change.
func Compare(there, planned *unstructured.Unstructured, fixed []string) Present {
	ref := RefOf(there)
	d := differ{secret: ref.kind() == kindSecret}
	d.maps("", essence(there), essence(planned))
	p := Present{Ref: ref, Standing: StandingEqual, Fixed: fixed}
	if len(d.found) == 0 && len(fixed) == 0 {
		return p
	}
	p.Standing = StandingDifferent
	p.Differs = d.found[:min(len(d.found), differencesLength)]
	p.More = len(d.found) - len(p.Differs)
	return p
}

// essence is an object without what servers and controllers write.
func essence(o *unstructured.Unstructured) map[string]any {
	out := clean(o)
	if RefOf(o).kind() == kindService {
		// Who has chosen a node port does not matter here.
		if ports, found, _ := unstructured.NestedSlice(o.Object, "spec", "ports"); found {
			_ = unstructured.SetNestedSlice(out.Object, ports, "spec", "ports")
		}
	}
	return out.Object
}

// differ collects the fields that differ.
type differ struct {
	// secret: values must not be shown.
	secret bool
	found  []Difference
}

func (d *differ) maps(path string, there, planned map[string]any) {
	keys := make([]string, 0, len(there))
	for key := range there {
		keys = append(keys, key)
	}
	for key := range planned {
		if _, both := there[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		d.values(under(path, key), there[key], planned[key])
	}
}

func (d *differ) values(path string, there, planned any) {
	a, b := asJSON(there), asJSON(planned)
	if a == b {
		return
	}
	thereMap, ok := there.(map[string]any)
	plannedMap, also := planned.(map[string]any)
	if ok && (also || planned == nil) || also && there == nil {
		d.maps(path, thereMap, plannedMap)
		return
	}
	thereList, ok := there.([]any)
	plannedList, also := planned.([]any)
	if ok && also && d.lists(path, thereList, plannedList) {
		return
	}
	d.add(path, a, b)
}

func (d *differ) add(path, there, planned string) {
	if d.secret {
		there, planned = "", ""
	}
	d.found = append(d.found, Difference{Path: path, There: task.Cut(there, valueLength), Planned: task.Cut(planned, valueLength)})
}

// lists compares the items with the same names, else those in the same places. It says whether
// it could.
func (d *differ) lists(path string, there, planned []any) bool {
	a, b := itemsByName(there), itemsByName(planned)
	if a != nil && b != nil {
		before := len(d.found)
		d.items(path, a, b)
		return len(d.found) > before // Else they differ in their order.
	}
	if len(there) != len(planned) {
		return false
	}
	for i := range there {
		d.values(fmt.Sprintf("%s[%d]", path, i), there[i], planned[i])
	}
	return true
}

func (d *differ) items(path string, there, planned map[string]any) {
	names := make([]string, 0, len(there))
	for name := range there {
		names = append(names, name)
	}
	for name := range planned {
		if there[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if item := path + "[" + name + "]"; there[name] == nil || planned[name] == nil {
			d.add(item, asJSON(there[name]), asJSON(planned[name]))
		} else {
			d.values(item, there[name], planned[name])
		}
	}
}

// itemsByName are those of a list, if each has a name of its own; nil otherwise.
func itemsByName(list []any) map[string]any {
	out := map[string]any{}
	for _, item := range list {
		m, _ := item.(map[string]any)
		name, _ := m["name"].(string)
		if name == "" || out[name] != nil {
			return nil
		}
		out[name] = item
	}
	return out
}

// under is the path of a field in what is at path.
func under(path, key string) string {
	switch {
	case path == "":
		return key
	case strings.ContainsAny(key, "./"):
		return path + "[" + key + "]"
	}
	return path + "." + key
}

// asJSON is empty for what is not set: a field that is empty is as good as none.
func asJSON(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case map[string]any:
		if len(v) == 0 {
			return ""
		}
	case []any:
		if len(v) == 0 {
			return ""
		}
	}
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(data)
}

// Explain adds to the conflicts of names what the objects that are there have in common with
// those that would be created.
func Explain(found Findings, present []Present) {
	for i := range found {
		b := &found[i]
		at := slices.IndexFunc(present, func(p Present) bool { return p.Ref == b.Object })
		if b.Reason == api.ReasonNameConflict && at >= 0 {
			b.Message = task.Cut(b.Message+present[at].sentence(), task.MaxMessage)
		}
	}
}

func (p Present) sentence() string {
	switch p.Standing {
	case StandingEqual:
		return ". It is equal to what the move would create"
	case StandingDifferent:
	default:
		return ""
	}
	var paths []string
	for _, d := range p.Differs {
		paths = append(paths, d.Path)
	}
	text := ". It differs from what the move would create"
	if len(paths) > 0 {
		text += " in " + strings.Join(paths[:min(len(paths), saidLength)], ", ")
	}
	if more := len(paths) + p.More - saidLength; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if len(p.Fixed) > 0 {
		text += "; these fields are immutable: " + strings.Join(p.Fixed[:min(len(p.Fixed), saidLength)], ", ")
	}
	return text
}
