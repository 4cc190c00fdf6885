package cutover

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// TestObserveOthers: a roll back that counts as dead, and goes on when the next cutover has begun, would
// start the source beside it.
func TestObserveOthers(t *testing.T) {
	pod := func(verb, of string, phase corev1.PodPhase) *corev1.Pod {
		return &corev1.Pod{Status: corev1.PodStatus{Phase: phase},
			ObjectMeta: metav1.ObjectMeta{Name: verb + "-" + of, Namespace: "shop", Labels: map[string]string{api.StepLabel: verb},
				Annotations: map[string]string{task.TaskAnnotation: `{"apiVersion":"` + task.APIVersion + `","verb":"` + verb +
					`","run":{"id":"r"},"move":{"switch":{"uid":"` + of + `"}}}`}}}
	}
	cutover, rollback := pod("cutover", self, corev1.PodRunning), pod("rollback", self, corev1.PodRunning)
	ended := pod("rollback", self, corev1.PodSucceeded)
	for name, c := range map[string]struct {
		reason   string
		rollback bool
		pods     []*corev1.Pod
		want     []string
	}{
		"Cutover":     {"it may still act", false, []*corev1.Pod{cutover}, []string{"Pod/" + cutover.Name}},
		"RollBack":    {"it may start the source again", false, []*corev1.Pod{rollback}, []string{"Pod/" + rollback.Name}},
		"Ended":       {"it does nothing any more", false, []*corev1.Pod{ended}, nil},
		"OtherSwitch": {"it acts for another one", false, []*corev1.Pod{pod("rollback", "other", corev1.PodRunning)}, nil},
		"WhileUndoing": {"the cutover is waited for, and another roll back does the same",
			true, []*corev1.Pod{cutover, rollback}, []string{"Pod/" + cutover.Name}},
	} {
		t.Run(name, func(t *testing.T) {
			kube := fake.NewClientset()
			for _, p := range c.pods {
				if err := kube.Tracker().Add(p); err != nil {
					t.Fatal(err)
				}
			}
			home := homeCluster{&cluster.Cluster{Side: cluster.SideHome, Namespace: "shop", Kube: kube}}
			s, o := &switcher{us: us, rollback: c.rollback, home: home}, &Observed{}
			if err := s.observeOthers(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, o.Others); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}

// TestObserveNamespace: a namespace that another client has deleted keeps no roll back waiting for its lock.
func TestObserveNamespace(t *testing.T) {
	there := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}
	going := there.DeepCopy()
	going.DeletionTimestamp, going.Finalizers = new(metav1.Now()), []string{"kubernetes"}
	for name, c := range map[string]struct {
		reason    string
		namespace *corev1.Namespace
		rollback  bool
		want      bool
	}{
		"There":   {"it can be locked", there, true, false},
		"Going":   {"nothing can be created in it any more", going, true, true},
		"Gone":    {"there is nothing to lock", nil, true, true},
		"Cutover": {"a cutover cannot do without", nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			kube := fake.NewClientset()
			if c.namespace != nil {
				if err := kube.Tracker().Add(c.namespace); err != nil {
					t.Fatal(err)
				}
			}
			at := func(name string, kube *fake.Clientset) side {
				return side{&cluster.Cluster{Side: name, Namespace: "shop", Kube: kube}}
			}
			source, target := at(cluster.SideSource, fake.NewClientset()), at(cluster.SideTarget, kube)
			s, o := &switcher{us: us, rollback: c.rollback, source: source, target: target}, &Observed{}
			if err := s.observeLocks(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if o.TargetGone != c.want {
				t.Errorf("%s: got %t", c.reason, o.TargetGone)
			}
		})
	}
}

// TestObserveEmptiedRecord: a record that another client has emptied says nothing, as one that it has deleted.
func TestObserveEmptiedRecord(t *testing.T) {
	s, now := fakeSwitcher(t), time.Now()
	clusterOf(s.source).Kube, clusterOf(s.target).Kube = versioned(), versioned()
	for _, c := range []endpoint{s.target, s.source} {
		if err := s.update(t.Context(), c, true, func(r *Record) { r.PlanHash, r.CommittedAt = "h", &now }); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		reason string
		data   string
		lost   bool
	}{
		"Kept":    {"it is the switch's", "", false},
		"Emptied": {"no times are no proof that nothing has happened", "{}", true},
	} {
		t.Run(name, func(t *testing.T) {
			maps := clusterOf(s.target).Kube.CoreV1().ConfigMaps("shop")
			cm, err := maps.Get(t.Context(), cluster.RecordName(self), metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			was := cm.DeepCopy()
			if c.data != "" {
				cm.Data = map[string]string{"record.json": c.data}
			}
			if _, err := maps.Update(t.Context(), cm, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			o := &Observed{}
			if err := s.observeRecords(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if o.TargetLost != c.lost || o.Record.CommittedAt == nil {
				t.Errorf("%s: lost %t, record %+v", c.reason, o.TargetLost, o.Record)
			}
			if _, err := maps.Update(t.Context(), was, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
		})
	}
}
