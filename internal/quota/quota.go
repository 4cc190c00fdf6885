// Package quota works out what of a namespace's ResourceQuotas something takes. A dry run asks
// for one object at a time, and each of them may fit where all of them do not. It is pure.
package quota

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
	helper "k8s.io/component-helpers/resource"
)

// Item is something that takes part of a quota, Count times.
type Item struct {
	Count int64
	// use of one.
	use corev1.ResourceList
	// pod that the scopes of a quota look at; nil: it is no Pod.
	pod *corev1.Pod
}

// Pod takes what its containers ask for. limits are those of the namespace: they fill in what a
// container does not say.
func Pod(spec *corev1.PodSpec, count int64, limits []corev1.LimitRange) Item {
	pod := &corev1.Pod{Spec: *WithDefaults(spec, limits)}
	use := corev1.ResourceList{corev1.ResourcePods: one(), "count/pods": one()}
	for name, q := range helper.PodRequests(pod, helper.PodResourcesOptions{}) {
		use["requests."+name] = q
		// The resources of providers have quotas of requests only.
		if !strings.Contains(string(name), "/") {
			use[name] = q
		}
	}
	for name, q := range helper.PodLimits(pod, helper.PodResourcesOptions{}) {
		if isCompute(name) {
			use["limits."+name] = q
		}
	}
	return Item{Count: count, use: use, pod: pod}
}

func isCompute(name corev1.ResourceName) bool {
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage
}

// classSuffix of the quotas for one StorageClass.
const classSuffix = ".storageclass.storage.k8s.io/"

// Claim takes storage.
func Claim(spec *corev1.PersistentVolumeClaimSpec, count int64) Item {
	size := spec.Resources.Requests[corev1.ResourceStorage]
	use := corev1.ResourceList{
		corev1.ResourcePersistentVolumeClaims: one(),
		"count/persistentvolumeclaims":        one(),
		corev1.ResourceRequestsStorage:        size,
	}
	if class := spec.StorageClassName; class != nil && *class != "" {
		prefix := corev1.ResourceName(*class + classSuffix)
		use[prefix+corev1.ResourcePersistentVolumeClaims] = one()
		use[prefix+corev1.ResourceRequestsStorage] = size
	}
	return Item{Count: count, use: use}
}

// Service takes node ports and balancers.
func Service(spec *corev1.ServiceSpec) Item {
	use := corev1.ResourceList{corev1.ResourceServices: one(), "count/services": one()}
	ports := int64(0)
	switch spec.Type {
	case corev1.ServiceTypeNodePort:
		ports = int64(len(spec.Ports))
	case corev1.ServiceTypeLoadBalancer:
		use[corev1.ResourceServicesLoadBalancers] = one()
		if spec.AllocateLoadBalancerNodePorts == nil || *spec.AllocateLoadBalancerNodePorts {
			ports = int64(len(spec.Ports))
		}
	}
	use[corev1.ResourceServicesNodePorts] = *resource.NewQuantity(ports, resource.DecimalSI)
	return Item{Count: 1, use: use}
}

// Objects take a number. What Pod, Claim and Service say of theirs is counted already.
func Objects(kind schema.GroupResource, count int64) Item {
	use := corev1.ResourceList{corev1.ResourceName("count/" + kind.String()): one()}
	if kind.Group == "" {
		use[corev1.ResourceName(kind.Resource)] = one()
	}
	return Item{Count: count, use: use}
}

func one() resource.Quantity { return *resource.NewQuantity(1, resource.DecimalSI) }

// Shortage is a resource of which a quota has not enough left.
type Shortage struct {
	Resource corev1.ResourceName
	// Needs is what is asked for, Left what is left of Hard.
	Needs, Left, Hard resource.Quantity
}

// Shortages of a quota, by resource, if it had to take all of wanted, once held, which it takes
// now, is gone. ok is false when only the API server knows what the quota is for.
func Shortages(q *corev1.ResourceQuota, wanted, held []Item) (short []Shortage, ok bool) {
	scopes, ok := scopesOf(q)
	if !ok {
		return nil, false
	}
	need, back := sum(wanted, scopes), sum(held, scopes)
	for name, hard := range q.Spec.Hard {
		needs := need[name]
		left := hard.DeepCopy()
		left.Sub(less(q.Status.Used[name], back[name]))
		if !needs.IsZero() && needs.Cmp(left) > 0 {
			short = append(short, Shortage{Resource: name, Needs: needs, Left: atLeastZero(left), Hard: hard})
		}
	}
	slices.SortFunc(short, func(a, b Shortage) int { return strings.Compare(string(a.Resource), string(b.Resource)) })
	return short, true
}

func less(a, b resource.Quantity) resource.Quantity {
	a = a.DeepCopy()
	a.Sub(b)
	return atLeastZero(a)
}

func atLeastZero(q resource.Quantity) resource.Quantity {
	if q.Sign() < 0 {
		return *resource.NewQuantity(0, q.Format)
	}
	return q
}

// sum of what all the items take that a quota is for.
func sum(items []Item, scopes []scope) corev1.ResourceList {
	out := corev1.ResourceList{}
	for _, item := range items {
		if item.Count == 0 || !inScope(item, scopes) {
			continue
		}
		for name, q := range item.use {
			total := q.DeepCopy()
			total.Mul(item.Count)
			if before, there := out[name]; there {
				total.Add(before)
			}
			out[name] = total
		}
	}
	return out
}
