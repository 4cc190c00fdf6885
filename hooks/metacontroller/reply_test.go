package metacontroller

import (
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubemove/kubemove/hooks"
)

type status struct {
	Ready bool `json:"ready,omitempty"`
}

func TestEncodeGuards(t *testing.T) {
	view, err := Decode([]byte(`{"parent":` + parent + `,"children":{"Job.batch/v1":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	typed := func(namespace, name string) *batchv1.Job {
		return &batchv1.Job{TypeMeta: hooks.KindJob.TypeMeta(), ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}
	}
	var none *batchv1.Job
	for name, c := range map[string]struct {
		reason   string
		children []runtime.Object
		status   any
		want     string
	}{
		"Good":      {"a whole reply goes out", []runtime.Object{typed("ns", "a"), typed("", "b")}, status{}, ""},
		"Nil":       {"a nil child crashes Metacontroller", []runtime.Object{nil}, status{}, "nil"},
		"TypedNil":  {"a nil pointer is encoded as null, too", []runtime.Object{none}, status{}, "nil"},
		"Twice":     {"the last of two equal names would win", []runtime.Object{typed("ns", "a"), typed("", "a")}, status{}, "twice"},
		"Namespace": {"children elsewhere are collected as garbage", []runtime.Object{typed("other", "a")}, status{}, "namespace"},
		"Nameless":  {"a child needs a name", []runtime.Object{typed("ns", "")}, status{}, "no apiVersion"},
		"Kindless": {"a child needs a kind",
			[]runtime.Object{&batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "a"}}}, status{}, "no apiVersion"},
		"Undeclared": {"an undeclared kind is created and never seen again",
			[]runtime.Object{&corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: "a"}}},
			status{}, "declare"},
		"Empty":    {"an object without content is none", []runtime.Object{&unstructured.Unstructured{}}, status{}, "no apiVersion"},
		"NoStatus": {"a missing status would clear the old one", nil, nil, "status"},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := Encode(view, hooks.Desired{Children: c.children, Status: c.status})
			switch {
			case c.want == "" && err != nil:
				t.Fatalf("%s: %v", c.reason, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Fatalf("%s: error = %v, want one with %q", c.reason, err, c.want)
			case c.want != "" && body != nil:
				t.Fatalf("%s: there is a reply beside the error", c.reason)
			}
		})
	}
}

func TestEncodeFinalized(t *testing.T) {
	body, err := Encode(hooks.View{}, hooks.Desired{Status: status{}, Finalized: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(body), `{"status":{},"children":[]}`+"\n"; got != want {
		t.Errorf("outside of finalize: %s, want %s", got, want)
	}
}
