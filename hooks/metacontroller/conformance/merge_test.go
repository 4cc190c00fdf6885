package conformance

import (
	"os"
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/util/json"
	"metacontroller/pkg/dynamic/apply"
)

// The package apply merges as Metacontroller does: both are held against the same cases.
func TestMerge(t *testing.T) {
	data, err := os.ReadFile("../apply/testdata/merge.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []any
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("there are no cases")
	}
	for _, item := range list {
		c := item.(map[string]any)
		t.Run(c["name"].(string), func(t *testing.T) {
			got, err := apply.Merge(c["observed"].(map[string]any), c["last"].(map[string]any), c["desired"].(map[string]any))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(c["merged"], got) {
				t.Errorf("got %v, want %v", got, c["merged"])
			}
		})
	}
}
