package cluster

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
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
