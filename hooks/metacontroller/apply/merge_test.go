package apply

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// mergeCases are held against Metacontroller's own function by the module conformance.
func mergeCases(t *testing.T) []map[string]any {
	t.Helper()
	data, err := os.ReadFile("testdata/merge.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []any
	if err := utiljson.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for _, item := range list {
		out = append(out, item.(map[string]any))
	}
	return out
}

func TestMerge(t *testing.T) {
	for _, c := range mergeCases(t) {
		t.Run(c["name"].(string), func(t *testing.T) {
			observed := c["observed"].(map[string]any)
			before, err := json.Marshal(observed)
			if err != nil {
				t.Fatal(err)
			}
			got := Merge(observed, c["last"].(map[string]any), c["desired"].(map[string]any))
			if diff := cmp.Diff(c["merged"], any(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if after, err := json.Marshal(observed); err != nil || !bytes.Equal(after, before) {
				t.Errorf("what is observed was changed from %s to %s", before, after)
			}
		})
	}
}
