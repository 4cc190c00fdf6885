package cutover

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// stateMap is a ConfigMap that the application writes.
func stateMap(counter string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": "state", "namespace": "shop"},
		"data":     map[string]any{"counter": counter},
	}}
}

// readingWorld is a switcher between clusters that hold nothing but what a second reading needs.
type readingWorld struct {
	*switcher
	objects *dynamicfake.FakeDynamicClient // of the source
	home    *fake.Clientset
}

func newReadingWorld(t *testing.T) *readingWorld {
	t.Helper()
	maps := corev1.SchemeGroupVersion.WithResource("configmaps")
	mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{corev1.SchemeGroupVersion})
	mapper.Add(corev1.SchemeGroupVersion.WithKind("ConfigMap"), meta.RESTScopeNamespace)
	w := &readingWorld{home: fake.NewClientset(),
		objects: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
			map[schema.GroupVersionResource]string{maps: "ConfigMapList"}, stateMap("1"))}
	pinned := &application.Plan{Engine: "shop", SourceNamespace: "shop", TargetNamespace: "shop",
		Transform: &application.Transform{Read: []application.Read{{Ref: application.RefOf(stateMap("1"))}}},
		Objects: []application.Object{{Ref: application.RefOf(stateMap("1")), Phase: application.PhaseStart, Written: true,
			Object: *stateMap("1")}}}
	w.switcher = &switcher{us: us, plan: pinned, pinned: pinned,
		task: &task.Task{Move: &task.Move{Home: "shop", Switch: &task.Object{Name: "shop-dst", UID: self}}},
		home: homeCluster{&cluster.Cluster{Side: cluster.SideHome, Namespace: "shop", Kube: w.home}},
		source: side{&cluster.Cluster{Side: cluster.SideSource, Namespace: "shop", Kube: versioned(),
			Dynamic: w.objects, Mapper: resettable{mapper}}},
		target: side{&cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop", Kube: versioned()}}}
	if err := w.update(t.Context(), w.target, true, func(r *Record) { r.Epoch = 1 }); err != nil {
		t.Fatal(err)
	}
	return w
}

// versioned is a clientset that gives ConfigMaps a version, as API servers do.
func versioned() *fake.Clientset {
	c := fake.NewClientset()
	c.PrependReactor("create", "configmaps", func(a clienttesting.Action) (bool, runtime.Object, error) {
		a.(clienttesting.CreateAction).GetObject().(*corev1.ConfigMap).ResourceVersion = "1"
		return false, nil, nil
	})
	return c
}

// resettable is a mapper that knows all there is.
type resettable struct{ meta.RESTMapper }

// Reset does nothing.
func (resettable) Reset() {}

// write is one of the application, or of another client.
func (w *readingWorld) write(t *testing.T, counter string) {
	t.Helper()
	maps := w.objects.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace("shop")
	if _, err := maps.Update(t.Context(), stateMap(counter), metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// look is what a process reads before it decides.
func (w *readingWorld) look(t *testing.T) (*Observed, error) {
	t.Helper()
	o := &Observed{Us: us}
	if _, err := w.target.ReadRecord(t.Context(), self, &o.Record); err != nil {
		t.Fatal(err)
	}
	return o, w.observeReading(t.Context(), o)
}

func (w *readingWorld) counter() string {
	value, _, _ := unstructured.NestedString(w.plan.Objects[0].Object.Object, "data", "counter")
	return value
}

// TestReadAgain: from the first reading after the stop on the target gets that one, whatever happens
// to processes and objects, until the application has run again.
func TestReadAgain(t *testing.T) {
	begin := func(r *Record) { r.note(RecordStart, metav1.Now().Time) }
	cases := map[string]struct {
		reason string
		// after the reading.
		after   func(t *testing.T, w *readingWorld)
		toRead  bool
		counter string
		failed  bool
	}{
		"Fine": {reason: "the last write arrives", counter: "7"},
		"Restarted": {reason: "the next process uses what the first has read", counter: "7", after: func(t *testing.T, w *readingWorld) {
			w.write(t, "9")
			w.plan, w.reading = w.pinned, ""
		}},
		"NextEpoch": {reason: "the application has run again, so its objects are read again",
			toRead: true, counter: "1", after: func(t *testing.T, w *readingWorld) {
				change(t, w, func(r *Record) { r.Epoch = 2 })
			}},
		"Lost": {reason: "nothing was created of it, so it can be read again",
			toRead: true, counter: "1", after: func(t *testing.T, w *readingWorld) {
				lose(t, w)
				w.plan, w.reading = w.pinned, ""
			}},
		"LostLate": {reason: "something may have been created of it, and there is nothing like it",
			failed: true, counter: "1", after: func(t *testing.T, w *readingWorld) {
				lose(t, w)
				change(t, w, begin)
				w.plan, w.reading = w.pinned, ""
			}},
		"Unrecorded": {reason: "the record of it was removed when something may have been created of it",
			failed: true, counter: "1", after: func(t *testing.T, w *readingWorld) {
				change(t, w, func(r *Record) { begin(r); r.Reading = nil })
				w.plan, w.reading = w.pinned, ""
			}},
		"Changed": {reason: "what is stored is not what is on record", failed: true, counter: "1", after: func(t *testing.T, w *readingWorld) {
			if err := w.switcher.home.StoreBundle(t.Context(), cluster.Bundle{Name: w.readingName()},
				&application.Reading{Objects: []application.Object{}}); err != nil {
				t.Fatal(err)
			}
			change(t, w, begin)
			w.plan, w.reading = w.pinned, ""
		}},
		"Committed": {reason: "nothing is created of it any more", counter: "1", after: func(t *testing.T, w *readingWorld) {
			lose(t, w)
			change(t, w, func(r *Record) { begin(r); r.CommittedAt = r.StartedAt })
			w.plan, w.reading = w.pinned, ""
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newReadingWorld(t)
			o, err := w.look(t)
			if err != nil || !o.ToRead {
				t.Fatalf("at first everything is to be read: %v, %v", o.ToRead, err)
			}
			w.write(t, "7") // The last one, after the pin.
			if err := w.readAgain(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if tc.after != nil {
				tc.after(t, w)
			}
			o, err = w.look(t)
			var stop *ending
			if errors.As(err, &stop) != tc.failed || err != nil && !tc.failed {
				t.Fatalf("%s: got the error %v", tc.reason, err)
			}
			if o.ToRead != tc.toRead || w.counter() != tc.counter {
				t.Errorf("%s: to be read %v, want %v; counter %s, want %s", tc.reason, o.ToRead, tc.toRead, w.counter(), tc.counter)
			}
		})
	}
}

// TestReadAgainIsStoredFirst: a process that is killed between both leaves a record without a reading,
// never a reading on record that is not there.
func TestReadAgainIsStoredFirst(t *testing.T) {
	w := newReadingWorld(t)
	o, err := w.look(t)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.target.DeleteRecord(t.Context(), self); err != nil { // So that the second write fails.
		t.Fatal(err)
	}
	if err := w.readAgain(t.Context(), o); err == nil {
		t.Fatal("a reading without a record is an error")
	}
	r := &application.Reading{}
	if err := w.switcher.home.LoadBundle(t.Context(), w.readingName(), r); err != nil || len(r.Objects) != 1 {
		t.Errorf("stored: %v, %v", r, err)
	}
	if err := w.forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	secrets, err := w.home.CoreV1().Secrets("shop").List(t.Context(), metav1.ListOptions{})
	if diff := cmp.Diff(0, len(secrets.Items)); err != nil || diff != "" {
		t.Errorf("forgotten, but there is (-want +got):\n%s %v", diff, err)
	}
}

// TestReadAgainUnfitting: content that a patch does not fit ends the switch before the target is
// started, and names the object.
func TestReadAgainUnfitting(t *testing.T) {
	w := newReadingWorld(t)
	w.pinned.Transform.Kustomizations = []api.Kustomization{{Patches: []api.KustomizePatch{
		{Target: &api.KustomizeTarget{Kind: "ConfigMap"}, Patch: `[{"op": "test", "path": "/data/counter", "value": "1"}]`}}}}
	o, err := w.look(t)
	if err != nil {
		t.Fatal(err)
	}
	w.write(t, "7")
	var stop *ending
	if err := w.readAgain(t.Context(), o); !errors.As(err, &stop) || stop.result.Reason != api.ReasonInvalidKustomization {
		t.Errorf("got %v, want the end of the switch with %s", err, api.ReasonInvalidKustomization)
	}
}

func change(t *testing.T, w *readingWorld, change func(*Record)) {
	t.Helper()
	if err := w.update(t.Context(), w.target, false, change); err != nil {
		t.Fatal(err)
	}
}

func lose(t *testing.T, w *readingWorld) {
	t.Helper()
	if err := w.switcher.home.DeleteBundle(t.Context(), w.readingName()); err != nil {
		t.Fatal(err)
	}
}
