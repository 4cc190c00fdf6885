package apply

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/hooks"
)

// Method says what becomes of a child that is not as it is desired.
type Method string

// The methods that KubeMove's controllers use.
const (
	// OnDelete: nothing; it is made as desired when it was deleted.
	OnDelete Method = "OnDelete"
	// InPlace: it is updated.
	InPlace Method = "InPlace"
)

// Child is a kind of children.
type Child struct {
	Kind   hooks.Kind
	Method Method
}

// Controller is a CompositeController with a generated selector.
type Controller struct {
	// Name of the CompositeController.
	Name string
	// Path of its hooks, such as /v1/movepair.
	Path string
	// Parent kind, and its Children.
	Parent   hooks.Kind
	Children []Child
	// Customize: it has that hook. Those for sync and finalize it has always.
	Customize bool
}

// Finalizer that the controller puts on its parents.
func (c Controller) Finalizer() string { return "metacontroller.io/compositecontroller-" + c.Name }

func (c Controller) method(k hooks.Kind) (Method, bool) {
	for _, child := range c.Children {
		if child.Kind == k {
			return child.Method, true
		}
	}
	return "", false
}

// View is what is observed, which may be behind. What it returns is not changed.
type View interface {
	// Get is nil when there is none.
	Get(k hooks.Kind, namespace, name string) *unstructured.Unstructured
	// List is sorted by name.
	List(k hooks.Kind, namespace string) []*unstructured.Unstructured
}

// Cluster is where the objects are. Its errors are those of an API server.
type Cluster interface {
	// Live is an object as it is now; nil: there is none.
	Live(ctx context.Context, k hooks.Kind, namespace, name string) (*unstructured.Unstructured, error)
	Create(ctx context.Context, o *unstructured.Unstructured) error
	// Update writes an object but its status, and UpdateStatus nothing else, when it is still the version
	// that was read.
	Update(ctx context.Context, o *unstructured.Unstructured) error
	UpdateStatus(ctx context.Context, o *unstructured.Unstructured) error
	// Delete this very object, by its UID, in the background.
	Delete(ctx context.Context, o *unstructured.Unstructured) error
	// Kind of a resource, such as movepairs.
	Kind(apiVersion, resource string) (hooks.Kind, error)
}

// Hooks answer calls. An error is an answer other than 200, or none.
type Hooks interface {
	Call(ctx context.Context, path string, body []byte) ([]byte, error)
}
