package steps

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
)

// resources of KubeMove's own kinds that tasks read at home.
var resources = map[string]string{
	"MoveEngine": "moveengines", "MovePair": "movepairs", "MoveSwitch": "moveswitches", "DataSync": "datasyncs",
}

// Own reads one of KubeMove's own objects at home; nil: it is not there.
func Own[T any](ctx context.Context, home *cluster.Cluster, kind, name string) (*T, error) {
	u, err := client(home, kind).Get(ctx, name, metav1.GetOptions{})
	if cluster.KindOf(err) == cluster.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, home.Wrap("read "+kind+"/"+name, err)
	}
	return decoded[T](u)
}

// AllOwn reads all objects of one of KubeMove's own kinds at home. One that cannot be decoded fails the list: it may be the one.
func AllOwn[T any](ctx context.Context, home *cluster.Cluster, kind string) ([]T, error) {
	list, err := client(home, kind).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, home.Wrap("list the "+resources[kind], err)
	}
	out := make([]T, 0, len(list.Items))
	for i := range list.Items {
		o, err := decoded[T](&list.Items[i])
		if err != nil {
			return nil, err
		}
		out = append(out, *o)
	}
	return out, nil
}

func client(home *cluster.Cluster, kind string) dynamic.ResourceInterface {
	return home.Dynamic.Resource(api.GroupVersion.WithResource(resources[kind])).Namespace(home.Namespace)
}

func decoded[T any](u *unstructured.Unstructured) (*T, error) {
	out := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, out); err != nil {
		return nil, fmt.Errorf("cannot decode %s/%s: %w", u.GetKind(), u.GetName(), err)
	}
	return out, nil
}
