package application

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// managerOf fields, such as "pipeline Apply v1 {...}", with the subresource as a fifth word.
func managerOf(t *testing.T, text string) metav1.ManagedFieldsEntry {
	t.Helper()
	words := strings.Fields(text)
	m := metav1.ManagedFieldsEntry{Manager: words[0], Operation: metav1.ManagedFieldsOperationType(words[1]), APIVersion: words[2],
		FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(words[3])}
	if len(words) > 4 {
		m.Subresource = words[4]
	}
	return m
}

// TestHandOver: fields go to those who have them at the source, and nothing is taken from another.
func TestHandOver(t *testing.T) {
	const ours = `kubemove Update v1 {"f:data":{"f:a":{},"f:b":{}},"f:metadata":{"f:annotations":{"f:kubemove.io/created-by":{}}}}`
	cases := map[string]struct {
		reason       string
		live, origin []string
		noOrigin     bool
		want         []string
		changed      bool
	}{
		"Alone": {reason: "the only one gets back what is there",
			live: []string{ours}, origin: []string{`p Apply v1 {"f:data":{"f:a":{},"f:gone":{}}}`},
			want: []string{`p Apply v1 {"f:data":{"f:a":{}}}`}, changed: true},
		"Shared": {reason: "a field can have two managers",
			live: []string{ours}, origin: []string{`p Apply v1 {"f:data":{"f:a":{}}}`, `q Update v1 {"f:data":{"f:a":{},"f:b":{}}}`},
			want: []string{`p Apply v1 {"f:data":{"f:a":{}}}`, `q Update v1 {"f:data":{"f:a":{},"f:b":{}}}`}, changed: true},
		"Taken": {reason: "what another client has written since is its own",
			live:   []string{`kubemove Update v1 {"f:data":{"f:a":{}}}`, `x Update v1 {"f:data":{"f:b":{}}}`},
			origin: []string{`p Apply v1 {"f:data":{"f:a":{},"f:b":{}}}`},
			want:   []string{`x Update v1 {"f:data":{"f:b":{}}}`, `p Apply v1 {"f:data":{"f:a":{}}}`}, changed: true},
		"Merged": {reason: "a manager that is there already gets more fields",
			live:   []string{`kubemove Update v1 {"f:data":{"f:a":{}}}`, `p Apply v1 {"f:data":{"f:b":{}}}`},
			origin: []string{`p Apply v1 {"f:data":{"f:a":{}}}`}, want: []string{`p Apply v1 {"f:data":{"f:a":{},"f:b":{}}}`}, changed: true},
		"Twice": {reason: "what was handed over is left alone", live: []string{`p Apply v1 {"f:data":{"f:b":{}}}`},
			origin: []string{`p Apply v1 {"f:data":{"f:a":{}}}`}, want: []string{`p Apply v1 {"f:data":{"f:b":{}}}`}},
		"Status": {reason: "the status at the target is not touched",
			live: []string{ours, `c Update v1 {"f:status":{"f:x":{}}} status`}, origin: []string{`p Apply v1 {"f:data":{"f:a":{}}}`},
			want: []string{`c Update v1 {"f:status":{"f:x":{}}} status`, `p Apply v1 {"f:data":{"f:a":{}}}`}, changed: true},
		"Version": {reason: "fields of another version are for the API server to convert", live: []string{ours},
			origin: []string{`p Apply v1beta1 {"f:old":{"f:a":{}}}`}, want: []string{`p Apply v1beta1 {"f:old":{"f:a":{}}}`}, changed: true},
		"Ourselves": {reason: "KubeMove at the source is no manager",
			live: []string{ours}, origin: []string{`kubemove Update v1 {"f:data":{"f:a":{}}}`}, changed: true},
		"None": {reason: "an object without managers gets none", live: []string{ours}, noOrigin: true, changed: true},
		"Patched": {reason: "two ways of writing are both KubeMove's",
			live:   []string{`kubemove Update v1 {"f:data":{"f:a":{}}}`, `kubemove Apply v1 {"f:data":{"f:b":{}}}`},
			origin: []string{`p Apply v1 {"f:data":{"f:a":{},"f:b":{}}}`},
			want:   []string{`p Apply v1 {"f:data":{"f:a":{},"f:b":{}}}`}, changed: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			entries := func(texts []string) []metav1.ManagedFieldsEntry {
				var out []metav1.ManagedFieldsEntry
				for _, text := range texts {
					out = append(out, managerOf(t, text))
				}
				return out
			}
			origin := &Origin{Managers: entries(tc.origin)}
			if tc.noOrigin {
				origin = nil
			}
			got, changed, err := HandOver(entries(tc.live), origin, "kubemove")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(entries(tc.want), got); diff != "" || changed != tc.changed {
				t.Errorf("%s: changed %v, want %v (-want +got):\n%s", tc.reason, changed, tc.changed, diff)
			}
		})
	}
	if _, _, err := HandOver([]metav1.ManagedFieldsEntry{managerOf(t, `kubemove Update v1 {"f:a":}`)}, nil, "kubemove"); err == nil {
		t.Error("fields that cannot be read are an error")
	}
}

// TestLastApplied: the note of kubectl apply goes along, by the names of the target.
func TestLastApplied(t *testing.T) {
	note := func(applied string) string {
		data, err := json.Marshal(applied)
		if err != nil {
			t.Fatal(err)
		}
		return `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: src,
			annotations: {a: b, kubectl.kubernetes.io/last-applied-configuration: ` + string(data) + `}}, data: {a: "1"}}`
	}
	const applied = `{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"settings","namespace":"src"}}`
	cases := map[string]struct {
		reason string
		object string
		there  map[string]string
		want   string
	}{
		"Applied": {reason: "the namespace is the target's", object: note(applied), want: strings.Replace(applied, "src", "dst", 1) + "\n"},
		"Broken":  {reason: "what cannot be read is of no use to its tool", object: note("{"), want: ""},
		"None": {reason: "what was not applied so is not made so",
			object: strings.Replace(note(applied), "kubectl.kubernetes.io/last-applied-configuration", "c", 1), want: ""},
		"TooLarge": {reason: "annotations that are too large would keep the object from being created",
			object: note(strings.Replace(applied, `"1"`, `"`+strings.Repeat("x", annotationsSize)+`"`, 1)), want: ""},
		"There": {reason: "a release since then counts",
			object: note(applied), there: map[string]string{corev1.LastAppliedConfigAnnotation: "newer"}, want: "newer"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.object, func(in *Input) { in.TargetNamespace = "dst" }))
			o := &p.Objects[0]
			if o.Object.GetAnnotations()[corev1.LastAppliedConfigAnnotation] != "" {
				t.Errorf("%s: the planned object itself has the note, so it would be compared and hashed", tc.reason)
			}
			u := o.Object.DeepCopy()
			if tc.there != nil {
				u.SetAnnotations(tc.there)
			}
			changed := o.AddLastApplied(u)
			if diff := cmp.Diff(tc.want, u.GetAnnotations()[corev1.LastAppliedConfigAnnotation]); diff != "" ||
				changed != (tc.want != "" && tc.there == nil) {
				t.Errorf("%s: changed %v (-want +got):\n%s", tc.reason, changed, diff)
			}
		})
	}
}

// TestOriginIsNotApproved: who writes fields at the source changes by itself, and is no other plan.
func TestOriginIsNotApproved(t *testing.T) {
	in := whole(t, join(webYAML, bound), nil)
	before := Make(in)
	for i := range in.Objects {
		in.Objects[i].SetManagedFields([]metav1.ManagedFieldsEntry{managerOf(t, `p Apply v1 {"f:spec":{"f:replicas":{}}}`),
			managerOf(t, `c Update v1 {"f:status":{}} status`)})
	}
	after := Make(in)
	if before.Hash() != after.Hash() {
		t.Error("another plan, as the fields have other managers")
	}
	for _, o := range after.Objects {
		if o.Origin == nil || len(o.Origin.Managers) != 1 {
			t.Errorf("%s: the origin is %+v, want the one manager of the main resource", o.Ref, o.Origin)
		}
	}
	if _, found, _ := unstructured.NestedSlice(after.Objects[0].Object.Object, "metadata", "managedFields"); found {
		t.Error("managers belong to the origin, not to the object")
	}
}
