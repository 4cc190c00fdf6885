package cutover

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// definitionKind has to be served before an object of the kind that it defines is created.
const definitionKind = "CustomResourceDefinition"

// established waits until the API server serves the objects of a definition.
func established(ctx context.Context, r dynamic.ResourceInterface, name string) error {
	const limit = 30 * time.Second
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		u, err := r.Get(ctx, name, metav1.GetOptions{})
		if err == nil && conditionTrue(u, "Established") {
			return nil
		}
		if sleep(ctx, pause); ctx.Err() != nil {
			return fmt.Errorf("the target does not serve the kind of %s within %s of its creation", name, limit)
		}
	}
}

func conditionTrue(u *unstructured.Unstructured, kind string) bool {
	conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(c any) bool {
		m, _ := c.(map[string]any)
		return m["type"] == kind && m["status"] == "True"
	})
}
