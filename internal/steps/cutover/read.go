package cutover

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// atTarget reads what is in the places of objects of the plan.
func (s *switcher) atTarget(ctx context.Context, objects []application.Object) (map[cluster.Key]*unstructured.Unstructured, error) {
	keys := make([]cluster.Key, len(objects))
	for i := range objects {
		keys[i] = keyOf(&objects[i])
	}
	return getMany(ctx, s.target, keys)
}

// getMany reads from the API server itself. Of a custom kind that is not served, or not yet, there
// are no objects. That of any other kind is an error: then it is not known what is in its places.
func getMany(ctx context.Context, c endpoint, keys []cluster.Key) (map[cluster.Key]*unstructured.Unstructured, error) {
	found, err := c.GetMany(ctx, keys, isDecidedBySpec)
	if err != nil {
		return nil, err
	}
	for _, kind := range found.Unserved {
		if !application.IsCustom(application.Ref{Group: kind.Group, Kind: kind.Kind}) {
			return nil, fmt.Errorf("the %s does not serve %s", c.Name(), kind.GroupKind())
		}
	}
	return found.Objects, nil
}

// isDecidedBySpec: what an object of the kind says beside its metadata decides something, or it
// is written back as a whole.
func isDecidedBySpec(kind schema.GroupVersionKind) bool {
	r := application.Ref{Group: kind.Group, Kind: kind.Kind}
	return isWorkload(r) || application.IsCustom(r) || kind.Group == "" && kind.Kind == "Service"
}

// kindOf an object of the plan. One that only the record tells of has no version.
func kindOf(want *application.Object) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: want.Group, Version: want.Object.GroupVersionKind().Version, Kind: want.Kind}
}

func keyOf(want *application.Object) cluster.Key {
	return cluster.Key{Kind: kindOf(want), Name: want.Name}
}

// claimKeys of claims by name.
func claimKeys(names []string) []cluster.Key {
	keys := make([]cluster.Key, len(names))
	for i, name := range names {
		want := claimObject(name)
		keys[i] = keyOf(&want)
	}
	return keys
}

// claimObject stands for a claim at the target, be it one of the plan's or not.
func claimObject(name string) application.Object {
	u := unstructured.Unstructured{}
	u.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Kind: "PersistentVolumeClaim"})
	return application.Object{Ref: application.Ref{Kind: "PersistentVolumeClaim", Name: name}, Phase: application.PhaseVolume, Object: u}
}
