package simulation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/metacontroller/apply"
	"github.com/kubemove/kubemove/hooks/server"
)

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
	// OnCall is told of each call that is no customize; optional.
	OnCall func(Exchange)
	// Resync is the shortest resync that a hook asked for in the last round, in seconds.
	Resync float64

	loop *apply.Loop
}

// Round calls the hooks of every parent once.
func (m *Metacontroller) Round() error {
	m.Resync = 0
	for _, c := range server.Controllers() {
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

func (m *Metacontroller) call(c apply.Controller, name string) error {
	live := m.World.Get(ID{c.Parent, name})
	if live == nil {
		return nil
	}
	seen := view(m.View)
	if o := seen.Get(c.Parent, m.World.Namespace, name); o == nil || o.GetUID() != live.GetUID() {
		seen = m.World.objects
	}
	resync, err := m.applies().Sync(context.Background(), c, seen, m.World.Namespace, name)
	if s := resync.Seconds(); s > 0 && (m.Resync == 0 || s < m.Resync) {
		m.Resync = s
	}
	if errors.Is(err, errRefused) {
		return nil // Metacontroller says so in an event, and goes on.
	}
	return err
}

func (m *Metacontroller) applies() *apply.Loop {
	if m.loop == nil {
		m.loop = &apply.Loop{Cluster: cluster{m.World}, Hooks: m, Memory: memory{m.World}}
	}
	return m.loop
}

// Call lets the router answer, and tells of it.
func (m *Metacontroller) Call(ctx context.Context, path string, body []byte) ([]byte, error) {
	reply, err := apply.Handler{Handler: m.Router}.Call(ctx, path, body)
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	route, hook, _ := strings.Cut(rest, "/")
	if err == nil && m.OnCall != nil && hook != "customize" {
		m.OnCall(Exchange{route, hook, body, bytes.Clone(reply)})
	}
	return reply, err
}

// Request builds what Metacontroller would send for a parent.
func (m *Metacontroller) Request(c apply.Controller, name string) ([]byte, error) {
	return m.applies().Request(context.Background(), c, m.World.objects, m.World.Get(ID{c.Parent, name}))
}

// view of the objects, by kind and name.
type view map[ID]*unstructured.Unstructured

// Get one of them.
func (v view) Get(k hooks.Kind, _, name string) *unstructured.Unstructured { return v[ID{k, name}] }

// List those of a kind.
func (v view) List(k hooks.Kind, _ string) []*unstructured.Unstructured { return list(v, k) }

// errRefused is what the API server says to a creation that a quota forbids.
var errRefused = errors.New("exceeded quota")

// cluster is the world as its API server.
type cluster struct{ world *World }

// Live reads an object.
func (c cluster) Live(_ context.Context, k hooks.Kind, _, name string) (*unstructured.Unstructured, error) {
	return c.world.Get(ID{k, name}), nil
}

// Create an object. What a parent that is gone would own is collected at once. No deletion in the
// foreground is played, so nothing has to block one.
func (c cluster) Create(_ context.Context, o *unstructured.Unstructured) error {
	w, owners := c.world, o.GetOwnerReferences()
	for i := range owners {
		owners[i].BlockOwnerDeletion = nil
	}
	o.SetOwnerReferences(owners)
	if w.objects[idOf(o)] == nil && w.Refuse != nil && w.Refuse(idOf(o)) {
		return errRefused
	}
	for _, live := range w.objects {
		if live.GetUID() == owner(o) {
			if !w.Create(o) {
				return apierrors.NewAlreadyExists(schema.GroupResource{Resource: o.GetKind()}, o.GetName())
			}
			return nil
		}
	}
	return nil
}

// Update writes all but the status, if no other client was faster.
func (c cluster) Update(_ context.Context, o *unstructured.Unstructured) error {
	return c.write(o, func(live *unstructured.Unstructured) {
		status, found := live.Object["status"]
		live.Object = o.DeepCopy().Object
		delete(live.Object, "status")
		if found {
			live.Object["status"] = status
		}
	})
}

// UpdateStatus writes the status, if no other client was faster.
func (c cluster) UpdateStatus(_ context.Context, o *unstructured.Unstructured) error {
	return c.write(o, func(live *unstructured.Unstructured) { live.Object["status"] = o.Object["status"] })
}

func (c cluster) write(o *unstructured.Unstructured, change func(*unstructured.Unstructured)) error {
	w, id := c.world, idOf(o)
	live := w.Get(id)
	switch {
	case live == nil:
		return apierrors.NewNotFound(schema.GroupResource{Resource: id.Kind.Kind}, id.Name)
	case live.GetUID() != o.GetUID() || live.GetResourceVersion() != o.GetResourceVersion():
		return apierrors.NewConflict(schema.GroupResource{Resource: id.Kind.Kind}, id.Name, errors.New("it has changed"))
	}
	w.Update(id, change)
	if now := w.Get(id); now.GetDeletionTimestamp() != nil && len(now.GetFinalizers()) == 0 {
		w.remove(id)
	}
	return nil
}

// Delete an object.
func (c cluster) Delete(_ context.Context, o *unstructured.Unstructured) error {
	if live := c.world.Get(idOf(o)); live != nil && live.GetUID() == o.GetUID() {
		c.world.Delete(idOf(o))
	}
	return nil
}

// Kind of one of KubeMove's resources.
func (c cluster) Kind(apiVersion, resource string) (hooks.Kind, error) {
	kinds := map[string]hooks.Kind{"movepairs": hooks.KindMovePair, "moveswitches": hooks.KindMoveSwitch,
		"movereverses": hooks.KindMoveReverse}
	if k := kinds[resource]; k.APIVersion == apiVersion {
		return k, nil
	}
	return hooks.Kind{}, fmt.Errorf("there is no resource %s in %s", resource, apiVersion)
}

// memory of what was applied is beside the objects, which so are as short as can be.
type memory struct{ world *World }

// Last of a child.
func (m memory) Last(child *unstructured.Unstructured) (map[string]any, error) {
	return m.world.applied[idOf(child)], nil
}

// Remember it by its name: it is created anew with all that is desired.
func (m memory) Remember(child *unstructured.Unstructured, applied map[string]any) error {
	m.world.applied[idOf(child)] = maps.Clone(applied)
	return nil
}
