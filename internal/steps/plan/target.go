package plan

import (
	"context"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
)

// checkTarget adds what stands in the way at the target.
func checkTarget(ctx context.Context, target *cluster.Cluster, where place, p *application.Plan, us lineage.Actor) error {
	where.checkTarget(p)
	if p.BlockedBy(api.ReasonNamespaceNotFound) {
		return nil // Nothing else can be asked for.
	}
	us = us.Reapplies(p.Reapplied())
	existing, err := lookup(ctx, target, p)
	if err != nil {
		return err
	}
	if err := compareTarget(ctx, target, p, existing, us); err != nil {
		return err
	}
	if err := checkClasses(ctx, target, p); err != nil {
		return err
	}
	return dryRun(ctx, target, p, existing, us)
}

// lookup reads what is in the places of the plan's objects.
func lookup(ctx context.Context, target *cluster.Cluster, p *application.Plan) (map[application.Ref]unstructured.Unstructured, error) {
	versions := map[schema.GroupKind]string{}
	for i := range p.Objects {
		gvk := p.Objects[i].Object.GroupVersionKind()
		versions[gvk.GroupKind()] = gvk.Version
	}
	var keys []cluster.Key
	for _, ref := range p.Lookup() {
		gk := schema.GroupKind{Group: ref.Group, Kind: ref.Kind}
		version := versions[gk]
		if version == "" {
			version = "v1"
		}
		keys = append(keys, cluster.Key{Kind: gk.WithVersion(version), Name: ref.Name})
	}
	// Of a kind that is not served the dry run says it.
	found, err := target.GetMany(ctx, keys, nil)
	if err != nil {
		return nil, err
	}
	out := make(map[application.Ref]unstructured.Unstructured, len(found.Objects))
	for key, u := range found.Objects {
		out[application.Ref{Group: key.Kind.Group, Kind: key.Kind.Kind, Name: key.Name}] = *u
	}
	return out, nil
}

// checkClasses looks for the StorageClasses that the claims ask for.
func checkClasses(ctx context.Context, target *cluster.Cluster, p *application.Plan) error {
	wanted := p.StorageClasses()
	if len(wanted) == 0 {
		return nil
	}
	list, err := target.Kube.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) {
		p.AddWarning(application.Ref{},
			"the account at the target may not list StorageClasses, so it was not checked that these exist: %s", strings.Join(wanted, ", "))
		return nil
	}
	if err != nil {
		return target.Wrap("list the StorageClasses", err)
	}
	var there []string
	for _, c := range list.Items {
		there = append(there, c.Name)
	}
	slices.Sort(there)
	for _, class := range wanted {
		if !slices.Contains(there, class) {
			p.AddBlocker(api.ReasonStorageClassMissing, application.Ref{Kind: "StorageClass", Name: class},
				"the claims would ask for the StorageClass %s, which the target cluster does not have: "+
					"map the source's class to one of [%s] in storageClasses of the target, or create it there",
				class, strings.Join(there, ", "))
		}
	}
	return nil
}

// creatable says which kinds the account may create at the target. A missing right is a
// blocker when the kubeconfig's account lacks it: everything is done with that one. In the home
// cluster the switch has an account of its own, which may more; but what both may is given to
// both, so that what the plan's may not create the switch's may not either. Only of Roles the API
// server asks more.
func creatable(ctx context.Context, target *cluster.Cluster, p *application.Plan) (map[schema.GroupKind]bool, error) {
	out := map[schema.GroupKind]bool{}
	toCreate := map[cluster.Right]schema.GroupKind{}
	var all []cluster.Right
	for i := range p.Objects {
		gvk := p.Objects[i].Object.GroupVersionKind()
		if out[gvk.GroupKind()] {
			continue
		}
		out[gvk.GroupKind()] = true
		if p.Objects[i].Cluster {
			continue // What the account may not create is not planned.
		}
		rights, err := target.RightsOn([]schema.GroupVersionKind{gvk}, "create", "get", "update", "delete")
		if err != nil {
			return nil, err
		}
		all = append(all, rights...)
		for _, r := range rights {
			if r.Verb == "create" {
				toCreate[r] = gvk.GroupKind()
			}
		}
	}
	missing, err := target.MissingRights(ctx, all)
	if err != nil {
		return nil, err
	}
	for _, r := range missing {
		if kind, ok := toCreate[r]; ok {
			out[kind] = false
		}
	}
	later := func(r cluster.Right) bool {
		return target.InCluster && (r.Verb != "create" || r.Group == rbacv1.GroupName)
	}
	lacks := slices.DeleteFunc(slices.Clone(missing), later)
	if message := cluster.MissingMessage(target.Side, target.Namespace, lacks); message != "" {
		p.AddBlocker(api.ReasonForbidden, application.Ref{}, "%s", message)
	} else if message := cluster.MissingMessage(target.Side, target.Namespace, missing); message != "" {
		p.AddWarning(application.Ref{}, "not everything could be checked, as the planning account may not create it at the target; "+
			"the switch checks it with its own account: %s", message)
	}
	return out, nil
}
