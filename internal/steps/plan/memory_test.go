package plan

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

func limitRange(kind corev1.LimitType, memory string) *corev1.LimitRange {
	return &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "lr", Namespace: "shop"},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{
			{Type: kind, Max: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)}}}}}
}

func nodeWith(name, memory string, labels map[string]string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)}}}
}

// TestCheckMemory: a worker that cannot run is found out before anything is stopped.
func TestCheckMemory(t *testing.T) {
	cases := map[string]struct {
		reason string
		files  int64
		place  application.Placement
		there  []runtime.Object
		want   []string
	}{
		"Few": {"a usual worker the dry run judges",
			1000, application.Placement{}, []runtime.Object{limitRange(corev1.LimitTypeContainer, "1Gi")}, nil},
		"Fits": {"there is enough",
			2_000_000, application.Placement{}, []runtime.Object{limitRange(corev1.LimitTypeContainer, "4Gi"), nodeWith("a", "3Gi", nil)}, nil},
		"Unknown": {"no node is seen: nothing is known of them", 2_000_000, application.Placement{}, nil, nil},
		"Container": {"what there is, what is needed, and the command", 2_000_000, application.Placement{},
			[]runtime.Object{limitRange(corev1.LimitTypeContainer, "2Gi")}, []string{"claim data holds 2000000 files", "reserves 2624Mi",
				"may use 3904Mi", "allows 2Gi at most", "kubectl -n shop edit limitrange lr"}},
		"Pod": {"the worker is the largest part of its Pod",
			2_000_000, application.Placement{}, []runtime.Object{limitRange(corev1.LimitTypePod, "2Gi")}, []string{"allows 2Gi at most"}},
		"Claim": {"limits of claims say nothing of memory",
			2_000_000, application.Placement{}, []runtime.Object{limitRange(corev1.LimitTypePersistentVolumeClaim, "2Gi")}, nil},
		"Node": {"no node is large enough", 2_000_000, application.Placement{},
			[]runtime.Object{nodeWith("a", "1Gi", nil), nodeWith("b", "2Gi", nil)}, []string{"largest node that it may run on gives 2Gi"}},
		"Selected": {"the large node is not for the application", 2_000_000, application.Placement{NodeSelector: map[string]string{"pool": "db"}},
			[]runtime.Object{nodeWith("a", "64Gi", nil), nodeWith("b", "2Gi", map[string]string{"pool": "db"})}, []string{"gives 2Gi"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := &application.Plan{Volumes: []application.Volume{{Name: "data", Policy: api.ClaimCopy, Placement: tc.place,
				Usage: &application.Usage{Files: tc.files, Folder: 1000}}}}
			kube := fake.NewClientset()
			for _, o := range tc.there {
				if err := kube.Tracker().Add(o); err != nil {
					t.Fatal(err)
				}
			}
			if err := checkMemory(t.Context(), p, &cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop", Kube: kube}); err != nil {
				t.Fatal(err)
			}
			if len(tc.want) == 0 && len(p.Blockers) > 0 || len(tc.want) > 0 && len(p.Blockers) != 1 {
				t.Fatalf("%s: blockers %v", tc.reason, p.Blockers)
			}
			for _, want := range tc.want {
				if b := p.Blockers[0]; b.Reason != api.ReasonNotEnoughMemory || !strings.Contains(b.Message, want) {
					t.Errorf("%s: %+v lacks %q", tc.reason, b, want)
				}
			}
		})
	}
}
