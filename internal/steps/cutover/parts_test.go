package cutover

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
)

// listed is a source that can be listed only.
type listed struct {
	source
	objects []unstructured.Unstructured
}

func (l listed) List(context.Context, []schema.GroupVersionResource) (
	[]unstructured.Unstructured, []schema.GroupVersionResource, error) {
	return l.objects, nil, nil
}

// TestWorkloadsWithoutRecord: a ReplicaSet keeps what a roll back has removed from its Deployment. It holds no
// workload, or no retry would ever begin.
func TestWorkloadsWithoutRecord(t *testing.T) {
	object := func(kind, name, owner, holder string) unstructured.Unstructured {
		u := unstructured.Unstructured{}
		u.SetGroupVersionKind(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: kind})
		u.SetName(name)
		if holder != "" {
			u.SetAnnotations(map[string]string{api.HeldByAnnotation: holder})
		}
		if owner != "" {
			gv := "apps/v1"
			if owner == "Shop" {
				gv = "shop.example.com/v1"
			}
			u.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: gv, Kind: owner, Name: "web", UID: "owner", Controller: new(true)}})
		}
		return u
	}
	for name, tc := range map[string]struct {
		reason string
		object unstructured.Unstructured
		want   bool
	}{
		"Deployment": {"it is stopped, and no record says so", object("Deployment", "web", "", "switch"), true},
		"RolledBack": {"nothing is left of the switch", object("Deployment", "web", "", ""), false},
		"Part":       {"a copy of what its Deployment carried", object("ReplicaSet", "web-1", "Deployment", "switch"), false},
		"Alone":      {"without a Deployment it is a workload", object("ReplicaSet", "web", "", "switch"), true},
		"Made":       {"a custom resource made it, and it was stopped itself", object("ReplicaSet", "web", "Shop", "switch"), true},
		"Other":      {"another switch holds it", object("Deployment", "web", "", "other"), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &switcher{us: lineage.Actor{Pair: "pair", Switch: "switch"}, source: listed{objects: []unstructured.Unstructured{tc.object}}}
			found, err := s.workloads(t.Context(), &Observed{})
			if err != nil || (len(found) == 1) != tc.want {
				t.Errorf("%s: got %+v, %v", tc.reason, found, err)
			}
		})
	}
}

// found is a target that holds what it is asked for.
type found struct{ target }

func (found) GetMany(_ context.Context, keys []cluster.Key, _ func(schema.GroupVersionKind) bool) (cluster.Found, error) {
	out := cluster.Found{Objects: map[cluster.Key]*unstructured.Unstructured{}}
	for _, k := range keys {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(k.Kind)
		u.SetName(k.Name)
		u.SetUID("uid")
		out.Objects[k] = u
	}
	return out, nil
}

func (found) List(context.Context, []schema.GroupVersionResource) (
	[]unstructured.Unstructured, []schema.GroupVersionResource, error) {
	return nil, nil, nil
}

func (found) Owners(context.Context) (*owners, error) { return &owners{}, nil }

// TestObserveWithoutPlan: when another client has deleted the plan, a roll back goes by the record. It must not fail on
// the claims that this names: nothing else brings the source back.
func TestObserveWithoutPlan(t *testing.T) {
	s := &switcher{us: lineage.Actor{Pair: "pair", Switch: "switch"}, target: found{}, rollback: true}
	o := &Observed{HasRecord: true, PlanLost: true, Record: Record{Claims: []string{"data"},
		Created: []application.Ref{{Kind: "PersistentVolumeClaim", Name: "data"}, {Kind: "ConfigMap", Name: "settings"}}},
		SourceClaims: []Claim{{Name: "data", Exists: true, UID: "source"}}}
	if err := s.observeStopping(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if len(o.Claims) != 1 || !o.Claims[0].Exists || o.Claims[0].Whole || len(o.Objects) != 2 {
		t.Errorf("got the claims %+v and the objects %+v", o.Claims, o.Objects)
	}
}
