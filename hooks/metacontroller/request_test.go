package metacontroller

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/hooks"
)

const parent = `{"apiVersion":"kubemove.io/v1alpha1","kind":"MovePair","metadata":{"name":"p","namespace":"ns"},"spec":{}}`

func job(namespace, name string) string {
	return `{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"` + name + `","namespace":"` + namespace + `"}}`
}

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		body   string
		jobs   []string
		err    string
	}{
		"KeysOfV1": {
			reason: "version 1 keys objects by name",
			body: `{"parent":` + parent + `,"children":{"Job.batch/v1":{"b":` + job("ns", "b") + `,"a":` + job("ns", "a") +
				`}},"finalizing":false}`,
			jobs: []string{"a", "b"},
		},
		"KeysOfV2": {
			reason: "version 2 keys objects by namespace and name; the keys do not matter",
			body:   `{"children":{"Job.batch/v1":{"ns/b":` + job("ns", "b") + `,"ns/a":` + job("ns", "a") + `}},"parent":` + parent + `}`,
			jobs:   []string{"a", "b"},
		},
		"NoChildren": {
			reason: "a declared kind without objects is a kind without objects",
			body:   ` {"parent": ` + parent + ` , "children": {"Job.batch/v1": {}}, "related": null, "new": [1, {"a": "}"}]} `,
		},
		"NullKind": {
			reason: "null instead of a map is an empty map in Go's JSON",
			body:   `{"parent":` + parent + `,"children":{"Job.batch/v1":null}}`,
		},
		"NullChild": {
			reason: "a null child must not look absent",
			body:   `{"parent":` + parent + `,"children":{"Job.batch/v1":{"a":null}}}`,
			err:    "found no object",
		},
		"NamelessChild": {
			reason: "a child that does not say what it is cannot be indexed",
			body:   `{"parent":` + parent + `,"children":{"Job.batch/v1":{"a":{"kind":"Job"}}}}`,
			err:    "no apiVersion",
		},
		"Twice": {
			reason: "two objects of one name would hide each other",
			body:   `{"parent":` + parent + `,"children":{"Job.batch/v1":{"a":` + job("ns", "a") + `,"b":` + job("ns", "a") + `}}}`,
			err:    "twice",
		},
		"NoParent": {
			reason: "a request without a parent is none",
			body:   `{"children":{}}`,
			err:    "no parent",
		},
		"MissingChildren": {
			reason: "a request without children is not a request with no children",
			body:   `{"parent":` + parent + `}`,
			err:    "no children",
		},
		"Truncated": {
			reason: "half a request is none",
			body:   `{"parent":` + parent + `,"children":{"Job.batch/v1":{"a":`,
			err:    "cannot decode",
		},
		"Garbage": {
			reason: "what follows the request does not belong to it",
			body:   `{"parent":` + parent + `,"children":{}} {}`,
			err:    "after the end",
		},
		"Empty": {
			reason: "an empty body is no request",
			err:    "too early",
		},
	} {
		t.Run(name, func(t *testing.T) {
			view, err := Decode([]byte(c.body))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("%s: error = %v, want one with %q", c.reason, err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", c.reason, err)
			}
			var got []string
			for _, o := range view.Children.Of(hooks.KindJob) {
				got = append(got, o.Name)
			}
			if d := cmp.Diff(c.jobs, got); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
			if !view.Children.Has(hooks.KindJob) {
				t.Errorf("%s: Job is not declared", c.reason)
			}
			if view.Parent.Name != "p" || view.Parent.Namespace != "ns" {
				t.Errorf("%s: parent = %s", c.reason, view.Parent)
			}
		})
	}
}

// What only Kubernetes and Metacontroller need is left out; the rest is untouched.
func TestDecodeLeavesOut(t *testing.T) {
	view, err := Decode([]byte(`{"children":{},"parent":{"apiVersion":"v1","kind":"K","metadata":{
		"managedFields":[{"a":{"b":"\\\"}"}}], "name":"n\u0041", "annotations":{
		"metacontroller.k8s.io/last-applied-configuration":"{\"x\":1}", "keep":"me"},"labels":null},"spec":{"x": [1, 2]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal(view.Parent.JSON(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"apiVersion": "v1", "kind": "K", "spec": map[string]any{"x": []any{1.0, 2.0}},
		"metadata": map[string]any{"name": "nA", "labels": nil, "annotations": map[string]any{"keep": "me"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if view.Parent.Name != "nA" {
		t.Errorf("name = %q", view.Parent.Name)
	}
}

// Whatever is decoded is JSON, and what is no JSON is refused.
func FuzzDecode(f *testing.F) {
	f.Add(`{"parent":` + parent + `,"children":{"Job.batch/v1":{"a":` + job("ns", "a") + `}},"related":{},"finalizing":true}`)
	f.Add(`{"parent":` + parent + `,"children":{"Job.batch/v1":{"a":null}}}`)
	f.Add(`{"parent":{"apiVersion":"v1","kind":"K","metadata":{"name":"\"\\","annotations":{"a":"\u00e4"}}},"children":{}}`)
	f.Add(`{"a":[[[]]],"b":-1e5,"c":tru`)
	f.Fuzz(func(t *testing.T, body string) {
		view, err := Decode([]byte(body))
		if err != nil {
			return
		}
		if view.Parent.Name == "" {
			t.Error("a parent without a name was accepted")
		}
		for _, o := range view.Children.Of(hooks.KindJob) {
			if json.Valid([]byte(body)) && !json.Valid(o.JSON()) {
				t.Errorf("valid JSON became %s", o.JSON())
			}
		}
	})
}
