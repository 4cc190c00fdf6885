package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/kubemove/kubemove/e2e/lab"
)

// Moments of a move, as they are seen by watching both API servers: statuses have whole seconds
// only.
const (
	// momentGo: the cutover's Job is there, which is made as soon as the plan counts as approved.
	momentGo = "go"
	// The application's own Pod at the source is told to end, and is gone.
	momentStopping = "stopping"
	momentStopped  = "stopped"
	// The application's Deployment at the target is there, and is available.
	momentStarting = "starting"
	momentStarted  = "started"
	// momentSwitched: the MoveSwitch says that it has switched.
	momentSwitched = "switched"
)

// moments keeps when each of them was seen first.
type moments struct {
	mu     sync.Mutex
	at     map[string]time.Time
	failed error
	// ended is closed when the move has ended, or cannot be watched.
	ended chan struct{}
	once  sync.Once
}

// watchMoments watches a namespace in both clusters until the context ends.
func watchMoments(ctx context.Context, source, target *lab.Cluster, namespace string) (*moments, error) {
	m := &moments{at: map[string]time.Time{}, ended: make(chan struct{})}
	for _, w := range []struct {
		cluster  *lab.Cluster
		resource schema.GroupVersionResource
	}{
		{source, schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}},
		{source, schema.GroupVersionResource{Version: "v1", Resource: "pods"}},
		{source, schema.GroupVersionResource{Group: "kubemove.io", Version: "v1alpha1", Resource: "moveswitches"}},
		{target, schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}},
	} {
		config, err := w.cluster.Config()
		if err != nil {
			return nil, err
		}
		client, err := dynamic.NewForConfig(config)
		if err != nil {
			return nil, err
		}
		go m.follow(ctx, w.resource.Resource, client.Resource(w.resource).Namespace(namespace))
	}
	return m, nil
}

// watchTries are enough for an API server that is busy.
const watchTries = 20

// follow notes what a watch shows. One that breaks is begun anew.
func (m *moments) follow(ctx context.Context, resource string, client dynamic.ResourceInterface) {
	var err error
	for range watchTries {
		var stream watch.Interface
		// "0" does not wait until the API server's cache is up to date: what it lacks comes as
		// an event.
		if stream, err = client.Watch(ctx, metav1.ListOptions{ResourceVersion: "0"}); err == nil {
			err = m.read(resource, stream)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
	m.end(fmt.Errorf("%s cannot be watched, tried %d times: %w; is the API server well?", resource, watchTries, err))
}

// read notes what a watch shows until it ends, and says why.
func (m *moments) read(resource string, stream watch.Interface) error {
	defer stream.Stop()
	for event := range stream.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		if !ok || event.Type == watch.Error {
			return fmt.Errorf("the watch says %v, expected an object", event.Object)
		}
		m.note(time.Now(), resource, event.Type, object)
	}
	return errors.New("the watch has ended")
}

// note keeps what one event says.
func (m *moments) note(now time.Time, resource string, kind watch.EventType, o *unstructured.Unstructured) {
	labels := o.GetLabels()
	switch resource {
	case "jobs":
		m.keep(labels["kubemove.io/step"] == "cutover", momentGo, now)
	case "pods":
		if labels["app"] == "app" {
			m.keep(o.GetDeletionTimestamp() != nil, momentStopping, now)
			m.keep(kind == watch.Deleted, momentStopped, now)
		}
	case "deployments":
		available, _, _ := unstructured.NestedInt64(o.Object, "status", "availableReplicas")
		m.keep(true, momentStarting, now)
		m.keep(available > 0, momentStarted, now)
	case "moveswitches":
		m.noteSwitch(now, o)
	}
}

// noteSwitch keeps how a switch has ended.
func (m *moments) noteSwitch(now time.Time, o *unstructured.Unstructured) {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, item := range list {
		c, _ := item.(map[string]any)
		if c["status"] != "True" {
			continue
		}
		switch c["type"] {
		case "Switched":
			m.keep(true, momentSwitched, now)
			m.end(nil)
		case "RolledBack", "Stalled":
			m.end(fmt.Errorf("the move was to end with Switched, got %v: %v: %v", c["type"], c["reason"], c["message"]))
		}
	}
}

func (m *moments) keep(is bool, moment string, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.at[moment]; is && !known {
		m.at[moment] = at
	}
}

func (m *moments) end(err error) {
	m.once.Do(func() {
		m.failed = err
		close(m.ended)
	})
}

// wait until the move has ended.
func (m *moments) wait(ctx context.Context, timeout time.Duration) error {
	select {
	case <-m.ended:
		return m.failed
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(timeout):
		return fmt.Errorf("the move has not ended within %s, expected it to switch: look at the MoveEngine's blockers", timeout)
	}
}

// between two moments; an error names the one that was not seen.
func (m *moments) between(from, to string) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var missing []string
	for _, moment := range []string{from, to} {
		if m.at[moment].IsZero() {
			missing = append(missing, moment)
		}
	}
	if len(missing) > 0 {
		return 0, fmt.Errorf("these moments of the move were not seen: %s; expected all of them: "+
			"was a label changed? Then change e2e/bench/moments.go", strings.Join(missing, ", "))
	}
	return m.at[to].Sub(m.at[from]), nil
}
