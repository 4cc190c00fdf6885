// Package observed makes of typed objects what a hook is shown of them, for the tests of one kind.
package observed

import (
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubemove/kubemove/hooks"
)

// Object as it is observed; it needs its TypeMeta.
func Object(t testing.TB, o runtime.Object) hooks.Object {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	gvk, m := o.GetObjectKind().GroupVersionKind(), o.(metav1.Object)
	kind := hooks.Kind{APIVersion: gvk.GroupVersion().String(), Kind: gvk.Kind}
	out := hooks.Object{Kind: kind, Namespace: m.GetNamespace(), Name: m.GetName()}
	for name, value := range fields {
		out.Fields = append(out.Fields, hooks.Field{Name: name, Value: value})
	}
	return out
}

// Objects as they are observed.
func Objects(t testing.TB, list ...runtime.Object) hooks.Objects {
	t.Helper()
	var all []hooks.Object
	for _, o := range list {
		all = append(all, Object(t, o))
	}
	out, err := hooks.NewObjects(nil, all)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
