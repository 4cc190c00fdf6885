package hooks_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/hooks/server"
)

// BenchmarkSync is one call with 100 children, each a finished Job as Metacontroller sends it:
// with the managed fields, and with its copy of what it applied.
func BenchmarkSync(b *testing.B) {
	body := hundredJobs(b)
	h := simulation.Router(func() time.Time { return simulation.Start.Add(time.Hour) })
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/v1/movepair/sync", bytes.NewReader(body))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

func hundredJobs(tb testing.TB) []byte {
	f := simulation.NewFlow(tb)
	f.World.Create(simulation.Engine(nil))
	f.Settle()
	plan := f.World.List(hooks.KindJob)[0]
	applied, err := json.Marshal(plan.Object)
	if err != nil {
		tb.Fatal(err)
	}
	managed := []any{map[string]any{"manager": "metacontroller", "operation": "Update", "fieldsType": "FieldsV1",
		"fieldsV1": fieldsOf(plan.Object)}}
	for i := range 99 {
		o := plan.DeepCopy()
		o.SetName(fmt.Sprintf("%s%d", strings.TrimSuffix(plan.GetName(), "1"), i+2))
		f.World.Create(o)
		id := simulation.ID{Kind: hooks.KindJob, Name: o.GetName()}
		f.World.Update(id, func(o *unstructured.Unstructured) {
			o.SetAnnotations(map[string]string{"metacontroller.k8s.io/last-applied-configuration": string(applied)})
			labels := o.GetLabels()
			labels["kubemove.io/attempt"] = fmt.Sprint(i + 2)
			o.SetLabels(labels)
			_ = unstructured.SetNestedSlice(o.Object, managed, "metadata", "managedFields")
			o.Object["status"] = map[string]any{"failed": int64(3), "conditions": []any{map[string]any{
				"type": "Failed", "status": "True", "lastTransitionTime": "2026-11-21T08:10:00Z",
			}}}
		})
	}
	body, err := f.Metacontroller.Request(server.Controllers()[1], simulation.PairID.Name)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// fieldsOf is the shape of managed fields of an object.
func fieldsOf(x any) map[string]any {
	out := map[string]any{}
	if m, ok := x.(map[string]any); ok {
		for k, v := range m {
			out["f:"+k] = fieldsOf(v)
		}
	}
	return out
}
