package plan

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

const (
	// isDefaultClass is the annotation of the class of claims that name none.
	isDefaultClass = "storageclass.kubernetes.io/is-default-class"
	// byHand is the provisioner of classes whose volumes an administrator makes.
	byHand = "kubernetes.io/no-provisioner"
)

// Classes are the StorageClasses of the target.
type Classes struct {
	list []storagev1.StorageClass
	// unseen: the account may not list them.
	unseen bool
}

// ReadClasses of the target.
func ReadClasses(ctx context.Context, target *cluster.Cluster) (Classes, error) {
	list, err := target.Kube.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	switch err := target.Wrap("list the StorageClasses", err); {
	case cluster.KindOf(err) == cluster.Forbidden:
		return Classes{unseen: true}, nil
	case err != nil:
		return Classes{}, err
	}
	return Classes{list: list.Items}, nil
}

// Unprobed says why no claim is made to try the volumes of the plan's claim; empty: one can be made
// and leaves nothing behind.
func (c Classes) Unprobed(claim *unstructured.Unstructured) string {
	if claim == nil {
		return "KubeMove does not create the claim"
	}
	name, named, _ := unstructured.NestedString(claim.Object, "spec", "volumeName")
	_, selects, _ := unstructured.NestedMap(claim.Object, "spec", "selector")
	if named && name != "" || selects {
		return "the claim is for a volume that exists"
	}
	if c.unseen {
		return "the account at the target may not list StorageClasses"
	}
	class := c.of(claim)
	switch {
	case class == nil:
		return "it has no StorageClass that makes volumes"
	case class.Provisioner == byHand:
		return fmt.Sprintf("the volumes of StorageClass %s are made by hand", class.Name)
	case class.ReclaimPolicy != nil && *class.ReclaimPolicy == corev1.PersistentVolumeReclaimRetain:
		return fmt.Sprintf("StorageClass %s has the reclaim policy Retain, so the PersistentVolume of a probe would be left", class.Name)
	}
	return ""
}

// of a claim; nil: there is none. Of several default ones the newest counts.
func (c Classes) of(claim *unstructured.Unstructured) *storagev1.StorageClass {
	name, named, _ := unstructured.NestedString(claim.Object, "spec", "storageClassName")
	var out *storagev1.StorageClass
	for i := range c.list {
		class := &c.list[i]
		switch {
		case named && class.Name == name:
			return class
		case !named && class.Annotations[isDefaultClass] == "true" && (out == nil || out.CreationTimestamp.Before(&class.CreationTimestamp)):
			out = class
		}
	}
	return out
}

// warnUnprobed names the claims whose volumes cannot be tried before the application is stopped. A worker
// of root with all rights to copy can hardly fail there.
func warnUnprobed(p *application.Plan, c Classes) {
	if c.unseen {
		return // It is warned of already.
	}
	var told []string
	for _, v := range p.Volumes {
		claim := p.Claim(v.Target)
		if v.Policy != api.ClaimCopy || claim == nil || len(v.Worker(true).Capabilities) == len(application.CopyCapabilities()) {
			continue
		}
		why := c.Unprobed(claim)
		if why == "" || slices.Contains(told, why) {
			continue
		}
		told = append(told, why)
		p.AddWarning(claimRef(v.Target), "it is not tried before the move whether user %d may write to a new volume of claim %s: %s",
			*v.Worker(true).UID, v.Target, why)
	}
}

// Privileged says whether an administrator of an endpoint allows privileged workers in its namespace
// now.
func Privileged(ctx context.Context, c *cluster.Cluster) (bool, error) {
	where, err := readNamespace(ctx, c)
	return where.privileged(), err
}
