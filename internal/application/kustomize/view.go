package kustomize

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/workload"
)

// view is how much of an object Kustomize gets to see. The less, the faster; and what it does
// not see it does not change.
type view int

const (
	// viewWhole is for patches.
	viewWhole view = iota
	// viewMarks is for labels and annotations: all but the content.
	viewMarks
)

// reserved annotations mean something to Kustomize: it drops the objects that carry some of
// them, and takes others for its own notes.
var reserved = []string{"config.kubernetes.io/", "internal.config.kubernetes.io/", "alpha.config.kubernetes.io/",
	"kustomize.config.k8s.io/", "config.k8s.io/"}

// hidden is what Kustomize does not get to see of an object.
type hidden struct {
	namespace   string
	annotations map[string]any
	fields      []hiddenField
}

type hiddenField struct {
	path  []string
	value any
}

// content that labels and annotations never reach into, at the top of an object and in the
// templates of Pods.
var (
	content    = []string{"data", "binaryData", "stringData", "rules", "roleRef", "subjects"}
	podContent = []string{"containers", "initContainers", "volumes"}
	// withoutMarks are the kinds whose spec has neither labels nor selectors of labels.
	withoutMarks = []string{"Ingress", "HorizontalPodAutoscaler", "PersistentVolumeClaim"}
)

// show makes a copy for Kustomize, as deep as it is changed here.
func (v view) show(o *unstructured.Unstructured) (map[string]any, hidden) {
	h := hidden{namespace: o.GetNamespace()}
	out := maps.Clone(o.Object)
	meta := cloneIn(out, "metadata")
	delete(meta, "namespace")
	for key, value := range cloneIn(meta, "annotations") {
		if isReserved(key) {
			if h.annotations == nil {
				h.annotations = map[string]any{}
			}
			h.annotations[key] = value
		}
	}
	if h.annotations != nil {
		annotations, _ := meta["annotations"].(map[string]any)
		maps.DeleteFunc(annotations, func(key string, _ any) bool { return isReserved(key) })
		if len(annotations) == 0 {
			delete(meta, "annotations")
		}
	}
	if v == viewMarks {
		h.hideContent(out, o.GetKind())
	}
	return out, h
}

func isReserved(key string) bool {
	return slices.ContainsFunc(reserved, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
}

// cloneIn replaces a map in a map by a copy, and returns that; nil: there is none.
func cloneIn(m map[string]any, key string) map[string]any {
	inner, _ := m[key].(map[string]any)
	if inner == nil {
		return nil
	}
	inner = maps.Clone(inner)
	m[key] = inner
	return inner
}

func (h *hidden) hideContent(o map[string]any, kind string) {
	h.hide(o, nil, content)
	if slices.Contains(withoutMarks, kind) {
		h.hide(o, nil, []string{"spec"})
	}
	named := workload.Named(kind)
	if named == nil {
		return
	}
	path := append(named.Template(), "spec")
	at := o
	for _, field := range path {
		if at = cloneIn(at, field); at == nil {
			return
		}
	}
	h.hide(at, path, podContent)
}

func (h *hidden) hide(at map[string]any, path, fields []string) {
	for _, field := range fields {
		if value, ok := at[field]; ok {
			h.fields = append(h.fields, hiddenField{path: append(slices.Clone(path), field), value: value})
			delete(at, field)
		}
	}
}

// restore puts back what was hidden. The annotations that another client has set meanwhile stay.
func (h *hidden) restore(o *unstructured.Unstructured) {
	if h.namespace != "" && o.GetNamespace() == "" {
		o.SetNamespace(h.namespace)
	}
	if h.annotations != nil {
		annotations := o.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		for key, value := range h.annotations {
			if _, there := annotations[key]; !there {
				annotations[key], _ = value.(string)
			}
		}
		o.SetAnnotations(annotations)
	}
	for _, f := range h.fields {
		at := o.Object
		for _, field := range f.path[:len(f.path)-1] {
			inner, _ := at[field].(map[string]any)
			if inner == nil {
				inner = map[string]any{}
				at[field] = inner
			}
			at = inner
		}
		at[f.path[len(f.path)-1]] = f.value
	}
}

// ownMarks are the labels and annotations by which KubeMove knows its own objects, wherever
// they stand in an object.
func ownMarks(value any, path string, found map[string]string) {
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			ownMarks(item, fmt.Sprintf("%s[%d]", path, i), found)
		}
	case map[string]any:
		for key, item := range v {
			if strings.HasPrefix(key, "kubemove.io/") || key == api.ManagedByLabel && item == api.ManagedByValue {
				found[path+"\x00"+key] = fmt.Sprint(item)
			}
			ownMarks(item, path+"."+key, found)
		}
	}
}

// changedMark is the name of one that differs; empty: none.
func changedMark(before, after *unstructured.Unstructured) string {
	was, is := map[string]string{}, map[string]string{}
	ownMarks(before.Object, "", was)
	ownMarks(after.Object, "", is)
	if maps.Equal(was, is) {
		return ""
	}
	var changed []string
	for _, pair := range [][2]map[string]string{{was, is}, {is, was}} {
		for key, value := range pair[0] {
			if other, ok := pair[1][key]; !ok || other != value {
				_, name, _ := strings.Cut(key, "\x00")
				changed = append(changed, name)
			}
		}
	}
	return slices.Min(changed)
}
