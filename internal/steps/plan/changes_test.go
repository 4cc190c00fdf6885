package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/task"
)

// TestChangesToTheStoredPlan: the plan that was approved is at home, without the values of Secrets.
func TestChangesToTheStoredPlan(t *testing.T) {
	made := func(secret, config string) *application.Plan {
		return &application.Plan{Engine: "shop", Objects: []application.Object{object(t, secret), object(t, config)}}
	}
	const config = `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: "1"}}`
	approved := made(secretText, config)
	home := &cluster.Cluster{Side: cluster.SideHome, Namespace: "shop", Kube: fake.NewClientset()}
	stored := planfile.New(approved)
	stored.Former = &planfile.Former{Hash: "former", Changes: []string{"ConfigMap/c: data.b"}}
	if _, err := store(t.Context(), home, &task.Task{Move: &task.Move{Pair: task.Object{Name: "shop-dst", UID: "pair"}}}, stored); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		reason string
		hash   string
		is     *application.Plan
		want   []string
	}{
		"Same": {"the very plan", approved.Hash(), approved, nil},
		"Field": {"a field that is stored",
			approved.Hash(), made(secretText, strings.Replace(config, `"1"`, `"2"`, 1)), []string{"ConfigMap/c: data.a"}},
		"Secret": {"a value that is not",
			approved.Hash(), made(strings.ReplaceAll(secretText, "aHVzaA==", "b3RoZXI="), config), []string{"values of Secrets, or of patches"}},
		"Former": {"the plan before it", "former", approved, []string{"ConfigMap/c: data.b"}},
		"Both": {"the plan before it, and something else since",
			"former", made(secretText, strings.Replace(config, `"1"`, `"2"`, 1)), []string{"ConfigMap/c: data.a", "ConfigMap/c: data.b"}},
		"Unknown": {"an older plan is not stored any more", "other", made(secretText, strings.Replace(config, `"1"`, `"2"`, 1)), nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Changes(t.Context(), home, "pair", tc.hash, tc.is)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
