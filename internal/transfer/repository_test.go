package transfer

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// TestMissingRepositories: they are what EnsureRepositories makes, until it has made them.
func TestMissingRepositories(t *testing.T) {
	s := testSpec(api.TriggerRequest)
	claims := func(uid string) *cluster.Cluster {
		var list []runtime.Object
		for _, name := range []string{"a", "b", "c"} {
			list = append(list,
				&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "src", UID: types.UID(name + uid)}})
		}
		return &cluster.Cluster{Side: cluster.SideSource, Namespace: "src", Kube: fake.NewClientset(list...)}
	}
	s.Source = claims("1")
	s.Target = &cluster.Cluster{Side: cluster.SideTarget, Namespace: "dst", Kube: fake.NewClientset()}
	s.Mobilizers = []task.Mobilizer{ownMobilizer("")}
	s.Volumes = []application.Volume{
		{Name: "a", Policy: api.ClaimCopy, Usage: &application.Usage{Bytes: 1 << 30, Allocated: 1 << 30}},
		{Name: "b", Policy: api.ClaimCopy}, {Name: "c", Policy: api.ClaimSkip},
	}
	class := func(string) *string { return new("fast") }
	missing, err := MissingRepositories(t.Context(), s, class)
	if err != nil || len(missing) != 2 {
		t.Fatalf("a claim for each volume that is copied, got %d (%v)", len(missing), err)
	}
	if size := missing[0].Spec.Resources.Requests.Storage().String(); size != "1536Mi" || *missing[0].Spec.StorageClassName != "fast" {
		t.Errorf("1 GiB takes a quarter and 256 MiB more, in the class of the claim; got %s", size)
	}
	if err := EnsureRepositories(t.Context(), s, class); err != nil {
		t.Fatal(err)
	}
	if missing, err = MissingRepositories(t.Context(), s, class); err != nil || len(missing) != 0 {
		t.Errorf("what is there is not missing, got %d (%v)", len(missing), err)
	}
	back := s
	back.PairUID, back.Lineage = "the way back", s.PairUID
	if missing, err = MissingRepositories(t.Context(), back, class); err != nil || len(missing) != 0 {
		t.Errorf("a pair of the same lineage has them, too, got %d (%v)", len(missing), err)
	}
	other, anew := s, s
	other.PairUID, anew.Source = "an engine of the same name elsewhere", claims("2")
	for what, s := range map[string]Spec{"another pair": other, "claims that were made anew": anew} {
		if missing, err = MissingRepositories(t.Context(), s, class); err != nil || len(missing) != 2 {
			t.Errorf("%s: it shares a repository, %d are missing (%v)", what, len(missing), err)
		}
	}
	s.Mobilizers = []task.Mobilizer{ownMobilizer("s3:https://s3/bucket")}
	s.PairUID = "another"
	if missing, err = MissingRepositories(t.Context(), s, class); err != nil || len(missing) != 0 {
		t.Errorf("a place of the user's own needs no claim, got %d (%v)", len(missing), err)
	}
}
