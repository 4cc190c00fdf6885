package e2e

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/e2e/lab"
	"github.com/kubemove/kubemove/e2e/outage"
)

// eyes look at all moves of an outage about once a second.
type eyes struct {
	moves []*outageMove
	home  dynamic.Interface
	// source reads the source's workloads, while its API server answers.
	source kubernetes.Interface
	// stopped holds what is known of them: during the outage nothing changes it.
	stopped map[string]bool

	mu    sync.Mutex
	since time.Time
	quit  context.CancelFunc
	done  chan struct{}
}

// watchMoves begins to look; every move's watch judges what is seen.
func watchMoves(t *testing.T, moves []*outageMove) *eyes {
	config, err := moves[0].src.Config()
	require.NoError(t, err)
	config.Timeout = 5 * time.Second
	home, err := dynamic.NewForConfig(config)
	require.NoError(t, err)
	config, err = moves[0].source.Config()
	require.NoError(t, err)
	config.Timeout = 5 * time.Second
	source, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	ctx, quit := context.WithCancel(t.Context())
	e := &eyes{moves: moves, home: home, source: source, stopped: map[string]bool{}, quit: quit, done: make(chan struct{})}
	e.look(ctx)
	for _, m := range moves {
		require.True(t, e.stopped[m.namespace], "the source of %s is not stopped", m.after)
	}
	go func() {
		defer close(e.done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for ctx.Err() == nil {
			e.look(ctx)
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	return e
}

// outage lets the source's API server not answer while f runs.
func (e *eyes) outage(t *testing.T, how lab.Outage, f func()) {
	end, err := clusters.StopAPI(e.moves[0].source, how)
	require.NoError(t, err)
	defer func() { // Also when f ends the test.
		if err := end(); err != nil {
			t.Errorf("the outage is left: %v", err)
		}
		e.down(time.Time{})
	}()
	if e.moves[0].source != e.moves[0].src {
		e.down(time.Now())
	} // Else nothing can be read while it lasts, and what can be read is from after it.
	f()
}

// down says since when the source's API server does not answer; zero: it does.
func (e *eyes) down(since time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.since = since
}

func (e *eyes) stop() {
	e.quit()
	<-e.done
}

// tell says what has happened.
func (e *eyes) tell(t *testing.T) {
	e.stop()
	for _, m := range e.moves {
		t.Logf("held after %s; %s:\n  %s", m.after, m.meanwhile, strings.Join(m.watch.Story, "\n  "))
	}
}

// look reads everything once: the processes, the switches, and then what they speak of.
func (e *eyes) look(ctx context.Context) {
	e.mu.Lock()
	since := e.since
	e.mu.Unlock()
	runs := outage.Processes("OUTAGE_MOVE")
	switches, answered := e.switches(ctx)
	if since.IsZero() && !e.workloads(ctx) {
		return // It has just come back, or gone: nothing can be compared.
	}
	now := time.Now()
	for _, m := range e.moves {
		m.watch.See(outage.Sample{At: now, Answered: answered, Switch: switches[m.namespace], Stopped: e.stopped[m.namespace],
			Source: runs[m.namespace][m.source.Name], Target: runs[m.namespace][m.target.Name], Down: since})
	}
}

// switches of all namespaces, by these; false: home does not answer.
func (e *eyes) switches(ctx context.Context) (map[string]*api.MoveSwitch, bool) {
	list, err := e.home.Resource(api.GroupVersion.WithResource("moveswitches")).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, false
	}
	found := map[string]*api.MoveSwitch{}
	for _, item := range list.Items {
		sw := &api.MoveSwitch{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, sw); err != nil {
			return nil, false
		}
		found[sw.Namespace] = sw
	}
	return found, true
}

// workloads reads which sources are stopped; false: the API server does not answer.
func (e *eyes) workloads(ctx context.Context) bool {
	list, err := e.source.AppsV1().Deployments("").List(ctx, metav1.ListOptions{LabelSelector: "app=shop"})
	if err != nil {
		return false
	}
	for _, d := range list.Items {
		e.stopped[d.Namespace] = d.Spec.Replicas != nil && *d.Spec.Replicas == 0
	}
	return true
}
