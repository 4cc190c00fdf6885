package scale

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestObjects(t *testing.T) {
	objects := Objects(500, "here")
	require.Len(t, objects, 500)
	require.Equal(t, objects, Objects(500, "here"), "every run measures the same objects")
	seen, size := map[string]bool{}, 0
	for i, o := range objects {
		key := o.GetKind() + "/" + o.GetName()
		require.False(t, seen[key], "%s is there twice", key)
		seen[key] = true
		place := slices.Index(order, o.GetKind())
		require.GreaterOrEqual(t, place, 0, "%s has a place in the order of creation", o.GetKind())
		if i > 0 {
			require.GreaterOrEqual(t, place, slices.Index(order, objects[i-1].GetKind()), "%s comes after what it refers to", key)
		}
		data, err := json.Marshal(o)
		require.NoError(t, err)
		size += len(data)
	}
	for _, kind := range order {
		require.True(t, slices.ContainsFunc(objects, isKind(kind)), "there is a %s", kind)
	}
	require.InDelta(t, 1500, size/len(objects), 1000, "bytes of JSON an object has on the average")
}

func isKind(kind string) func(*unstructured.Unstructured) bool {
	return func(o *unstructured.Unstructured) bool { return o.GetKind() == kind }
}
