package plan

import (
	"context"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// clusterScoped are the cluster-wide objects of the source that may give accounts of the application
// rights, or have the API server call it.
type clusterScoped struct {
	objects []unstructured.Unstructured
	// unseen: the account may not list ClusterRoleBindings.
	unseen bool
}

// readClusterScoped reads the ClusterRoleBindings that concern accounts of the namespace, the ClusterRoles
// that these and the RoleBindings among the objects name, and what calls its Services.
func readClusterScoped(ctx context.Context, source *cluster.Cluster, objects []unstructured.Unstructured) (clusterScoped, error) {
	var out clusterScoped
	roles := map[string]bool{}
	for _, o := range objects {
		if application.RefOf(&o) == (application.Ref{Group: rbacv1.GroupName, Kind: "RoleBinding", Name: o.GetName()}) {
			addRole(roles, &o)
		}
	}
	all, err := source.ListClusterScoped(ctx, rbacv1.SchemeGroupVersion.WithResource("clusterrolebindings"))
	switch cluster.KindOf(err) {
	case "":
	case cluster.Forbidden:
		out.unseen = true
	default:
		return out, err
	}
	for _, b := range all {
		if namesAccount(&b, source.Namespace) {
			out.objects = append(out.objects, b)
			addRole(roles, &b)
		}
	}
	for name := range roles {
		role, err := source.Get(ctx, rbacv1.SchemeGroupVersion.WithKind("ClusterRole"), name)
		if cluster.KindOf(err) == cluster.Forbidden {
			continue // It is only needed to recognise controllers, and what accounts may write.
		}
		if err != nil {
			return out, err
		}
		if role != nil {
			out.objects = append(out.objects, *role)
		}
	}
	err = out.addCallers(ctx, source)
	return out, err
}

// calling are the kinds whose objects have the API server call Services.
var calling = []schema.GroupVersionResource{
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "mutatingwebhookconfigurations"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingwebhookconfigurations"},
	{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"},
}

// addCallers adds what has the API server call Services of the namespace, as far as the account
// may look: few applications are called, and nothing is done about it but a warning.
func (w *clusterScoped) addCallers(ctx context.Context, source *cluster.Cluster) error {
	for _, kind := range calling {
		all, err := source.ListClusterScoped(ctx, kind)
		if k := cluster.KindOf(err); k == cluster.Forbidden || k == cluster.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		for _, o := range all {
			if application.Calls(&o, source.Namespace) {
				w.objects = append(w.objects, o)
			}
		}
	}
	return nil
}

func addRole(roles map[string]bool, binding *unstructured.Unstructured) {
	kind, _, _ := unstructured.NestedString(binding.Object, "roleRef", "kind")
	if name, _, _ := unstructured.NestedString(binding.Object, "roleRef", "name"); kind == "ClusterRole" {
		roles[name] = true
	}
}

// namesAccount says whether one of the subjects is an account of the namespace, be it as a user or
// in a group.
func namesAccount(binding *unstructured.Unstructured, namespace string) bool {
	subjects, _, _ := unstructured.NestedSlice(binding.Object, "subjects")
	return slices.ContainsFunc(subjects, func(s any) bool {
		subject, _ := s.(map[string]any)
		kind, _ := subject["kind"].(string)
		name, _ := subject["name"].(string)
		of, _ := subject["namespace"].(string)
		return application.NamesAccounts(rbacv1.Subject{Kind: kind, Name: name, Namespace: of}, namespace)
	})
}
