package check

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func TestSyncName(t *testing.T) {
	for name, c := range map[string]struct{ reason, name, want string }{
		"Own":   {"as the pair names it", "shop-a-restic", ""},
		"Other": {"it would never see its pair", "mine", "this DataSync does not see MovePair shop-a, as its name does not begin with shop-a-: "},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			d := &api.DataSync{ObjectMeta: metav1.ObjectMeta{Name: c.name},
				Spec: api.DataSyncSpec{PairRef: api.LocalReference{Name: "shop-a"}, Mobilizer: "restic"}}
			if p := SyncName(d); p != nil {
				got = p.Reason + ": " + p.Message
			}
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}
