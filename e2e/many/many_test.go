//go:build many

package many

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/e2e/lab"
)

const (
	// engines in all, those of them in one namespace, and in each of the others.
	engines, crowded, scattered = 1000, 200, 8
	// parents are an engine, its pair and its switch. There is no DataSync without a plan.
	parents = 3 * engines

	settledWithin   = 10 * time.Minute
	restartedWithin = time.Minute
	// quiet is how long nothing is written until moves count as settled.
	quiet = 30 * time.Second
	// rest is how long they are looked at then.
	rest = 2 * time.Minute
	// largest request in bytes: a pair with its children, and no others.
	largest = 128 << 10
)

var (
	crdResource    = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	engineResource = api.GroupVersion.WithResource("moveengines")
)

// TestManyEngines: what a thousand live moves cost in one Metacontroller. No Pod of them ever runs.
func TestManyEngines(t *testing.T) {
	s := install(t)
	s.startMetacontroller()
	s.warm()
	s.calls.Take()
	before, began := s.requests(), time.Now()
	s.create()
	t.Logf("%d MoveEngines were created in %s, %d of them in one namespace", engines, time.Since(began).Round(time.Second), crowded)
	settled := s.settle(began)
	r, c := s.requests().Since(before), s.calls.Take()
	which, bytes := c.Most()
	t.Logf("settled in %s (at most %s), with QPS %s", settled.Round(time.Second), settledWithin, qps)
	t.Logf("requests to the API server for each engine: %.1f, %.1f of them writes", float64(r.All)/engines, float64(r.Writes)/engines)
	t.Logf("calls of hooks for each engine: %.1f, %d refused; by hook: %v", float64(c.All())/engines, c.Refused, c.Calls)
	t.Logf("largest request: %d bytes, to %s (at most %d); by hook: %v", bytes, which, largest, c.Largest)
	s.memory()

	restarted, writes := s.restart()
	t.Logf("Metacontroller restarted: each object was synced within %s (at most %s), with %d writes (0)",
		restarted.Round(time.Second), restartedWithin, writes)
	before = s.requests()
	s.calls.Take()
	time.Sleep(rest) // The time that is measured.
	idle, calls := s.requests().Since(before), s.calls.Take()
	perMinute := float64(calls.All()) / rest.Minutes()
	t.Logf("at rest: %.0f calls of hooks a minute (at most %d), %.0f requests a minute, %d writes (0); by hook: %v",
		perMinute, parents, float64(idle.All)/rest.Minutes(), idle.Writes, calls.Calls)
	s.memory()

	require.LessOrEqual(t, settled, settledWithin)
	require.LessOrEqual(t, bytes, largest)
	require.Zero(t, c.Refused, "calls were refused")
	require.LessOrEqual(t, restarted, restartedWithin)
	require.Zero(t, writes, "a restart changes nothing")
	require.LessOrEqual(t, perMinute, float64(parents), "more than one call a minute for each object, at rest")
	require.Zero(t, idle.Writes, "something is written at rest")
}

// warm waits until Metacontroller works: it finds the kinds with its next discovery. The move that shows it goes again.
func (s *installation) warm() {
	s.t.Helper()
	s.namespace("first")
	first := s.dynamic.Resource(engineResource).Namespace("first")
	_, err := first.Create(s.t.Context(), engine("first"), metav1.CreateOptions{})
	require.NoError(s.t, err)
	require.NoError(s.t, lab.AwaitEvery(s.t.Context(), time.Second, 3*time.Minute, "the first move to begin", func(context.Context) error {
		if s.metacontroller.Ended() {
			return fmt.Errorf("Metacontroller has ended:\n%s", s.metacontroller.Tail())
		}
		if n := s.calls.Synced(); n < 3 {
			return fmt.Errorf("%d objects were synced, expected 3", n)
		}
		return nil
	}))
	require.NoError(s.t, first.Delete(s.t.Context(), "first", metav1.DeleteOptions{}))
	const gone = "the first move to be gone"
	require.NoError(s.t, lab.AwaitEvery(s.t.Context(), time.Second, 3*time.Minute, gone, func(ctx context.Context) error {
		list, err := first.List(ctx, metav1.ListOptions{})
		if err == nil && len(list.Items) > 0 {
			err = fmt.Errorf("it is still there: %v", list.Items[0].Object["status"])
		}
		return err
	}))
}

func (s *installation) namespace(name string) {
	s.t.Helper()
	_, err := s.plain.CoreV1().Namespaces().Create(s.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}},
		metav1.CreateOptions{})
	require.NoError(s.t, err)
}

// engine of a live move to another cluster.
func engine(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": api.GroupVersion.String(), "kind": "MoveEngine", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"mode":        "Live",
			"application": map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"app": name}}},
			"targets": []any{map[string]any{"name": "dst", "namespace": "target",
				"cluster": map[string]any{"kubeconfigSecretRef": map[string]any{"name": "dst"}}}},
		},
	}}
}

// create all engines. Their names differ: of one name in many namespaces Metacontroller 1.5.20 wakes up all at once.
func (s *installation) create() {
	s.t.Helper()
	places := make([]string, 0, engines)
	for i := range engines {
		place := "crowded"
		if i >= crowded {
			place = fmt.Sprintf("scattered-%d", (i-crowded)/scattered)
		}
		if len(places) == 0 || places[i-1] != place {
			s.namespace(place)
		}
		places = append(places, place)
	}
	var next atomic.Int64
	var workers sync.WaitGroup
	errs := make([]error, engines)
	for range 8 {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < engines; i = int(next.Add(1)) - 1 {
				_, errs[i] = s.dynamic.Resource(engineResource).Namespace(places[i]).Create(s.t.Context(),
					engine(fmt.Sprintf("move-%04d", i)), metav1.CreateOptions{})
			}
		})
	}
	workers.Wait()
	for _, err := range errs {
		require.NoError(s.t, err)
	}
}

// settle waits until every engine says that its plan gets no Pod, and nothing is written any more. It returns how long
// after a moment the last write was.
func (s *installation) settle(began time.Time) time.Duration {
	s.t.Helper()
	last, at := s.requests().Writes, time.Now()
	require.NoError(s.t, lab.AwaitEvery(s.t.Context(), 5*time.Second, 2*settledWithin, "the moves to settle", func(ctx context.Context) error {
		if now := s.requests().Writes; now != last {
			last, at = now, time.Now()
		}
		if err := s.told(ctx); err != nil {
			return err
		}
		if since := time.Since(at); since < quiet {
			return fmt.Errorf("something was written %s ago", since)
		}
		return nil
	}))
	return at.Sub(began)
}

// told says whether every engine has the state in which it stays.
func (s *installation) told(ctx context.Context) error {
	list, err := s.dynamic.Resource(engineResource).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	open, example := 0, ""
	for _, o := range list.Items {
		seen, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
		if c := conditionOf(&o, api.ConditionStalled); seen != o.GetGeneration() || c.status != "True" || c.reason != api.ReasonPodMissing {
			open, example = open+1, fmt.Sprintf("%s/%s: Stalled=%s/%s", o.GetNamespace(), o.GetName(), c.status, c.reason)
		}
	}
	if len(list.Items) != engines || open > 0 {
		return fmt.Errorf("of %d engines %d do not say yet that their plan has no Pod, such as %s", len(list.Items), open, example)
	}
	return nil
}

type condition struct{ status, reason string }

func conditionOf(o *unstructured.Unstructured, kind string) (c condition) {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, x := range list {
		if m, ok := x.(map[string]any); ok && m["type"] == kind {
			c.status, _ = m["status"].(string)
			c.reason, _ = m["reason"].(string)
		}
	}
	return c
}

// restart Metacontroller, and return how long it takes until every object was synced, and how much is written.
func (s *installation) restart() (time.Duration, int64) {
	s.t.Helper()
	require.NoError(s.t, s.metacontroller.Stop())
	before := s.requests()
	s.calls.Take()
	began := time.Now()
	s.startMetacontroller()
	require.NoError(s.t, lab.Await(s.t.Context(), 5*restartedWithin, "every object to be synced", func(context.Context) error {
		if s.metacontroller.Ended() {
			return fmt.Errorf("Metacontroller has ended:\n%s", s.metacontroller.Tail())
		}
		if n := s.calls.Synced(); n < parents {
			return fmt.Errorf("%d of %d objects were synced", n, parents)
		}
		return nil
	}))
	took := time.Since(began)
	// What is still written comes from the last calls.
	time.Sleep(quiet)
	return took, s.requests().Since(before).Writes
}

func (s *installation) memory() {
	s.t.Helper()
	for name, p := range map[string]*lab.Program{"Metacontroller": s.metacontroller, "the hook server": s.hooks} {
		m, err := MemoryOf(p.PID())
		require.NoError(s.t, err)
		s.t.Logf("memory of %s: %d MiB, at most %d MiB (the limit of its container is 512 MiB)", name, m.Now, m.Most)
	}
}
