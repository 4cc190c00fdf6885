package observe

import (
	"context"
	"errors"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/pager"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/check"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/cluster"
)

// list all objects of a kind that is installed. Where the kind is not served, there are none.
func (r *reader) list(ctx context.Context, kind string) (out []unstructured.Unstructured, err error) {
	resource := installation.Resource(kind)
	pages := pager.New(func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		return r.dynamic.Resource(resource).List(ctx, o)
	})
	err = pages.EachListItem(ctx, all, func(o runtime.Object) error {
		out = append(out, *o.(*unstructured.Unstructured))
		return nil
	})
	if fault.IsNotFound(err) {
		return nil, nil
	}
	return out, fault.API("cannot list "+resource.Resource, err)
}

// definitions of the wanted kinds that are there, each by its name: a cluster may have many others, which are large.
func (r *reader) definitions(ctx context.Context, wanted []unstructured.Unstructured) ([]unstructured.Unstructured, error) {
	list := installation.Of(wanted, installation.Definition)
	found := make([]*unstructured.Unstructured, len(list))
	errs := cluster.Each(ctx, len(list), func(i int) (err error) {
		found[i], err = r.dynamic.Resource(installation.Resource(installation.Definition)).Get(ctx, list[i].GetName(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			found[i], err = nil, nil
		}
		return err
	})
	var out []unstructured.Unstructured
	for _, d := range found {
		if d != nil {
			out = append(out, *d)
		}
	}
	return out, fault.API("cannot read the definitions of KubeMove's kinds", cluster.First(errs))
}

func (r *reader) deployments(ctx context.Context) ([]appsv1.Deployment, error) {
	l, err := r.core.AppsV1().Deployments(installation.Namespace).List(ctx, all)
	if err != nil {
		return nil, fault.API("cannot list deployments in namespace "+installation.Namespace, err)
	}
	return l.Items, nil
}

func (r *reader) pods(ctx context.Context) ([]corev1.Pod, error) {
	l, err := r.core.CoreV1().Pods(installation.Namespace).List(ctx, all)
	if err != nil {
		return nil, fault.API("cannot list pods in namespace "+installation.Namespace, err)
	}
	return l.Items, nil
}

// shared Metacontroller, as far as there is one.
func (r *reader) shared(ctx context.Context) (out check.Metacontroller, err error) {
	const ns = check.SharedNamespace
	sets, err := r.core.AppsV1().StatefulSets(ns).List(ctx, all)
	if err != nil {
		return out, fault.API("cannot list statefulsets in namespace "+ns, err)
	}
	deployments, err := r.core.AppsV1().Deployments(ns).List(ctx, all)
	if err != nil {
		return out, fault.API("cannot list deployments in namespace "+ns, err)
	}
	out.StatefulSets, out.Deployments = sets.Items, deployments.Items
	if len(out.StatefulSets)+len(out.Deployments) == 0 {
		return out, nil
	}
	leases, err := r.core.CoordinationV1().Leases(ns).List(ctx, all)
	if err != nil {
		return out, fault.API("cannot list leases in namespace "+ns, err)
	}
	out.Leases = leases.Items
	return out, nil
}

// mobilizers are the files of the ConfigMap that the Deployment of the hooks mounts.
func (r *reader) mobilizers(ctx context.Context, deployments check.Seen[[]appsv1.Deployment]) (map[string]string, error) {
	if deployments.Problem != "" {
		return nil, errors.New(deployments.Problem)
	}
	for i := range deployments.Value {
		for _, v := range deployments.Value[i].Spec.Template.Spec.Volumes {
			if v.Name != "mobilizers" || v.ConfigMap == nil {
				continue
			}
			m, err := r.core.CoreV1().ConfigMaps(installation.Namespace).Get(ctx, v.ConfigMap.Name, metav1.GetOptions{})
			if err != nil {
				return nil, fault.API("cannot read the ConfigMap "+v.ConfigMap.Name, err)
			}
			return m.Data, nil
		}
	}
	return nil, errors.New("the hooks are not installed")
}

// workloads that may have annotations of a move.
var workloads = map[string]schema.GroupVersionResource{
	"Deployment":  {Group: "apps", Version: "v1", Resource: "deployments"},
	"StatefulSet": {Group: "apps", Version: "v1", Resource: "statefulsets"},
	"ReplicaSet":  {Group: "apps", Version: "v1", Resource: "replicasets"},
	"CronJob":     {Group: "batch", Version: "v1", Resource: "cronjobs"},
}

// metadataOf all objects of some kinds that a selector matches.
func (r *reader) metadataOf(ctx context.Context, kinds map[string]schema.GroupVersionResource, selector string) (
	out []metav1.PartialObjectMetadata, err error,
) {
	for kind, resource := range kinds {
		pages := pager.New(func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return r.metadata.Resource(resource).Namespace(r.namespace).List(ctx, o)
		})
		err := pages.EachListItem(ctx, metav1.ListOptions{LabelSelector: selector}, func(o runtime.Object) error {
			m := o.(*metav1.PartialObjectMetadata)
			m.Kind = kind
			out = append(out, *m)
			return nil
		})
		if err != nil {
			return nil, fault.API("cannot list "+resource.Resource, err)
		}
	}
	return out, nil
}

// annotated workloads. What a Deployment makes repeats its annotations, and is no member by itself.
func (r *reader) annotated(ctx context.Context) ([]metav1.PartialObjectMetadata, error) {
	list, err := r.metadataOf(ctx, workloads, "")
	return slices.DeleteFunc(list, func(m metav1.PartialObjectMetadata) bool {
		if metav1.GetControllerOfNoCopy(&m) != nil {
			return true
		}
		for _, key := range []string{api.ApplyAnnotation, api.EnableAnnotation, api.EngineAnnotation} {
			if _, has := m.Annotations[key]; has {
				return false
			}
		}
		return true
	}), err
}

// work are the objects that KubeMove made for pairs. Of Secrets only the metadata is read.
func (r *reader) work(ctx context.Context) ([]metav1.PartialObjectMetadata, error) {
	return r.metadataOf(ctx, map[string]schema.GroupVersionResource{
		"Pod": {Version: "v1", Resource: "pods"}, "Secret": {Version: "v1", Resource: "secrets"},
		"PersistentVolumeClaim": {Version: "v1", Resource: "persistentvolumeclaims"},
	}, api.PairLabel)
}

func (r *reader) locks(ctx context.Context) ([]coordinationv1.Lease, error) {
	l, err := r.core.CoordinationV1().Leases(r.namespace).List(ctx,
		metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, api.LockName).String()})
	if err != nil {
		return nil, fault.API("cannot list leases", err)
	}
	return l.Items, nil
}

func (r *reader) uid(ctx context.Context) (string, error) {
	ns, err := r.core.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", fault.API("cannot read namespace "+metav1.NamespaceSystem, err)
	}
	return string(ns.UID), nil
}

// virtualNodes stand for other clusters: those of Kosmos by their taint, those of virtual kubelets by their label.
func (r *reader) virtualNodes(ctx context.Context) (out []string, err error) {
	l, err := r.core.CoreV1().Nodes().List(ctx, all)
	if err != nil {
		return nil, fault.API("cannot list nodes", err)
	}
	for i := range l.Items {
		n := &l.Items[i]
		tainted := slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool {
			return strings.HasPrefix(t.Key, "kosmos.io/") || strings.HasPrefix(t.Key, "virtual-kubelet.io/")
		})
		if tainted || n.Labels["type"] == "virtual-kubelet" {
			out = append(out, "node/"+n.Name)
		}
	}
	return out, nil
}
