package cleanup

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/steps/cutover"
	"github.com/kubemove/kubemove/task"
)

// world is a target that changes while its copies are deleted.
type world struct {
	*observed
	// before the n-th deletion arrives, from 1, this happens; its error is what the task is told.
	before func(n int, w *world) error
	asked  int
	// hidden: why nothing can be read.
	hidden error
}

func (w *world) Observe(context.Context) (*observed, error) {
	if w.hidden != nil {
		return nil, w.hidden
	}
	now := *w.observed
	now.Claims = slices.Clone(w.Claims)
	return &now, nil
}

// Delete as an API server does with preconditions.
func (w *world) Delete(_ context.Context, c *corev1.PersistentVolumeClaim) error {
	w.asked++
	var err error
	if w.before != nil {
		err = w.before(w.asked, w)
	}
	i := slices.IndexFunc(w.Claims, func(o corev1.PersistentVolumeClaim) bool { return o.Name == c.Name })
	switch {
	case i < 0 || err != nil:
		return err
	case w.Claims[i].UID != c.UID || w.Claims[i].ResourceVersion != c.ResourceVersion:
		return &cluster.Error{Kind: cluster.Conflict}
	}
	w.Claims = slices.Delete(w.Claims, i, i+1)
	return nil
}

func (w *world) left() string {
	var names []string
	for _, c := range w.Claims {
		names = append(names, c.Name)
	}
	return strings.Join(names, " ")
}

func TestDeleteCopies(t *testing.T) {
	lost, refused := errors.New("the connection was lost"), &cluster.Error{Kind: cluster.Forbidden, Message: "a policy"}
	once := func(n int, change func(w *world) error) func(int, *world) error {
		return func(now int, w *world) error {
			if now == n {
				return change(w)
			}
			return nil
		}
	}
	change := func(i int) func(w *world) error {
		return func(w *world) error {
			w.Claims[i].ResourceVersion += "1"
			return nil
		}
	}
	for name, c := range map[string]struct {
		reason string
		before func(n int, w *world) error
		left   string
		says   string
		fails  bool
	}{
		"All": {"nothing happens in between", nil, "", "deleted copies: data, wal", false},
		"Active": {"a switch marks one of them in between: it and all others stay", once(1, func(w *world) error {
			w.Claims[0].Annotations = map[string]string{api.CreatedByAnnotation: "pair-1", api.ActiveAnnotation: "switch-1"}
			return change(0)(w)
		}), "data wal", "the copies at the target stay: the application has switched", false},
		"Used": {"a Pod mounts the other one", once(1, func(w *world) error {
			pod("web", "wal", corev1.PodRunning)(w.observed)
			return nil
		}), "wal", "deleted copies: data; these copies stay: wal (Pod/web mounts it)", false},
		"Retained": {"a user has changed the policy after the first", once(2, func(w *world) error {
			w.Pair = w.Pair.DeepCopy()
			w.Pair.Spec.DeletionPolicy = api.DeletionRetain
			return change(0)(w)
		}), "wal", "deleted copies: data; the copies at the target stay: the deletionPolicy", false},
		"Changed": {"a controller has written its status", once(1, change(0)), "", "deleted copies: data, wal", false},
		"Changing": {"it never rests", func(_ int, w *world) error { return change(0)(w) }, "data",
			"deleted copies: wal; these copies stay: data (another client keeps changing it)", false},
		"Replaced": {"another client has made it anew in between", once(1, func(w *world) error {
			w.Claims[0].UID, w.Claims[0].ManagedFields = "another", writtenBy("kubectl")
			return nil
		}), "data", "deleted copies: wal; these copies stay: data (another client has made it anew)", false},
		"Gone": {"another client has deleted it", once(1, func(w *world) error {
			w.Claims = w.Claims[1:]
			return nil
		}), "", "deleted copies: data, wal", false},
		"Refused": {"a policy of the target protects it", once(1, func(*world) error { return refused }), "data",
			"deleted copies: wal; these copies stay: data (a policy)", false},
		"Unseen": {"rights were taken away after the first", once(1, func(w *world) error {
			w.hidden = refused
			return nil
		}), "wal", "deleted copies: data; the copies at the target stay: it cannot be seen what uses them: a policy", false},
		"Lost": {"the next try goes on", once(2, func(*world) error { return lost }), "wal", "deleted copies: data", true},
	} {
		t.Run(name, func(t *testing.T) {
			w, out := &world{observed: passive(), before: c.before}, &outcome{Asked: true}
			err := deleteCopies(t.Context(), w, &theMove, out)
			if (err != nil) != c.fails {
				t.Fatalf("%s: %v", c.reason, err)
			}
			if diff := cmp.Diff(c.left, w.left()); diff != "" || !strings.Contains(out.String(), c.says) {
				t.Errorf("%s: it says %q, want %q; left (-want +got):\n%s", c.reason, out, c.says, diff)
			}
			if !c.fails {
				return
			}
			w.before = nil
			if err := deleteCopies(t.Context(), w, &theMove, out); err != nil || w.left() != "" {
				t.Errorf("%s: %q is left: %v", c.reason, w.left(), err)
			}
		})
	}
}

// kinds that are listed, for the fake client.
func kinds() map[schema.GroupVersionResource]string {
	out := map[schema.GroupVersionResource]string{
		api.GroupVersion.WithResource("moveswitches"): "MoveSwitchList", api.GroupVersion.WithResource("movepairs"): "MovePairList"}
	for _, r := range mounting {
		out[r] = "List"
	}
	return out
}

func object(t *testing.T, apiVersion, kind, namespace, name string, spec map[string]any) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind, "spec": spec}}
	u.SetNamespace(namespace)
	u.SetName(name)
	return u
}

// TestPairCopies: everything that decides is read where it is, the claims before all else, and a claim is deleted as it was read.
func TestPairCopies(t *testing.T) {
	own := api.GroupVersion.String()
	switches := object(t, own, "MoveSwitch", "home", "mine", map[string]any{"pairRef": map[string]any{"name": "shop-dst"}})
	other := object(t, own, "MoveSwitch", "home", "other", map[string]any{"pairRef": map[string]any{"name": "else"}})
	pair := object(t, own, "MovePair", "home", "shop-dst", map[string]any{"deletionPolicy": "Delete"})
	follower := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "back", Namespace: "home", Labels: map[string]string{
		"kubemove.io/lineage": "pair-1", api.PairLabel: "pair-2"}}, Type: "kubemove.io/channel"}
	home := &cluster.Cluster{Side: cluster.SideHome, Namespace: "home", Kube: fake.NewClientset(follower),
		Dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds(), pair)}
	for _, m := range []*unstructured.Unstructured{switches, other} { // Its name has a plural that the fake client does not guess.
		client := home.Dynamic.Resource(api.GroupVersion.WithResource("moveswitches")).Namespace("home")
		if _, err := client.Create(t.Context(), m, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}

	data := theClaim("data")
	kube := fake.NewClientset(&data, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"}})
	dynamic := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds(),
		object(t, "apps/v1", "DaemonSet", "shop", "agent", nil))
	var order []string
	note := func(a clienttesting.Action) (bool, runtime.Object, error) {
		order = append(order, a.GetVerb()+" "+a.GetResource().Resource)
		return false, nil, nil
	}
	kube.PrependReactor("*", "*", note)
	target := &cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop", Kube: kube, Dynamic: dynamic}
	record := cutover.Record{Switch: "switch-1", Claims: []string{"a"},
		Fence: cutover.Fence{"PersistentVolumeClaim/b": "uid", "Deployment.apps/c": "x"}}
	if _, err := target.WriteRecord(t.Context(), cluster.Holder{UID: "switch-1"}, "", record); err != nil {
		t.Fatal(err)
	}
	order = nil

	c := &pairCopies{task: &task.Task{Move: &theMove}, home: home, target: target}
	o, err := c.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := []any{o.Switches, o.Followed, o.Pair.Spec.DeletionPolicy, len(o.Claims), len(o.Pods), len(o.Workloads), o.Records[0].Claims,
		o.Records[0].Unreadable, order[0]}
	want := []any{[]string{"mine"}, true, api.DeletionDelete, 1, 1, 1, []string{"a", "b"}, false, "list persistentvolumeclaims"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("observed (-want +got):\n%s", diff)
	}
	if err := c.Delete(t.Context(), &o.Claims[0]); err != nil {
		t.Fatal(err)
	}
	deleted := kube.Actions()[len(kube.Actions())-1].(clienttesting.DeleteAction)
	uid, version := data.UID, data.ResourceVersion
	if diff := cmp.Diff(&metav1.Preconditions{UID: &uid, ResourceVersion: &version}, deleted.GetDeleteOptions().Preconditions); diff != "" {
		t.Errorf("preconditions (-want +got):\n%s", diff)
	}
	if err := c.Delete(t.Context(), &data); err != nil {
		t.Errorf("a claim that is gone: %v", err)
	}
}
