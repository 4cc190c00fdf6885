package bench

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

func object(labels, status map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"labels": labels}, "status": status}}
}

func condition(kind, status string) map[string]any {
	return map[string]any{"conditions": []any{map[string]any{"type": kind, "status": status, "reason": "Why"}}}
}

func newMoments() *moments {
	return &moments{at: map[string]time.Time{}, ended: make(chan struct{})}
}

func TestMoments(t *testing.T) {
	m := newMoments()
	app, other := map[string]any{"app": "app"}, map[string]any{"app": "other"}
	ending := object(app, nil)
	ending.SetDeletionTimestamp(&metav1.Time{Time: at})
	m.note(after(0), "jobs", watch.Added, object(map[string]any{"kubemove.io/step": "plan"}, nil))
	m.note(after(1), "jobs", watch.Added, object(map[string]any{"kubemove.io/step": "cutover"}, nil))
	m.note(after(2), "jobs", watch.Modified, object(map[string]any{"kubemove.io/step": "cutover"}, nil))
	m.note(after(3), "pods", watch.Deleted, object(other, nil))
	m.note(after(4), "pods", watch.Modified, ending)
	m.note(after(6), "pods", watch.Deleted, ending)
	m.note(after(7), "deployments", watch.Added, object(app, nil))
	m.note(after(8.5), "deployments", watch.Modified, object(app, map[string]any{"availableReplicas": int64(1)}))
	m.note(after(9), "moveswitches", watch.Modified, object(nil, condition("Switched", "False")))
	_, err := m.between(momentGo, momentSwitched)
	require.ErrorContains(t, err, "were not seen: switched")
	m.note(after(10), "moveswitches", watch.Modified, object(nil, condition("Switched", "True")))
	require.NoError(t, m.wait(t.Context(), time.Minute))
	for _, tc := range []struct {
		from, to string
		want     time.Duration
	}{{momentGo, momentSwitched, 9 * time.Second}, {momentStopping, momentStopped, 2 * time.Second},
		{momentStarting, momentStarted, 1500 * time.Millisecond}} {
		got, err := m.between(tc.from, tc.to)
		require.NoError(t, err)
		require.Equal(t, tc.want, got, tc.from)
	}
}

func TestMoveFails(t *testing.T) {
	m := newMoments()
	m.note(at, "moveswitches", watch.Modified, object(nil, condition("RolledBack", "True")))
	require.ErrorContains(t, m.wait(t.Context(), time.Minute), "got RolledBack: Why")
	require.ErrorContains(t, newMoments().wait(t.Context(), time.Millisecond), "has not ended within")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, newMoments().wait(ctx, time.Minute), context.Canceled)
}
