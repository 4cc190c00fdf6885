package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/hooks"
)

var (
	parentKind  = hooks.Kind{APIVersion: "example.com/v1", Kind: "Parent"}
	configKind  = hooks.Kind{APIVersion: "v1", Kind: "ConfigMap"}
	relatedKind = hooks.Kind{APIVersion: "example.com/v1", Kind: "Related"}
	controller  = Controller{Name: "c", Path: "/c", Parent: parentKind, Customize: true,
		Children: []Child{{configKind, InPlace}, {hooks.KindJob, OnDelete}}}
)

// place is a namespace, and the hooks of its controller.
type place struct {
	objects map[id]*unstructured.Unstructured
	version int
	// did is what was written; fails what is answered to it.
	did   []string
	fails map[string]error
	// replies by hook, and asked the requests.
	replies map[string]string
	asked   map[string][]map[string]any
}

func newPlace() *place {
	const nothing = `{"status": {}, "children": []}`
	return &place{objects: map[id]*unstructured.Unstructured{}, fails: map[string]error{}, asked: map[string][]map[string]any{},
		replies: map[string]string{"customize": `{"relatedResources": []}`, "sync": nothing, "finalize": nothing}}
}

func (p *place) Get(k hooks.Kind, _, name string) *unstructured.Unstructured {
	return p.objects[id{k, name}]
}

func (p *place) List(k hooks.Kind, _ string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for i, o := range p.objects {
		if i.kind == k {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b *unstructured.Unstructured) int { return strings.Compare(a.GetName(), b.GetName()) })
	return out
}

func (p *place) Live(_ context.Context, k hooks.Kind, ns, name string) (*unstructured.Unstructured, error) {
	return p.Get(k, ns, name), nil
}

func (p *place) note(verb string, o *unstructured.Unstructured) error {
	what := verb + " " + o.GetName()
	p.did = append(p.did, what)
	return p.fails[what]
}

func (p *place) put(o *unstructured.Unstructured) {
	p.version++
	o = o.DeepCopy()
	if o.GetUID() == "" {
		o.SetUID(types.UID(fmt.Sprint("uid-", p.version)))
	}
	o.SetResourceVersion(fmt.Sprint(p.version))
	p.objects[idOf(o)] = o
}

func (p *place) Create(_ context.Context, o *unstructured.Unstructured) error {
	if err := p.note("create", o); err != nil {
		return err
	}
	p.put(o)
	return nil
}

func (p *place) Update(_ context.Context, o *unstructured.Unstructured) error {
	if err := p.note("update", o); err != nil {
		return err
	}
	if o.GetDeletionTimestamp() != nil && len(o.GetFinalizers()) == 0 {
		delete(p.objects, idOf(o))
		return nil
	}
	p.put(o)
	return nil
}

func (p *place) UpdateStatus(_ context.Context, o *unstructured.Unstructured) error {
	if err := p.note("status", o); err != nil {
		return err
	}
	p.put(o)
	return nil
}

func (p *place) Delete(_ context.Context, o *unstructured.Unstructured) error {
	err := p.note("delete", o)
	delete(p.objects, idOf(o))
	return err
}

func (p *place) Kind(_, resource string) (hooks.Kind, error) {
	if resource != "companions" {
		return hooks.Kind{}, errors.New("unknown")
	}
	return relatedKind, nil
}

func (p *place) Call(_ context.Context, path string, body []byte) ([]byte, error) {
	hook := strings.TrimPrefix(path, "/c/")
	var request map[string]any
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, err
	}
	p.asked[hook] = append(p.asked[hook], request)
	return []byte(p.replies[hook]), nil
}

func object(k hooks.Kind, name string, change ...func(*unstructured.Unstructured)) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": k.APIVersion, "kind": k.Kind}}
	o.SetName(name)
	o.SetNamespace("ns")
	for _, c := range change {
		c(o)
	}
	return o
}

// child of the parent p.
func child(o *unstructured.Unstructured) {
	o.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: parentKind.APIVersion, Kind: parentKind.Kind, Name: "p", UID: "parent", Controller: new(true),
	}})
	o.SetLabels(map[string]string{selectorLabel: "parent"})
}

func deleting(o *unstructured.Unstructured) {
	o.SetDeletionTimestamp(new(metav1.Unix(1e9, 0)))
	o.SetFinalizers([]string{"example.com/other"})
}

// with a parent that the controller knows.
func (p *place) withParent(change ...func(*unstructured.Unstructured)) {
	p.put(object(parentKind, "p", append([]func(*unstructured.Unstructured){func(o *unstructured.Unstructured) {
		o.SetUID("parent")
		o.SetGeneration(3)
		o.SetFinalizers([]string{controller.Finalizer()})
	}}, change...)...))
}

func (p *place) sync(t *testing.T) (time.Duration, error) {
	t.Helper()
	p.did = nil
	return (&Loop{Cluster: p, Hooks: p}).Sync(t.Context(), controller, p, "ns", "p")
}

const aChild = `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}`

func TestSync(t *testing.T) {
	conflict := apierrors.NewConflict(schema.GroupResource{Resource: "configmaps"}, "a", errors.New("changed"))
	there := apierrors.NewAlreadyExists(schema.GroupResource{Resource: "configmaps"}, "a")
	cases := map[string]struct {
		reason string
		set    func(p *place)
		reply  string
		fails  map[string]error
		did    []string
		err    string
		resync time.Duration
	}{
		"Create": {reason: "what is desired and missing is created",
			reply: `{"status": {"x": 1}, "children": [` + aChild + `], "resyncAfterSeconds": 1.5}`,
			did:   []string{"create a", "status p"}, resync: 1500 * time.Millisecond},
		"Taken": {reason: "another client's object is left alone", reply: `{"status": {}, "children": [` + aChild + `]}`,
			fails: map[string]error{"create a": there}, did: []string{"create a", "status p"}},
		"Refused": {reason: "the rest goes on when a child fails, and the caller hears of it",
			reply: `{"status": {}, "children": [` + aChild + `]}`,
			fails: map[string]error{"create a": errors.New("quota")}, did: []string{"create a", "status p"}, err: "quota"},
		"Delete": {reason: "what is not desired goes first, but what goes already", reply: `{"status": {}, "children": [` + aChild + `]}`,
			set: func(p *place) {
				p.put(object(configKind, "b", child))
				p.put(object(configKind, "c", child, deleting))
				p.put(object(configKind, "theirs"))
				p.put(object(configKind, "unlabelled", child, func(o *unstructured.Unstructured) { o.SetLabels(nil) }))
			}, did: []string{"delete b", "create a", "status p"}},
		"OnDelete": {reason: "a Job is never updated",
			reply: `{"status": {}, "children": [{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"x": 2}}]}`,
			set:   func(p *place) { p.put(object(hooks.KindJob, "j", child)) }, did: []string{"status p"}},
		"Going": {reason: "what is being deleted is not updated", reply: `{"status": {}, "children": [` + aChild + `]}`,
			set: func(p *place) { p.put(object(configKind, "a", child, deleting)) }, did: []string{"status p"}},
		"Stale": {reason: "another client was faster: the next call sees it", reply: `{"status": {}, "children": [` + aChild + `]}`,
			set:   func(p *place) { p.put(object(configKind, "a", child)) },
			fails: map[string]error{"update a": conflict}, did: []string{"update a", "status p"}},
		"Nil": {reason: "Metacontroller would crash", reply: `{"status": {}, "children": [null]}`, err: "no object"},
		"Undeclared": {reason: "it would be created and never seen again",
			reply: `{"status": {}, "children": [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}]}`, err: "does not declare"},
		"Twice": {reason: "one of them would win", reply: `{"status": {}, "children": [` + aChild + `, ` + aChild + `]}`, err: "twice"},
		"Elsewhere": {reason: "it would be collected", err: "another namespace",
			reply: strings.Replace(`{"children": [`+aChild+`]}`, `"name"`, `"namespace": "other", "name"`, 1)},
		"NoJSON": {reason: "nothing is done without an answer", reply: `<html>`, err: "cannot decode"},
		"Finalizer": {reason: "it comes before everything else", reply: `{"status": {}, "children": []}`, did: []string{"update p", "status p"},
			set: func(p *place) { p.withParent(func(o *unstructured.Unstructured) { o.SetFinalizers(nil) }) }},
		"Gone": {reason: "there is nothing to do for a parent that is gone",
			set: func(p *place) { p.objects = map[id]*unstructured.Unstructured{} }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := newPlace()
			p.withParent()
			if tc.set != nil {
				tc.set(p)
			}
			p.replies["sync"] = tc.reply
			p.fails = tc.fails
			resync, err := p.sync(t)
			if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Fatalf("%s: error %v, want %q", tc.reason, err, tc.err)
			}
			if diff := cmp.Diff(tc.did, p.did); diff != "" || resync != tc.resync {
				t.Errorf("%s: resync %s (-want +got):\n%s", tc.reason, resync, diff)
			}
		})
	}
}

// TestInPlace: an update takes over what is desired and nothing else, and comes to rest.
func TestInPlace(t *testing.T) {
	p := newPlace()
	p.withParent()
	desire := func(metadata, rest string) {
		p.replies["sync"] = `{"status": {}, "children": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": ` + metadata + `, ` + rest + `}]}`
	}
	desire(`{"name": "a", "annotations": {"k": "1"}}`, `"data": {"x": "1", "y": "1"}`)
	if _, err := p.sync(t); err != nil {
		t.Fatal(err)
	}
	made := p.objects[id{configKind, "a"}]
	owner := metav1.GetControllerOf(made)
	if owner == nil || owner.UID != "parent" || made.GetNamespace() != "ns" || made.GetLabels()[selectorLabel] != "parent" {
		t.Errorf("the child is created as %v", made.Object)
	}
	edited := made.DeepCopy()
	edited.Object["data"] = map[string]any{"x": "theirs", "y": "1", "z": "theirs"}
	edited.Object["status"] = map[string]any{"seen": true}
	p.put(edited)
	desire(`{"name": "a", "uid": "nonsense"}`, `"data": {"x": "2"}, "status": {"seen": false}`)
	for range 2 {
		if _, err := p.sync(t); err != nil {
			t.Fatal(err)
		}
	}
	got := p.objects[id{configKind, "a"}]
	want := map[string]any{"x": "2", "z": "theirs"}
	if diff := cmp.Diff(want, got.Object["data"]); diff != "" || got.GetUID() != made.GetUID() || got.GetAnnotations()["k"] != "" {
		t.Errorf("the child is updated to %v (-want +got):\n%s", got.Object, diff)
	}
	if diff := cmp.Diff(map[string]any{"seen": true}, got.Object["status"]); diff != "" {
		t.Errorf("the status is not the hook's (-want +got):\n%s", diff)
	}
	if len(p.did) != 0 {
		t.Errorf("what is as desired is written again: %v", p.did)
	}
}

// TestStatus: it is replaced as a whole, says which generation it is of, and is written once.
func TestStatus(t *testing.T) {
	p := newPlace()
	p.withParent(func(o *unstructured.Unstructured) { o.Object["status"] = map[string]any{"old": true} })
	p.replies["sync"] = `{"status": {"n": 7}, "children": []}`
	for i, want := range [][]string{{"status p"}, nil} {
		if _, err := p.sync(t); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, p.did); diff != "" {
			t.Errorf("call %d (-want +got):\n%s", i, diff)
		}
	}
	want := map[string]any{"n": int64(7), "observedGeneration": int64(3)}
	if diff := cmp.Diff(want, p.objects[id{parentKind, "p"}].Object["status"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// finalizing says whether the first request to finalize says that the parent goes.
func finalizing(p *place) bool {
	said, _ := p.asked["finalize"][0]["finalizing"].(bool)
	return said
}

// TestFinalize: the hook is asked what is left to do, and lets the parent go.
func TestFinalize(t *testing.T) {
	p := newPlace()
	p.withParent(func(o *unstructured.Unstructured) { o.SetDeletionTimestamp(new(metav1.Unix(1e9, 0))) })
	p.put(object(configKind, "b", child))
	p.replies["finalize"] = `{"status": {}, "children": [` + aChild + `]}`
	if _, err := p.sync(t); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"delete b", "create a", "status p"}, p.did); diff != "" || !finalizing(p) {
		t.Errorf("children are managed until then, asked %v (-want +got):\n%s", p.asked["finalize"], diff)
	}
	p.replies["finalize"] = `{"status": {}, "children": [], "finalized": true}`
	if _, err := p.sync(t); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"update p", "delete a"}, p.did); diff != "" || len(p.objects) > 0 {
		t.Errorf("it goes with its children, left %v (-want +got):\n%s", p.objects, diff)
	}
}

// TestRelated: rules are asked for once for each generation, and select by labels.
func TestRelated(t *testing.T) {
	p := newPlace()
	p.withParent()
	for _, name := range []string{"a", "b"} {
		p.put(object(relatedKind, name, func(o *unstructured.Unstructured) { o.SetLabels(map[string]string{"is": name}) }))
	}
	p.replies["customize"] = `{"relatedResources": [
		{"apiVersion": "example.com/v1", "resource": "companions", "labelSelector": {"matchLabels": {"is": "b"}}}]}`
	l := &Loop{Cluster: p, Hooks: p}
	for _, generation := range []int64{3, 3, 4} {
		p.objects[id{parentKind, "p"}].SetGeneration(generation)
		if _, err := l.Sync(t.Context(), controller, p, "ns", "p"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(p.asked["customize"]); n != 2 {
		t.Errorf("the rules were asked for %d times, want 2", n)
	}
	related := p.asked["sync"][0]["related"].(map[string]any)[relatedKind.String()].(map[string]any)
	if related["b"] == nil || len(related) != 1 {
		t.Errorf("related are %v, want b", related)
	}
	if children := p.asked["sync"][0]["children"].(map[string]any); children["ConfigMap.v1"] == nil || children["Job.batch/v1"] == nil {
		t.Errorf("every declared kind is there, also without objects: %v", children)
	}
	p.replies["customize"] = `{"relatedResources": [{"apiVersion": "v1", "resource": "unknown"}]}`
	p.objects[id{parentKind, "p"}].SetGeneration(5)
	if _, err := l.Sync(t.Context(), controller, p, "ns", "p"); err == nil {
		t.Error("a rule for an unknown resource is no rule")
	}
}
