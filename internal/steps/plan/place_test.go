package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
)

func TestPlaces(t *testing.T) {
	namespace := func(change func(*metav1.ObjectMeta)) *corev1.Namespace {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}
		change(&ns.ObjectMeta)
		return ns
	}
	cases := map[string]struct {
		reason    string
		namespace *corev1.Namespace
		forbidden bool
		// privileged workers, and the blockers of a source and of a target.
		privileged bool
		blockers   int
	}{
		"Plain": {"an ordinary namespace", namespace(func(*metav1.ObjectMeta) {}), false, false, 0},
		"Privileged": {"an administrator allows it",
			namespace(func(m *metav1.ObjectMeta) { m.Annotations = map[string]string{api.PrivilegedMoversAnnotation: "true"} }), false, true, 0},
		"Missing": {"nothing can be in it", nil, false, false, 1},
		"Going": {"nothing stays in it",
			namespace(func(m *metav1.ObjectMeta) { m.DeletionTimestamp = new(metav1.NewTime(time.Now())) }), false, false, 1},
		"Forbidden": {"who may not look does not know", nil, true, false, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			client := fake.NewClientset(namespaceOf("kube-system", "c"))
			if tc.namespace != nil {
				client = fake.NewClientset(namespaceOf("kube-system", "c"), tc.namespace)
			}
			asked := 0
			client.PrependReactor("get", "namespaces", func(a clienttesting.Action) (bool, runtime.Object, error) {
				if a.(clienttesting.GetAction).GetName() == "shop" {
					asked++
				}
				return tc.forbidden, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "namespaces"}, "shop", nil)
			})
			side := &cluster.Cluster{Namespace: "shop", Kube: client}
			where, err := readPlaces(t.Context(), side, side)
			if err != nil || asked != 2 {
				t.Fatalf("asked %d times for two namespaces, error %v", asked, err)
			}
			if got := where.target.privileged(); got != tc.privileged {
				t.Errorf("%s: privileged workers allowed: %v", tc.reason, got)
			}
			for side, check := range map[string]func(place, *application.Plan){"source": place.checkSource, "target": place.checkTarget} {
				p := &application.Plan{SourceNamespace: "shop", TargetNamespace: "shop"}
				check(where.source, p)
				if len(p.Blockers) != tc.blockers || p.BlockedBy(api.ReasonNamespaceNotFound) != (tc.blockers > 0) {
					t.Errorf("%s: blockers of the %s: %v", tc.reason, side, p.Blockers)
				}
			}
		})
	}
}

func namespaceOf(name, uid string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(uid)}}
}

// TestSameCluster: two endpoints are of one cluster only if that is certain.
func TestSameCluster(t *testing.T) {
	side := func(uid string) *cluster.Cluster {
		client := fake.NewClientset(namespaceOf("kube-system", uid))
		client.PrependReactor("get", "namespaces", func(clienttesting.Action) (bool, runtime.Object, error) {
			return uid == "", nil, apierrors.NewForbidden(schema.GroupResource{Resource: "namespaces"}, "kube-system", nil)
		})
		return &cluster.Cluster{Namespace: "shop", Kube: client}
	}
	cases := map[string]struct {
		reason         string
		source, target *cluster.Cluster
		want           bool
	}{
		"Same":      {"one UID, one cluster", side("a"), side("a"), true},
		"Others":    {"the namespaces have the same name in all clusters", side("a"), side("b"), false},
		"Forbidden": {"who may not look does not know", side("a"), side(""), false},
		"Neither":   {"two that must not be read are not one", side(""), side(""), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			where, err := readPlaces(t.Context(), tc.source, tc.target)
			if err != nil {
				t.Fatal(err)
			}
			if where.same() != tc.want {
				t.Errorf("%s: got %v", tc.reason, where.same())
			}
		})
	}
}

// TestNothingFollowsFromNowhere: a target without a place for the application is one blocker,
// and nothing else is asked of it.
func TestNothingFollowsFromNowhere(t *testing.T) {
	p := &application.Plan{TargetNamespace: "shop", Objects: []application.Object{object(t, deployText)}}
	if err := checkTarget(t.Context(), nil, place{missing: true}, p, lineage.Actor{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range p.Blockers {
		got = append(got, b.Reason)
	}
	if diff := cmp.Diff([]string{api.ReasonNamespaceNotFound}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if sets := dueImages(p, nil, time.Now()).asked; len(sets) > 0 {
		t.Errorf("images would be pulled nowhere: %v", sets)
	}
}
