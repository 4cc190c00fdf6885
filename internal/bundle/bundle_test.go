package bundle

import (
	"errors"
	"math/rand"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// noise does not compress, so that a small size gives several Secrets.
func noise(n int) string {
	r := rand.New(rand.NewSource(1))
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[r.Intn(36)]
	}
	return string(b)
}

func secrets(t *testing.T, b Bundle, value any) []corev1.Secret {
	t.Helper()
	list, err := b.Secrets("shop", value)
	if err != nil {
		t.Fatal(err)
	}
	var out []corev1.Secret
	for _, s := range list {
		out = append(out, *s)
	}
	return out
}

func TestSecrets(t *testing.T) {
	value := map[string]string{"a": noise(5000), "b": "x"}
	b := Bundle{Name: "plan", Owner: &metav1.OwnerReference{Kind: "MovePair", Name: "p", UID: "u"},
		Labels: map[string]string{"l": "v"}, Size: 1000}
	got := secrets(t, b, value)
	if len(got) < 3 {
		t.Fatalf("got %d Secrets, want several", len(got))
	}
	for i, s := range got {
		if len(s.Data["data"]) > 1000 {
			t.Errorf("%s has %d bytes, more than allowed", s.Name, len(s.Data["data"]))
		}
		if s.Name != PartName("plan", i) || s.Namespace != "shop" || s.Type != Type {
			t.Errorf("Secret %d is %s/%s of type %s", i, s.Namespace, s.Name, s.Type)
		}
		want := map[string]string{"l": "v", api.ManagedByLabel: api.ManagedByValue, Label: ShortHash("plan")}
		if diff := cmp.Diff(want, s.Labels); diff != "" || len(s.OwnerReferences) != 1 {
			t.Errorf("each Secret needs the owner and the labels: -want +got:\n%s", diff)
		}
	}
	var read map[string]string
	if err := Read(got, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(value, read); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(got, secrets(t, b, value)); diff != "" {
		t.Error("the same value gives other Secrets: a bundle would be written again for nothing")
	}
}

func TestReadRefuses(t *testing.T) {
	whole := secrets(t, Bundle{Name: "plan", Size: 1000}, noise(5000))
	other := secrets(t, Bundle{Name: "plan", Size: 1000}, noise(5001)+"!")
	foreign := *whole[0].DeepCopy()
	foreign.Type = corev1.SecretTypeOpaque
	unmarked := *whole[0].DeepCopy()
	unmarked.Annotations = nil
	cases := map[string]struct {
		reason string
		parts  []corev1.Secret
		want   error
	}{
		"Whole":    {"all parts of one writing", whole, nil},
		"None":     {"there is nothing to read", nil, ErrTorn},
		"Missing":  {"the last part is not there", whole[:len(whole)-1], ErrTorn},
		"More":     {"a part too many", append(whole[:len(whole):len(whole)], other[1]), ErrTorn},
		"Mixed":    {"a part of another writing", append([]corev1.Secret{other[0]}, whole[1:]...), ErrTorn},
		"Foreign":  {"a user's Secret of that name", []corev1.Secret{foreign}, ErrForeign},
		"Unmarked": {"without the number of parts it is no bundle", []corev1.Secret{unmarked}, ErrForeign},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var out string
			if err := Read(tc.parts, &out); !errors.Is(err, tc.want) || tc.want == nil && err != nil {
				t.Errorf("%s: got %v, want %v", tc.reason, err, tc.want)
			}
		})
	}
}

// TestUnzipSaysNothing of what it was given: that may hold values of Secrets.
func TestUnzipSaysNothing(t *testing.T) {
	data, err := Zip("hush")
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []any{new(int), new(struct{})} {
		err := Unzip(data, out)
		if err == nil || err.Error() != "cannot decode: it is no JSON of KubeMove's" {
			t.Errorf("got %v", err)
		}
	}
}
