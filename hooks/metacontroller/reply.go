package metacontroller

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubemove/kubemove/hooks"
)

// reply to sync and finalize.
type reply struct {
	Status             any              `json:"status"`
	Children           []runtime.Object `json:"children"`
	ResyncAfterSeconds float64          `json:"resyncAfterSeconds,omitempty"`
	Finalized          bool             `json:"finalized,omitempty"`
}

// customizeReply to customize.
type customizeReply struct {
	RelatedResources []hooks.Rule `json:"relatedResources"`
}

// Encode checks what is desired and writes the reply.
func Encode(view hooks.View, d hooks.Desired) ([]byte, error) {
	if err := guard(view, d); err != nil {
		return nil, err
	}
	if d.Children == nil {
		d.Children = []runtime.Object{}
	}
	return marshal(reply{
		Status:             d.Status,
		Children:           d.Children,
		ResyncAfterSeconds: d.ResyncAfter.Seconds(),
		Finalized:          d.Finalized && view.Finalizing,
	})
}

// EncodeRules writes the reply to customize.
func EncodeRules(rules []hooks.Rule) ([]byte, error) {
	if rules == nil {
		rules = []hooks.Rule{}
	}
	return marshal(customizeReply{RelatedResources: rules})
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("cannot encode the reply: %w", err)
	}
	return b.Bytes(), nil
}

// guard refuses what Metacontroller would choke on.
func guard(view hooks.View, d hooks.Desired) error {
	if d.Status == nil {
		return errors.New("the status is missing: without it Metacontroller would clear the status of the parent")
	}
	type id struct {
		kind hooks.Kind
		name string
	}
	seen := make(map[id]bool, len(d.Children))
	for i, child := range d.Children {
		if child == nil || reflect.ValueOf(child).IsNil() {
			return fmt.Errorf("child %d is nil", i)
		}
		o, ok := child.(metav1.Object)
		if !ok {
			return fmt.Errorf("child %d has no metadata", i)
		}
		gvk := child.GetObjectKind().GroupVersionKind()
		k := hooks.Kind{APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind}
		switch {
		case gvk.Kind == "" || gvk.Version == "" || o.GetName() == "":
			return fmt.Errorf("child %d has no apiVersion, kind or name", i)
		case !view.Children.Has(k):
			return fmt.Errorf("child %s %s is of a kind that the controller does not declare: add it to childResources of the CompositeController",
				k, o.GetName())
		case o.GetNamespace() != "" && o.GetNamespace() != view.Parent.Namespace:
			return fmt.Errorf("child %s %s is in the namespace %s, the parent in %s", k, o.GetName(), o.GetNamespace(), view.Parent.Namespace)
		case seen[id{k, o.GetName()}]:
			return fmt.Errorf("child %s %s is desired twice", k, o.GetName())
		}
		if u, ok := child.(*unstructured.Unstructured); ok && u.Object == nil {
			return fmt.Errorf("child %d is empty", i)
		}
		seen[id{k, o.GetName()}] = true
	}
	return nil
}
