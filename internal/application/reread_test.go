package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestReread: what is read again replaces the content of the planned objects, made by the same rules as
// the first reading, and nothing else of them.
func TestReread(t *testing.T) {
	const all = `{apiGroups: ["", example.com], resources: [configmaps, secrets, widgets], verbs: [update, delete]}`
	const mine = `{apiGroups: ["", example.com], resources: [configmaps, secrets, widgets], verbs: [update]}`
	planned := map[string]map[string]any{
		"ConfigMap/state":      {"data": map[string]any{"counter": "1"}},
		"Secret/token":         {"data": map[string]any{"token": "YQ=="}, "type": "Opaque"},
		"Widget.example.com/w": {"spec": map[string]any{"size": int64(1)}},
	}
	with := func(ref string, content map[string]any) map[string]map[string]any {
		out := map[string]map[string]any{}
		for k, v := range planned {
			out[k] = v
		}
		if out[ref] = content; content == nil {
			delete(out, ref)
		}
		return out
	}
	cases := map[string]struct {
		reason string
		rule   string
		again  []string
		change func(*Input)
		want   map[string]map[string]any
		err    string
	}{
		"Same": {reason: "what has not changed is as it was", rule: all, again: []string{stateMap, tokenSecret, widgetState}, want: planned},
		"Changed": {reason: "the last value counts",
			rule: all, again: []string{strings.Replace(stateMap, `counter: "1"`, `counter: "7", more: x`, 1), tokenSecret, widgetState},
			want: with("ConfigMap/state", map[string]any{"data": map[string]any{"counter": "7", "more": "x"}})},
		"Emptied": {reason: "a key that was removed is gone, and so is the last one",
			rule: all, again: []string{strings.Replace(stateMap, `, data: {counter: "1"}`, "", 1), tokenSecret, widgetState},
			want: with("ConfigMap/state", map[string]any{})},
		"Binary": {reason: "binary content counts as well", rule: all,
			again: []string{strings.Replace(stateMap, `data: {counter: "1"}`, "binaryData: {counter: YQ==}", 1), tokenSecret, widgetState},
			want:  with("ConfigMap/state", map[string]any{"binaryData": map[string]any{"counter": "YQ=="}})},
		"Secret": {reason: "tokens are content",
			rule: all, again: []string{stateMap, strings.Replace(tokenSecret, "YQ==", "Yg==", 1), widgetState},
			want: with("Secret/token", map[string]any{"data": map[string]any{"token": "Yg=="}, "type": "Opaque"})},
		"Type": {reason: "the type of a Secret is not",
			rule: all, again: []string{stateMap, strings.Replace(tokenSecret, "Opaque", "example.com/x", 1), widgetState}, want: planned},
		"Labels": {reason: "nor are labels",
			rule: all, again: []string{strings.Replace(stateMap, "namespace: src", "namespace: src, labels: {a: b}", 1), tokenSecret, widgetState},
			want: planned},
		"Custom": {reason: "of a custom resource all but its metadata and status is content", rule: all, again: []string{stateMap,
			tokenSecret, strings.Replace(widgetState, "spec: {size: 1}, status: {seen: 1}", "extra: {a: b}, status: {seen: 2}", 1)},
			want: with("Widget.example.com/w", map[string]any{"extra": map[string]any{"a": "b"}})},
		"Deleted": {reason: "what the application may delete, and is gone, does not come back at the target",
			rule: all, again: []string{tokenSecret, widgetState},
			want: with("ConfigMap/state", nil)},
		"BeingDeleted": {reason: "what is being deleted is as good as gone",
			rule: all, again: []string{strings.Replace(stateMap, "namespace: src", `namespace: src, deletionTimestamp: "2026-01-01T00:00:00Z"`, 1),
				tokenSecret, widgetState},
			want: with("ConfigMap/state", nil)},
		"Removed": {reason: "what another client has removed moves as it was planned, as everything does",
			rule: mine, again: []string{tokenSecret, widgetState}, want: planned},
		"Others": {reason: "objects that are not the application's to write are not looked at",
			rule: all, again: []string{stateMap, tokenSecret, widgetState, strings.Replace(stateMap, "name: state", "name: new", 1)}, want: planned},
		"Patched": {reason: "a patch goes over the last content",
			rule: all, again: []string{strings.Replace(stateMap, `counter: "1"`, `counter: "7"`, 1), tokenSecret, widgetState},
			change: patched(`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "state"}, "data": {"url": "new"}}`),
			want:   with("ConfigMap/state", map[string]any{"data": map[string]any{"counter": "7", "url": "new"}})},
		"PatchedElse": {reason: "what is said of other objects does not matter",
			rule: all, again: []string{strings.Replace(stateMap, `counter: "1"`, `counter: "7"`, 1), tokenSecret, widgetState},
			change: func(in *Input) {
				patched(`{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "counter"}, "spec": {"paused": false}}`)(in)
				in.Kustomizations[0].Images = []api.KustomizeImage{{Name: "img", NewTag: "2"}}
				in.Kustomizations[0].Replicas = []api.KustomizeReplicas{{Name: "counter", Count: 2}}
			},
			want: with("ConfigMap/state", map[string]any{"data": map[string]any{"counter": "7"}})},
		"PatchFails": {reason: "content that a patch does not fit is an error, and never half of it",
			rule: all, again: []string{strings.Replace(stateMap, `counter: "1"`, `other: "7"`, 1), tokenSecret, widgetState},
			change: func(in *Input) {
				in.Kustomizations = []api.Kustomization{{Patches: []api.KustomizePatch{{Target: &api.KustomizeTarget{Kind: "ConfigMap"},
					Patch: `[{"op": "remove", "path": "/data/counter"}]`}}}}
			},
			err: "ConfigMap/state"},
		"Namespaces": {reason: "references follow to another namespace", rule: all, again: []string{stateMap, tokenSecret,
			strings.Replace(widgetState, "spec: {size: 1}", "spec: {from: {name: x, namespace: src}, claimName: data}", 1)},
			change: func(in *Input) {
				in.TargetNamespace = "dst"
				in.Data.Claims = []api.ClaimData{{Name: "data", Target: api.ClaimTarget{Name: "other"}}}
			},
			want: with("Widget.example.com/w",
				map[string]any{"spec": map[string]any{"from": map[string]any{"name": "x", "namespace": "dst"}, "claimName": "other"}})},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, strings.Replace(counterApp(tc.rule), "[{name: c}]", "[{name: c, image: img:1}]", 1), func(in *Input) {
				withWidgets(in)
				if tc.change != nil {
					tc.change(in)
				}
			}))
			hash := p.Hash()
			var again []unstructured.Unstructured
			for _, text := range tc.again {
				again = append(again, object(t, text))
			}
			r, err := p.Reread(again)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("%s: got the error %v, want one with %q", tc.reason, err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			now := p.With(r)
			got := map[string]map[string]any{}
			for _, o := range now.Written() {
				content := map[string]any{}
				for key, value := range o.Object.Object {
					if key != "apiVersion" && key != "kind" && key != "metadata" {
						content[key] = value
					}
				}
				got[o.Ref.String()] = content
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if len(r.Gone) == 0 && now.Hash() != hash || p.Hash() != hash {
				t.Errorf("%s: what is read again is no part of the hash", tc.reason)
			}
			if diff := cmp.Diff(len(p.Objects)-len(r.Gone), len(now.Objects)); diff != "" {
				t.Errorf("%s: the number of objects (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func patched(patch string) func(*Input) {
	return func(in *Input) {
		in.Kustomizations = []api.Kustomization{{Patches: []api.KustomizePatch{{Patch: patch}}}}
	}
}

// TestRereadWithPrefix: an object is found by its name at the source, and made for its name at the target.
func TestRereadWithPrefix(t *testing.T) {
	p := Make(whole(t,
		join(counterPod, counterBind, counterRole(`{apiGroups: [""], resources: [configmaps], verbs: [update]}`), stateMap), func(in *Input) {
			in.Kustomizations = []api.Kustomization{{NamePrefix: "new-"}}
		}))
	r, err := p.Reread([]unstructured.Unstructured{object(t, strings.Replace(stateMap, `counter: "1"`, `counter: "7"`, 1))})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range p.With(r).Written() {
		data, _, _ := unstructured.NestedStringMap(o.Object.Object, "data")
		if diff := cmp.Diff(map[string]string{"counter": "7"}, data); diff != "" || o.Object.GetName() != "new-state" {
			t.Errorf("%s (-want +got):\n%s", o.Object.GetName(), diff)
		}
	}
	if len(r.Objects) != 1 {
		t.Errorf("read again: %v, want one object", r.Objects)
	}
}
