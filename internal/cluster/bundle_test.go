package cluster

import (
	"context"
	"math/rand"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// noise does not compress.
func noise(n int) string {
	r := rand.New(rand.NewSource(1))
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[r.Intn(36)]
	}
	return string(b)
}

func TestBundle(t *testing.T) {
	ctx := context.Background()
	c := &Cluster{Side: SideHome, Namespace: "shop", Kube: fake.NewClientset()}
	b := Bundle{Name: "plan", Owner: &metav1.OwnerReference{Kind: "MovePair", Name: "p", UID: "u"}, Labels: map[string]string{"l": "v"}}
	// Twice as much as a Secret holds, after compression: 36 characters are 5.2 bits.
	large := noise(3 << 20)
	for _, value := range []string{large, "short", large} {
		if err := c.StoreBundle(ctx, b, value); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := c.LoadBundle(ctx, b.Name, &got); err != nil {
			t.Fatal(err)
		}
		if got != value {
			t.Errorf("got %d characters, want %d", len(got), len(value))
		}
	}
	s, err := c.Kube.CoreV1().Secrets("shop").Get(ctx, "plan-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.OwnerReferences) != 1 || s.Labels["l"] != "v" || s.Labels[api.ManagedByLabel] != api.ManagedByValue {
		t.Errorf("each Secret needs the owner and the labels, got %v and %v", s.OwnerReferences, s.Labels)
	}
	if err := c.Kube.CoreV1().Secrets("shop").Delete(ctx, "plan-1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := c.LoadBundle(ctx, b.Name, &got); KindOf(err) != NotFound {
		t.Errorf("a bundle that is not whole must count as not there, got %v", err)
	}
	for range 2 {
		if err := c.DeleteBundle(ctx, b.Name); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.LoadBundle(ctx, b.Name, &got); KindOf(err) != NotFound {
		t.Errorf("the bundle is deleted, got %v", err)
	}
}
