// Package simulation plays Metacontroller and the Job controller in memory, for the tests of
// the hooks: requests as Metacontroller sends them go through the real router, and what is
// answered is applied in the way Metacontroller applies it, old views included.
package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/hooks"
)

// ID of an object; everything is in one namespace.
type ID struct {
	Kind hooks.Kind
	Name string
}

// String is Kind/name.
func (i ID) String() string { return i.Kind.Kind + "/" + i.Name }

// World is one namespace.
type World struct {
	// Namespace of all objects.
	Namespace string
	// Now is the time in this world.
	Now time.Time
	// Changes counts writes: when it stands still, the world is quiet.
	Changes int
	// Refuse to create an object, as a quota does. Optional.
	Refuse func(ID) bool
	// Log of what happened, for failing tests.
	Log []string

	objects view
	applied map[ID]map[string]any
	uids    int
}

// NewWorld is empty.
func NewWorld(start time.Time) *World {
	return &World{
		Namespace: "shop",
		Now:       start,
		objects:   view{},
		applied:   map[ID]map[string]any{},
	}
}

// Snapshot of all objects, to be fed as an old view.
func (w *World) Snapshot() map[ID]*unstructured.Unstructured {
	// Objects are replaced, never changed.
	return maps.Clone(w.objects)
}

// Get returns an object or nil.
func (w *World) Get(id ID) *unstructured.Unstructured { return w.objects[id] }

// List returns the objects of a kind by name.
func (w *World) List(k hooks.Kind) []*unstructured.Unstructured {
	return list(w.objects, k)
}

func list(objects map[ID]*unstructured.Unstructured, k hooks.Kind) []*unstructured.Unstructured {
	var l []*unstructured.Unstructured
	for id, o := range objects {
		if id.Kind == k {
			l = append(l, o)
		}
	}
	slices.SortFunc(l, func(a, b *unstructured.Unstructured) int { return strings.Compare(a.GetName(), b.GetName()) })
	return l
}

// Create adds an object; false when there is one of that name.
func (w *World) Create(o *unstructured.Unstructured) bool {
	id := idOf(o)
	if w.objects[id] != nil || w.Refuse != nil && w.Refuse(id) {
		return false
	}
	o = o.DeepCopy()
	w.uids++
	o.SetUID(types.UID(fmt.Sprintf("uid-%04d", w.uids)))
	o.SetNamespace(w.Namespace)
	o.SetGeneration(1)
	o.SetResourceVersion("1")
	unstructured.RemoveNestedField(o.Object, "metadata", "creationTimestamp")
	_ = unstructured.SetNestedField(o.Object, w.Now.UTC().Format(time.RFC3339), "metadata", "creationTimestamp")
	delete(o.Object, "status")
	w.objects[id] = o
	w.note("create %s", id)
	return true
}

// Update changes an object; the generation grows when its spec has changed.
func (w *World) Update(id ID, f func(o *unstructured.Unstructured)) {
	old := w.objects[id]
	if old == nil {
		return
	}
	o := old.DeepCopy()
	f(o)
	if same(old.Object, o.Object) {
		return
	}
	if !same(old.Object["spec"], o.Object["spec"]) {
		o.SetGeneration(o.GetGeneration() + 1)
	}
	o.SetResourceVersion(o.GetResourceVersion() + "1")
	w.objects[id] = o
	w.note("update %s%s", id, changed(old.Object, o.Object))
}

// Delete deletes an object: at once, or when its finalizer lets it go.
func (w *World) Delete(id ID) {
	o := w.objects[id]
	if o == nil || o.GetDeletionTimestamp() != nil {
		return
	}
	if len(o.GetFinalizers()) > 0 {
		o = o.DeepCopy()
		_ = unstructured.SetNestedField(o.Object, w.Now.UTC().Format(time.RFC3339), "metadata", "deletionTimestamp")
		o.SetGeneration(o.GetGeneration() + 1)
		w.objects[id] = o
		w.note("deleting %s", id)
		return
	}
	w.remove(id)
}

// remove an object and, as the garbage collector does, what it owns.
func (w *World) remove(id ID) {
	uid := w.objects[id].GetUID()
	delete(w.objects, id)
	w.note("gone %s", id)
	for _, child := range slices.Collect(maps.Keys(w.objects)) {
		if o := w.objects[child]; o != nil && owner(o) == uid {
			w.Delete(child)
		}
	}
}

func (w *World) note(format string, args ...any) {
	w.Changes++
	w.Log = append(w.Log, w.Now.Format("15:04:05 ")+fmt.Sprintf(format, args...))
}

func idOf(o *unstructured.Unstructured) ID {
	return ID{hooks.Kind{APIVersion: o.GetAPIVersion(), Kind: o.GetKind()}, o.GetName()}
}

func owner(o *unstructured.Unstructured) types.UID {
	for _, r := range o.GetOwnerReferences() {
		if r.Controller != nil && *r.Controller {
			return r.UID
		}
	}
	return ""
}

func same(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func changed(a, b map[string]any) string {
	var keys []string
	for k := range b {
		if !same(a[k], b[k]) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	text := " " + strings.Join(keys, ",")
	if s, ok := b["status"].(map[string]any); ok && !same(a["status"], b["status"]) {
		old, _ := a["status"].(map[string]any)
		for _, c := range conditions(s) {
			if !slices.Contains(conditions(old), c) {
				text += " " + c
			}
		}
	}
	return text
}

func conditions(status map[string]any) []string {
	var l []string
	list, _ := status["conditions"].([]any)
	for _, c := range list {
		m, _ := c.(map[string]any)
		l = append(l, fmt.Sprintf("%v=%v/%v", m["type"], m["status"], m["reason"]))
	}
	return l
}
