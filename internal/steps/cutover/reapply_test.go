package cutover

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
)

var backUs = lineage.Actor{Pair: "back", Switch: "switch-2", Earlier: []string{"switch-1"}, Recorded: map[types.UID]bool{"left": true}}

func toChange(t *testing.T, former, want string) *application.Object {
	u, next := *object(t, former), *object(t, want)
	return &application.Object{Ref: application.RefOf(&u), Phase: application.PhaseStart, Kept: true, Object: next,
		Former: &application.Former{UID: "left", Object: u}}
}

// TestReapplied: a kept object gets its new content with a mark, once; a roll back puts back what was there, and a commit removes
// the mark. A workload stays at zero, and its earlier switch's, meanwhile.
func TestReapplied(t *testing.T) {
	for name, c := range map[string]struct{ live, former, want, changed, committed string }{
		"ConfigMap": {
			live:   `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, uid: left, annotations: {a: b}}, data: {x: "1"}}`,
			former: `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, annotations: {a: b}}, data: {x: "1"}}`,
			want:   `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: "2"}}`,
			changed: `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, uid: left, annotations: {kubemove.io/reapplied-by: switch-2}},
				data: {x: "2"}}`,
			committed: `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, uid: left}, data: {x: "2"}}`,
		},
		"Deployment": {
			live: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: w, uid: left, annotations: {kubemove.io/held-by: switch-1}},
				spec: {replicas: 0, template: {a: "1"}}}`,
			former: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: w}, spec: {replicas: 0, template: {a: "1"}}}`,
			want:   `{apiVersion: apps/v1, kind: Deployment, metadata: {name: w}, spec: {replicas: 3, template: {a: "2"}}}`,
			changed: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: w, uid: left, annotations: {kubemove.io/held-by: switch-1,
				kubemove.io/reapplied-by: switch-2}}, spec: {replicas: 0, template: {a: "2"}}}`,
			committed: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: w, uid: left}, spec: {replicas: 0, template: {a: "2"}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, live := toChange(t, c.former, c.want), object(t, c.live)
			changed, err := reapplied(o, live, backUs)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object(t, c.changed).Object, changed.Object); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
			if again, err := reapplied(o, changed, backUs); again != nil || err != nil {
				t.Errorf("changed twice: %v, %v", again, err)
			}
			back, err := putBack(o, changed, backUs)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(live.Object, back.Object); diff != "" {
				t.Errorf("put back (-want +got):\n%s", diff)
			}
			if again, err := putBack(o, back, backUs); again != nil || err != nil {
				t.Errorf("put back twice: %v, %v", again, err)
			}
			done, err := settled(o, changed, backUs)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object(t, c.committed).Object, withoutEmpty(done).Object); diff != "" {
				t.Errorf("committed (-want +got):\n%s", diff)
			}
		})
	}
}

// withoutEmpty annotations, which an API server does not keep.
func withoutEmpty(u *unstructured.Unstructured) *unstructured.Unstructured {
	if len(u.GetAnnotations()) == 0 {
		unstructured.RemoveNestedField(u.Object, "metadata", "annotations")
	}
	return u
}

// TestReappliedLater: what another client has changed since the plan is not overwritten, and another switch's mark is not ours.
func TestReappliedLater(t *testing.T) {
	const former = `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: "1"}}`
	o := toChange(t, former, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: "2"}}`)
	if u, err := reapplied(o, object(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: other}}`), backUs); err == nil ||
		!strings.Contains(err.Error(), "changed by another client") {
		t.Errorf("overwritten: %v, %v", u, err)
	}
	other := object(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, annotations: {kubemove.io/reapplied-by: switch-9}},
		data: {x: "2"}}`)
	if u, err := putBack(o, other, backUs); u != nil || err != nil {
		t.Errorf("put back for another switch: %v, %v", u, err)
	}
}

// TestUsePlan: what the plan changes may be written, and nothing else.
func TestUsePlan(t *testing.T) {
	s := &switcher{us: lineage.Actor{Switch: "switch-2"}}
	o := toChange(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}`,
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {x: "2"}}`)
	s.usePlan(&application.Plan{Objects: []application.Object{*o}})
	for uid, want := range map[string]bool{"left": true, "anew": false} {
		u := object(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, uid: `+uid+`}}`)
		got := readTarget(*o, u, s.us)
		if got.Mine != want || !got.Changes || got.Reapplied {
			t.Errorf("UID %s: %+v", uid, got)
		}
	}
}
