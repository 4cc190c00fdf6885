package application

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// mergeable are the kinds whose lists are merged item by item. Those of other kinds are one value each.
var mergeable = newMergeable()

func newMergeable() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, networkingv1.AddToScheme, autoscalingv2.AddToScheme,
		policyv1.AddToScheme, rbacv1.AddToScheme, discoveryv1.AddToScheme,
	} {
		utilruntime.Must(add(s))
	}
	return s
}

// errOnlyThere: a change lies in a part that the object does not have.
var errOnlyThere = errors.New("a part that was changed is only in the other one")

// Changed is an object after the changes that lead from one version of it, or of one that was made of it, to another: what they
// do not touch stays as it is. What servers and controllers write is no change. A change of a part that the object does not have,
// while the other one had it before, is an error: half of that part would be made.
func Changed(base, from, to *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	objects := []*unstructured.Unstructured{contentOf(base), contentOf(from), contentOf(to)}
	var texts [3][]byte
	for i, o := range objects {
		// Where it is called otherwise, and lies elsewhere, that is no change.
		o.SetName(base.GetName())
		o.SetNamespace(base.GetNamespace())
		var err error
		if texts[i], err = json.Marshal(o.Object); err != nil {
			return nil, err
		}
	}
	merged, err := merge(base, texts[0], texts[1], texts[2])
	if err != nil {
		return nil, err
	}
	out := &unstructured.Unstructured{}
	if err := out.UnmarshalJSON(merged); err != nil { // With it whole numbers stay whole.
		return nil, err
	}
	if growsLike(objects[0].Object, objects[1].Object, out.Object) {
		return nil, errOnlyThere
	}
	return out, nil
}

// growsLike: a field is in out that is not in base, and that the other one had.
func growsLike(base, from, out any) bool {
	switch out := out.(type) {
	case map[string]any:
		b, _ := base.(map[string]any)
		f, _ := from.(map[string]any)
		for key, value := range out {
			if there, has := f[key]; has && growsLike(b[key], there, value) {
				return true
			}
		}
		return false
	case []any:
		return growsLike(items(base), items(from), items(out))
	}
	return base == nil
}

// items of a list by what tells them apart; of a list of plain values there are none.
func items(list any) map[string]any {
	out := map[string]any{}
	values, _ := list.([]any)
	for _, value := range values {
		item, _ := value.(map[string]any)
		for _, key := range []string{"name", "containerPort", "port", "mountPath", "devicePath", "ip", "topologyKey", "key"} {
			if id, has := item[key]; has {
				out[fmt.Sprint(key, "=", id, item["protocol"])] = item
				break
			}
		}
	}
	return out
}

func merge(base *unstructured.Unstructured, text, from, to []byte) ([]byte, error) {
	if typed, err := mergeable.New(base.GroupVersionKind()); err == nil {
		patch, err := strategicpatch.CreateTwoWayMergePatch(from, to, typed)
		if err != nil {
			return nil, err
		}
		return strategicpatch.StrategicMergePatch(text, patch, typed)
	}
	patch, err := jsonpatch.CreateMergePatch(from, to)
	if err != nil {
		return nil, err
	}
	return jsonpatch.MergePatch(text, patch)
}

// contentOf is a cleaned object. Of a Service that has none of its own, the node ports are those that a server has given.
func contentOf(o *unstructured.Unstructured) *unstructured.Unstructured {
	out := clean(o)
	if RefOf(out).kind() == kindService {
		remove(out.Object, path("spec", "ports", "[]", "nodePort"), func(map[string]any) bool { return false })
	}
	return out
}

// SameContent says whether two objects are the same, but for what servers and controllers write.
func SameContent(a, b *unstructured.Unstructured) bool {
	return reflect.DeepEqual(contentOf(a).Object, contentOf(b).Object)
}

// WithContent is an object with the content of another one. What cleaning takes away, such as an address that a server has given,
// stays where it is.
func WithContent(o, content *unstructured.Unstructured) *unstructured.Unstructured {
	out := o.DeepCopy()
	overlay(out.Object, contentOf(o).Object, content.DeepCopy().Object)
	if RefOf(o).kind() == kindService {
		keepNodePorts(out, o)
	}
	return out
}

// keepNodePorts of the ports of a Service that it had before. A server keeps them for those of the same name only.
func keepNodePorts(service, before *unstructured.Unstructured) {
	key := func(port map[string]any) string {
		protocol, _ := port["protocol"].(string)
		return fmt.Sprint(port["port"], cmp.Or(protocol, string(corev1.ProtocolTCP)))
	}
	given := map[string]any{}
	for _, port := range portsOf(before) {
		given[key(port)] = port["nodePort"]
	}
	for _, port := range portsOf(service) {
		if number := given[key(port)]; number != nil && port["nodePort"] == nil {
			port["nodePort"] = number
		}
	}
}

// portsOf a Service that has node ports, as they are in it.
func portsOf(service *unstructured.Unstructured) []map[string]any {
	switch kind, _, _ := unstructured.NestedString(service.Object, "spec", "type"); corev1.ServiceType(kind) {
	case corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer:
		return mapsIn(service.Object, "spec", "ports")
	}
	return nil
}

// overlay sets in out what differs between its cleaned form and what is wanted. What is in out alone stays, also in a map that is not
// wanted at all.
func overlay(out, cleaned, want map[string]any) {
	for key, there := range cleaned {
		if _, wanted := want[key]; wanted {
			continue
		}
		inner, isMap := out[key].(map[string]any)
		if cleanedInner, isCleaned := there.(map[string]any); isMap && isCleaned {
			if overlay(inner, cleanedInner, nil); len(inner) > 0 {
				continue
			}
		}
		delete(out, key)
	}
	for key, value := range want {
		there, ok := cleaned[key]
		if ok && reflect.DeepEqual(there, value) {
			continue
		}
		inner, isMap := out[key].(map[string]any)
		cleanedInner, isCleaned := there.(map[string]any)
		if wantInner, wantsMap := value.(map[string]any); isMap && wantsMap && (isCleaned || !ok) {
			overlay(inner, cleanedInner, wantInner)
			continue
		}
		out[key] = value
	}
}
