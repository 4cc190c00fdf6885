package transfer

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kubemove/kubemove/internal/cluster"
)

func TestWhyNot(t *testing.T) {
	const namespace = "shop"
	meta := metav1.ObjectMeta{Namespace: namespace, Name: "data"}
	claim := func(phase corev1.PersistentVolumeClaimPhase) runtime.Object {
		return &corev1.PersistentVolumeClaim{
			ObjectMeta: meta, Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: new("fast")},
			Status: corev1.PersistentVolumeClaimStatus{Phase: phase},
		}
	}
	worker := func(node string, conditions ...corev1.PodCondition) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "worker"},
			Spec: corev1.PodSpec{NodeName: node, Volumes: []corev1.Volume{
				{Name: "tmp"},
				{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}},
			}},
			Status: corev1.PodStatus{Conditions: conditions},
		}
	}
	noNode := corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable",
		Message: "0/3 nodes are available"}
	for _, test := range []struct {
		reason  string
		objects []runtime.Object
		pod     *corev1.Pod
		want    string
	}{
		{reason: "a Pod that is not there has nothing to tell"},
		{
			reason: "the scheduler's word comes before the claim's", objects: []runtime.Object{claim(corev1.ClaimPending)},
			pod: worker("", noNode), want: "Unschedulable: 0/3 nodes are available",
		},
		{
			reason: "while a volume is made, nothing stands on the Pod", objects: []runtime.Object{claim(corev1.ClaimPending)},
			pod: worker(""), want: "claim data (StorageClass fast) is not bound to a volume yet",
		},
		{reason: "a bound claim is not waited for", objects: []runtime.Object{claim(corev1.ClaimBound)}, pod: worker("")},
		{reason: "a Pod with a node has its volumes", objects: []runtime.Object{claim(corev1.ClaimPending)}, pod: worker("n1")},
	} {
		t.Run(test.reason, func(t *testing.T) {
			c := &cluster.Cluster{Namespace: namespace, Kube: fake.NewClientset(test.objects...)}
			if diff := cmp.Diff(test.want, whyNot(t.Context(), c, test.pod)); diff != "" {
				t.Errorf("whyNot (-want +got):\n%s", diff)
			}
		})
	}
}

// What the provisioner says stands in an event of the claim.
func TestClaimProblemOfProvisioner(t *testing.T) {
	meta := metav1.ObjectMeta{Namespace: "shop", Name: "data"}
	c := &cluster.Cluster{Namespace: "shop", Kube: fake.NewClientset(
		&corev1.PersistentVolumeClaim{ObjectMeta: meta},
		&corev1.Event{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "data.1"}, Type: corev1.EventTypeWarning,
			InvolvedObject: corev1.ObjectReference{Kind: "PersistentVolumeClaim", Name: "data"},
			Reason:         "ProvisioningFailed", Message: "no space in the pool",
		},
	)}
	pod := &corev1.Pod{Spec: corev1.PodSpec{Volumes: []corev1.Volume{
		{VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}},
	}}}
	want := "claim data (no StorageClass) is not bound to a volume yet: ProvisioningFailed: no space in the pool"
	if diff := cmp.Diff(want, claimProblem(t.Context(), c, pod)); diff != "" {
		t.Errorf("claimProblem (-want +got):\n%s", diff)
	}
}
