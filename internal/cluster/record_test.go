package cluster

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestRecordOfAnySize(t *testing.T) {
	var large []string
	for i := range 20_000 {
		large = append(large, fmt.Sprintf("an-object-with-a-name-of-more-than-sixty-characters-as-charts-make-them-%d", i))
	}
	for name, c := range map[string]struct {
		reason string
		record []string
		plain  bool
	}{
		"small": {"people read it at night", []string{"web"}, true},
		"large": {"a ConfigMap holds 1 MiB", large, false},
	} {
		t.Run(name, func(t *testing.T) {
			cm := &corev1.ConfigMap{}
			if err := encodeRecord(cm, c.record); err != nil {
				t.Fatal(err)
			}
			if size := cm.Size(); size > 1<<20 || c.plain != (cm.Data[recordKey] != "") {
				t.Errorf("%s: %d bytes, as JSON: %v", c.reason, size, cm.Data[recordKey] != "")
			}
			var got []string
			if err := decodeRecord(cm, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.record, got); diff != "" {
				t.Errorf("the record has changed (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDamagedRecord: the switch stands still until the record is readable or gone, so the error says how.
func TestDamagedRecord(t *testing.T) {
	name := RecordName("u")
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop", ResourceVersion: "1"},
		Data: map[string]string{recordKey: "password: hunter2"}}
	c := &Cluster{Side: SideTarget, Namespace: "shop", Kube: fake.NewClientset(cm)}
	var out map[string]any
	_, err := c.ReadRecord(t.Context(), "u", &out)
	if KindOf(err) != Invalid {
		t.Fatalf("got %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "kubectl -n shop delete configmap "+name) || strings.Contains(text, "hunter2") {
		t.Errorf("it says %q", text)
	}
}

// TestRecords: those of all switches, and nothing else that KubeMove has written there.
func TestRecords(t *testing.T) {
	note := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kubemove-note", Namespace: "shop",
		Labels: map[string]string{"app.kubernetes.io/managed-by": "kubemove"}}}
	foreign := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: RecordName("foreign"), Namespace: "shop"}}
	c := &Cluster{Side: SideTarget, Namespace: "shop", Kube: fake.NewClientset(note, foreign)}
	for _, uid := range []string{"a", "b"} {
		if _, err := c.WriteRecord(t.Context(), Holder{UID: uid}, "", map[string]string{"switch": uid}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := c.Records(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range list {
		var out map[string]string
		if err := r.Decode(&out); err != nil {
			t.Fatal(err)
		}
		got[r.Name] = out["switch"]
	}
	if diff := cmp.Diff(map[string]string{RecordName("a"): "a", RecordName("b"): "b"}, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}
