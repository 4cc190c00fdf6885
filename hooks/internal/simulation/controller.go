package simulation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/hooks"
)

// Controller is a CompositeController.
type Controller struct {
	// Route of its hooks.
	Route string
	// Parent kind.
	Parent hooks.Kind
	// Children kinds; Jobs are never updated, the others are updated in place.
	Children []hooks.Kind
	// Related kinds, whole namespace.
	Related []hooks.Kind
}

// Finalizer that the controller puts on its parents.
func (c Controller) Finalizer() string {
	return "metacontroller.io/compositecontroller-kubemove-" + c.Route
}

// Controllers of KubeMove.
var Controllers = []Controller{
	{"moveengine", hooks.KindMoveEngine, []hooks.Kind{hooks.KindMovePair, hooks.KindMoveSwitch}, nil},
	{"movepair", hooks.KindMovePair, []hooks.Kind{hooks.KindServiceAccount, hooks.KindRoleBinding, hooks.KindJob, hooks.KindDataSync},
		[]hooks.Kind{hooks.KindMoveSwitch}},
	{"datasync", hooks.KindDataSync, []hooks.Kind{hooks.KindJob}, []hooks.Kind{hooks.KindMovePair, hooks.KindMoveSwitch}},
	{"moveswitch", hooks.KindMoveSwitch, []hooks.Kind{hooks.KindJob}, []hooks.Kind{hooks.KindMovePair}},
}

// Exchange is one call and its reply.
type Exchange struct {
	Route, Hook    string
	Request, Reply []byte
}

// Metacontroller drives the controllers.
type Metacontroller struct {
	World  *World
	Router http.Handler
	// View that the next calls see instead of the world; nil: the world.
	View map[ID]*unstructured.Unstructured
	// OnCall is told of each call; optional.
	OnCall func(Exchange)
	// Resync is the shortest resync that a hook asked for in the last round, in seconds.
	Resync float64
}

type reply struct {
	Status             map[string]any   `json:"status"`
	Children           []map[string]any `json:"children"`
	ResyncAfterSeconds float64          `json:"resyncAfterSeconds"`
	Finalized          bool             `json:"finalized"`
}

// Round calls the hooks of every parent once.
func (m *Metacontroller) Round() error {
	m.Resync = 0
	for _, c := range Controllers {
		for _, live := range m.World.List(c.Parent) {
			if err := m.call(c, live.GetName()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Settle goes round until nothing changes any more.
func (m *Metacontroller) Settle() error {
	const most = 30
	for range most {
		before := m.World.Changes
		if err := m.Round(); err != nil {
			return err
		}
		if m.World.Changes == before {
			return nil
		}
	}
	return fmt.Errorf("the hooks do not settle; the last changes: %v", m.World.Log[max(0, len(m.World.Log)-12):])
}

func (m *Metacontroller) call(c Controller, name string) error {
	w := m.World
	id := ID{c.Parent, name}
	live := w.Get(id)
	if live == nil {
		return nil
	}
	if live.GetDeletionTimestamp() == nil && !slices.Contains(live.GetFinalizers(), c.Finalizer()) {
		w.Update(id, func(o *unstructured.Unstructured) { o.SetFinalizers(append(o.GetFinalizers(), c.Finalizer())) })
	}
	view := m.View
	if view == nil || view[id] == nil || view[id].GetUID() != w.Get(id).GetUID() {
		view = w.objects
	}
	parent := view[id]
	hook := "sync"
	if parent.GetDeletionTimestamp() != nil {
		hook = "finalize"
	}
	body := request(c, view, parent, hook == "finalize")
	r := httptest.NewRequest(http.MethodPost, "/v1/"+c.Route+"/"+hook, bytes.NewReader(body))
	rec := httptest.NewRecorder()
	m.Router.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		return fmt.Errorf("%s %s answered %d: %s", c.Route, hook, rec.Code, rec.Body)
	}
	if m.OnCall != nil {
		m.OnCall(Exchange{c.Route, hook, body, bytes.Clone(rec.Body.Bytes())})
	}
	var rep reply
	if err := json.Unmarshal(rec.Body.Bytes(), &rep); err != nil {
		return err
	}
	if rep.ResyncAfterSeconds > 0 && (m.Resync == 0 || rep.ResyncAfterSeconds < m.Resync) {
		m.Resync = rep.ResyncAfterSeconds
	}
	m.apply(c, view, parent, rep)
	return nil
}

// Request builds what Metacontroller would send for a parent.
func (m *Metacontroller) Request(c Controller, name string) []byte {
	parent := m.World.Get(ID{c.Parent, name})
	return request(c, m.World.objects, parent, parent.GetDeletionTimestamp() != nil)
}

func request(c Controller, view map[ID]*unstructured.Unstructured, parent *unstructured.Unstructured, finalizing bool) []byte {
	children, related := map[string]map[string]any{}, map[string]map[string]any{}
	for _, k := range c.Children {
		children[k.String()] = map[string]any{}
		for _, o := range list(view, k) {
			if owner(o) == parent.GetUID() {
				children[k.String()][o.GetName()] = o.Object
			}
		}
	}
	for _, k := range c.Related {
		related[k.String()] = map[string]any{}
		for _, o := range list(view, k) {
			related[k.String()][o.GetName()] = o.Object
		}
	}
	body, err := json.Marshal(map[string]any{
		"controller": map[string]any{"metadata": map[string]any{"name": "kubemove-" + c.Route}},
		"parent":     parent.Object, "children": children, "related": related, "finalizing": finalizing,
	})
	if err != nil {
		panic(err)
	}
	return body
}

// apply does what Metacontroller does with a reply: it compares with the view, which may be
// old, and writes to the world.
func (m *Metacontroller) apply(c Controller, view map[ID]*unstructured.Unstructured, parent *unstructured.Unstructured, rep reply) {
	w := m.World
	id := idOf(parent)
	if rep.Finalized {
		w.Update(id, func(o *unstructured.Unstructured) {
			o.SetFinalizers(slices.DeleteFunc(o.GetFinalizers(), func(f string) bool { return f == c.Finalizer() }))
		})
		if o := w.Get(id); o != nil && o.GetDeletionTimestamp() != nil && len(o.GetFinalizers()) == 0 {
			w.remove(id)
			return
		}
	}
	desired := map[ID]map[string]any{}
	for _, child := range rep.Children {
		desired[idOf(&unstructured.Unstructured{Object: child})] = child
	}
	for _, k := range c.Children {
		for _, o := range list(view, k) {
			now := w.Get(idOf(o))
			if owner(o) == parent.GetUID() && desired[idOf(o)] == nil && now != nil && now.GetUID() == o.GetUID() {
				w.Delete(idOf(o))
			}
		}
	}
	for _, child := range rep.Children {
		m.applyChild(view, parent, child)
	}
	w.Update(id, func(o *unstructured.Unstructured) {
		rep.Status["observedGeneration"] = parent.GetGeneration()
		o.Object["status"] = rep.Status
	})
}

func (m *Metacontroller) applyChild(view map[ID]*unstructured.Unstructured, parent *unstructured.Unstructured, child map[string]any) {
	w := m.World
	o := &unstructured.Unstructured{Object: child}
	id := idOf(o)
	seen := view[id]
	if seen == nil || owner(seen) != parent.GetUID() {
		o.SetOwnerReferences([]metav1.OwnerReference{{
			APIVersion: parent.GetAPIVersion(), Kind: parent.GetKind(), Name: parent.GetName(), UID: parent.GetUID(), Controller: new(true),
		}})
		labels := o.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels["controller-uid"] = string(parent.GetUID())
		o.SetLabels(labels)
		if live := w.Get(ID{hooks.Kind{APIVersion: parent.GetAPIVersion(), Kind: parent.GetKind()}, parent.GetName()}); live == nil ||
			live.GetUID() != parent.GetUID() {
			return
		}
		if w.Create(o) {
			w.applied[w.Get(id).GetUID()] = child
		}
		return
	}
	live := w.Get(id)
	if id.Kind == hooks.KindJob || live == nil || live.GetUID() != seen.GetUID() ||
		live.GetResourceVersion() != seen.GetResourceVersion() || seen.GetDeletionTimestamp() != nil {
		return
	}
	uid := live.GetUID()
	spec, _ := child["spec"].(map[string]any)
	last, _ := w.applied[uid]["spec"].(map[string]any)
	if spec == nil {
		return
	}
	w.Update(id, func(o *unstructured.Unstructured) {
		old, _ := o.Object["spec"].(map[string]any)
		o.Object["spec"] = Merge(old, last, spec)
	})
	w.applied[uid] = child
}
