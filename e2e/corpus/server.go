package corpus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/util/csaupgrade"

	"github.com/kubemove/kubemove/e2e/lab"
	"github.com/kubemove/kubemove/internal/application"
)

// server is the API server as the people and the controllers of a cluster use it.
type server struct {
	config  *rest.Config
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

func newServer(config *rest.Config) (*server, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = -1, -1
	config.WarningHandler = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return &server{config: config, dynamic: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))}, nil
}

// mapping of a kind; one that is not served is defined first.
func (s *server) mapping(ctx context.Context, kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	m, err := s.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if !meta.IsNoMatchError(err) || kind.Group == "" {
		return m, err
	}
	if others, err := s.mapper.RESTMappings(kind.GroupKind()); err == nil && len(others) > 0 {
		return nil, fmt.Errorf("%s %s is served as %s only", kind.GroupVersion(), kind.Kind, others[0].GroupVersionKind.GroupVersion())
	}
	if _, err := s.apply(ctx, definition(kind)); err != nil {
		return nil, err
	}
	err = lab.Await(ctx, 20*time.Second, kind.Kind+" to be served", func(context.Context) error {
		s.mapper.Reset()
		m, err = s.mapper.RESTMapping(kind.GroupKind(), kind.Version)
		return err
	})
	return m, err
}

func (s *server) resource(ctx context.Context, o *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	m, err := s.mapping(ctx, o.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	if m.Scope.Name() == meta.RESTScopeNameNamespace {
		return s.dynamic.Resource(m.Resource).Namespace(o.GetNamespace()), nil
	}
	return s.dynamic.Resource(m.Resource), nil
}

// isNamespaced says whether objects of the kind lie in namespaces.
func (s *server) isNamespaced(ctx context.Context, o *unstructured.Unstructured) (bool, error) {
	m, err := s.mapping(ctx, o.GroupVersionKind())
	if err != nil {
		return false, err
	}
	return m.Scope.Name() == meta.RESTScopeNameNamespace, nil
}

// The field managers of kubectl apply --server-side and of kubectl apply.
const (
	kubectl         = "kubectl"
	clientSideApply = "kubectl-client-side-apply"
)

// apply is what kubectl apply --server-side does.
func (s *server) apply(ctx context.Context, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	r, err := s.resource(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.GetName() == "" {
		return nil, errors.New("it has no name: expected metadata.name")
	}
	return r.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: kubectl, Force: true})
}

// tryApply is what kubectl apply --server-side does with the next release, without --force-conflicts: what
// kubectl apply has written before becomes its own, and nothing is taken from other managers.
func (s *server) tryApply(ctx context.Context, o *unstructured.Unstructured) error {
	r, err := s.resource(ctx, o)
	if err != nil {
		return err
	}
	live, err := r.Get(ctx, o.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	upgrade, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(clientSideApply), kubectl)
	if err != nil {
		return err
	}
	if upgrade != nil {
		if _, err := r.Patch(ctx, o.GetName(), types.JSONPatchType, upgrade, metav1.PatchOptions{FieldManager: kubectl}); err != nil {
			return err
		}
	}
	_, err = r.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: kubectl, DryRun: []string{metav1.DryRunAll}})
	return err
}

// managers of the fields of an object.
func (s *server) managers(ctx context.Context, o *unstructured.Unstructured) ([]string, error) {
	r, err := s.resource(ctx, o)
	if err != nil {
		return nil, err
	}
	live, err := r.Get(ctx, o.GetName(), metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, m := range live.GetManagedFields() {
		out = append(out, m.Manager)
	}
	return out, nil
}

// applyOld is what kubectl apply does: it writes down what was applied.
func (s *server) applyOld(ctx context.Context, o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	r, err := s.resource(ctx, o)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	old := o.DeepCopy()
	annotations := old.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["kubectl.kubernetes.io/last-applied-configuration"] = string(data)
	old.SetAnnotations(annotations)
	return r.Create(ctx, old, metav1.CreateOptions{FieldManager: clientSideApply})
}

// carryOut makes one write of Age.
func (s *server) carryOut(ctx context.Context, w Write) error {
	r, err := s.resource(ctx, &w.Object)
	if err != nil {
		return err
	}
	if w.Patch == nil {
		_, err = r.Create(ctx, &w.Object, metav1.CreateOptions{FieldManager: kubeSystem})
		return err
	}
	patch, err := json.Marshal(w.Patch)
	if err != nil {
		return err
	}
	var sub []string
	if w.Status {
		sub = []string{"status"}
	}
	_, err = r.Patch(ctx, w.Object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{FieldManager: kubeSystem}, sub...)
	return err
}

// agedKinds are read to know what is still to be written.
var agedKinds = append(application.Kinds(),
	schema.GroupVersionResource{Version: "v1", Resource: "endpoints"},
	schema.GroupVersionResource{Version: "v1", Resource: "resourcequotas"},
	schema.GroupVersionResource{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
)

// list reads the objects of a namespace.
func (s *server) list(ctx context.Context, namespace string) ([]unstructured.Unstructured, error) {
	var out []unstructured.Unstructured
	for _, gvr := range agedKinds {
		page, err := s.dynamic.Resource(gvr).Namespace(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("cannot list %s: %w", gvr.Resource, err)
		}
		out = append(out, page.Items...)
	}
	return out, nil
}

// age lets the controllers have their rounds. What the API server refuses of it is returned: a
// cluster would not have it either.
func (s *server) age(ctx context.Context, namespace string) (writes int, refused []string, err error) {
	const most = 8
	given := map[string]bool{}
	for range most {
		objects, err := s.list(ctx, namespace)
		if err != nil {
			return writes, refused, err
		}
		progress := false
		for _, w := range Age(objects) {
			if given[w.Key()] {
				continue
			}
			err := s.carryOut(ctx, w)
			switch {
			case err == nil:
				writes, progress = writes+1, true
			case apierrors.IsInvalid(err), apierrors.IsForbidden(err), apierrors.IsBadRequest(err):
				given[w.Key()] = true
				refused = append(refused, fmt.Sprintf("%s: %v", w.Key(), err))
			default:
				return writes, refused, fmt.Errorf("cannot %s: %w", w.Key(), err)
			}
		}
		if !progress {
			return writes, refused, nil
		}
	}
	return writes, refused, fmt.Errorf("controllers still write after %d rounds: Age has no end for these objects", most)
}

// closeExternal gives the node ports and addresses of a namespace free: the target of a move has
// its own, and here both are one cluster.
func (s *server) closeExternal(ctx context.Context, namespace string) error {
	services := s.dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "services"}).Namespace(namespace)
	list, err := services.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range list.Items {
		o := &list.Items[i]
		if len(o.GetFinalizers()) > 0 {
			if err := s.carryOut(ctx, Write{Object: *o, Patch: map[string]any{"metadata": map[string]any{"finalizers": nil}}}); err != nil {
				return err
			}
		}
		if err := services.Delete(ctx, o.GetName(), metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	return nil
}
