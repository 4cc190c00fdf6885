package plan

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

func class(name, provisioner string, change func(*storagev1.StorageClass)) storagev1.StorageClass {
	c := storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: provisioner}
	if change != nil {
		change(&c)
	}
	return c
}

func someClasses() Classes {
	retain := corev1.PersistentVolumeReclaimRetain
	isDefault := func(at int64) func(*storagev1.StorageClass) {
		return func(c *storagev1.StorageClass) {
			c.Annotations = map[string]string{isDefaultClass: "true"}
			c.CreationTimestamp = metav1.NewTime(time.Unix(at, 0))
		}
	}
	return Classes{list: []storagev1.StorageClass{
		class("kept", "csi", func(c *storagev1.StorageClass) { c.ReclaimPolicy = &retain }),
		class("hand", byHand, nil), class("fast", "csi", nil),
		class("newer", "csi", isDefault(2)), class("older", byHand, isDefault(1)),
	}}
}

func claimSpec(spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
}

func TestUnprobed(t *testing.T) {
	cases := map[string]struct {
		reason  string
		classes Classes
		claim   *unstructured.Unstructured
		want    string
	}{
		"Dynamic": {"a probe claim goes with its volume", someClasses(), claimSpec(map[string]any{"storageClassName": "fast"}), ""},
		"Default": {"the newest default class counts", someClasses(), claimSpec(map[string]any{}), ""},
		"Retain": {"each probe would leave a volume",
			someClasses(), claimSpec(map[string]any{"storageClassName": "kept"}), "reclaim policy Retain"},
		"ByHand": {"a probe would take a volume that is meant for the application",
			someClasses(), claimSpec(map[string]any{"storageClassName": "hand"}), "made by hand"},
		"None":      {"the empty class is none", someClasses(), claimSpec(map[string]any{"storageClassName": ""}), "no StorageClass"},
		"NoDefault": {"nothing makes a volume", Classes{}, claimSpec(map[string]any{}), "no StorageClass"},
		"Named": {"the volume is there",
			someClasses(), claimSpec(map[string]any{"storageClassName": "fast", "volumeName": "pv"}), "a volume that exists"},
		"Selected": {"the volume is there",
			someClasses(), claimSpec(map[string]any{"storageClassName": "fast", "selector": map[string]any{}}), "a volume that exists"},
		"Unseen":  {"the class may be any", Classes{unseen: true}, claimSpec(map[string]any{"storageClassName": "fast"}), "may not list"},
		"Missing": {"another one makes the claim", someClasses(), nil, "does not create"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := tc.classes.Unprobed(tc.claim)
			if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("%s: got %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

func TestWarnUnprobed(t *testing.T) {
	claim := func(name, class string) application.Object {
		return application.Object{Ref: application.Ref{Kind: "PersistentVolumeClaim", Name: name},
			Object: *claimSpec(map[string]any{"storageClassName": class})}
	}
	user := application.Identity{UID: num(1001)}
	p := &application.Plan{
		Objects: []application.Object{claim("a", "kept"), claim("b", "kept"), claim("c", "fast"), claim("d", "kept")},
		Volumes: []application.Volume{
			{Name: "d", Target: "d", Policy: api.ClaimCopy,
				Identity: application.Identity{UID: num(0), Capabilities: application.CopyCapabilities()}},
			{Name: "a", Target: "a", Policy: api.ClaimCopy, Identity: user}, {Name: "b", Target: "b", Policy: api.ClaimCopy, Identity: user},
			{Name: "c", Target: "c", Policy: api.ClaimCopy, Identity: user}, {Name: "e", Target: "e", Policy: api.ClaimSkip, Identity: user},
		},
	}
	warnUnprobed(p, someClasses())
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "user 1001 may write to a new volume of claim a: StorageClass kept") {
		t.Errorf("one line for a class, and none for workers of root: %q", p.Warnings)
	}
}
