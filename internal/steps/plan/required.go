package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
)

// definition of a custom kind.
var definition = schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"}

// clusterScopedKinds are the cluster-wide kinds that an application may name. They are read in version v1.
var clusterScopedKinds = []schema.GroupKind{
	definition.GroupKind(),
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"},
	{Group: "node.k8s.io", Kind: "RuntimeClass"},
	{Group: "storage.k8s.io", Kind: "VolumeAttributesClass"},
	{Group: "networking.k8s.io", Kind: "IngressClass"},
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"},
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"},
}

func clusterScopedKind(r application.Required) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: r.Group, Version: "v1", Kind: r.Kind}
}

// clusterScopedCheck looks for the cluster-wide objects that an application names.
type clusterScopedCheck struct {
	source, target *cluster.Cluster
	plan           *application.Plan
	// create those that the target lacks, where that can be done.
	create bool
	// us may have created some of them.
	us lineage.Actor
}

// run checks each one. What the target lacks becomes an object of the plan, or a blocker.
func (w *clusterScopedCheck) run(ctx context.Context) error {
	for _, r := range slices.Clone(w.plan.Requires) {
		if !slices.Contains(clusterScopedKinds, clusterScopedKind(r).GroupKind()) {
			continue
		}
		if err := w.one(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (w *clusterScopedCheck) one(ctx context.Context, r application.Required) error {
	kind := clusterScopedKind(r)
	there, err := w.target.Get(ctx, kind, r.Name)
	switch cluster.KindOf(err) {
	case "", cluster.NotFound: // NotFound: the target does not even know the kind.
	case cluster.Forbidden:
		if kind == definition && w.served(r.Name) {
			return nil
		}
		if kind != definition {
			w.plan.AddWarning(r.Ref,
				"the account at the target may not read %s, so it was not checked that it exists there (needed by %s)", r.Ref, r.Why)
			return nil
		}
	default:
		return err
	}
	switch {
	case there == nil:
		return w.lacking(ctx, r)
	case w.us.Owns(there, false):
		// An earlier try of this move has created it: the plan stays what it was.
		w.plan.CreateCluster(r.Ref, there)
	case r.Object != nil:
		if lacks := application.Grants(r, there); lacks != "" {
			w.plan.AddBlocker(api.ReasonNameConflict, r.Ref, "the application needs %s (%s), and at the target there is another one: %s. "+
				"Expected the same rights; give the account what it needs with a ClusterRoleBinding of another name, "+
				"and take it out of the one at the source", r.Ref, r.Why, lacks)
		}
	}
	return nil
}

// served says whether the target serves a custom kind, by the name of its definition.
func (w *clusterScopedCheck) served(name string) bool {
	plural, group, _ := strings.Cut(name, ".")
	_, err := w.target.Mapper.KindFor(schema.GroupVersionResource{Group: group, Resource: plural})
	return err == nil
}

// lacking: the target does not have the object. The source's is created there, where KubeMove
// knows how, the account may, and the user wants it.
func (w *clusterScopedCheck) lacking(ctx context.Context, r application.Required) error {
	source, why, err := w.original(ctx, r)
	if err != nil {
		return err
	}
	if why == "" {
		w.plan.CreateCluster(r.Ref, source)
		return nil
	}
	reason := api.ReasonRejected
	if clusterScopedKind(r) == definition {
		reason = api.ReasonKindMissing
	}
	w.plan.AddBlocker(reason, r.Ref, "the target cluster has no %s, which the application needs (%s), "+
		"and the move does not create it, as %s: create it there", r.Ref, r.Why, why)
	return nil
}

// original is the object as the source has it, to be created at the target; why says why it
// cannot be.
func (w *clusterScopedCheck) original(ctx context.Context, r application.Required) (o *unstructured.Unstructured, why string, err error) {
	o, err = w.source.Get(ctx, clusterScopedKind(r), r.Name)
	switch {
	case cluster.KindOf(err) == cluster.Forbidden:
		return nil, "the account at the source may not read it", nil
	case err != nil:
		return nil, "", err
	case o == nil:
		return nil, "the source has none either", nil
	}
	if why := application.WhyNotCreated(r, o); why != "" {
		return nil, why, nil
	}
	if !w.create {
		return nil, "application.clusterResources is None", nil
	}
	why, err = w.forbidden(ctx, r)
	return o, why, err
}

// forbidden says which right on the target's cluster is missing; empty: none.
func (w *clusterScopedCheck) forbidden(ctx context.Context, r application.Required) (string, error) {
	// No delete: a roll back leaves what is cluster-wide.
	rights, err := w.target.RightsOn([]schema.GroupVersionKind{clusterScopedKind(r)}, "create", "get")
	if err != nil {
		return "", err
	}
	missing, err := w.target.MissingRights(ctx, rights)
	if err != nil || len(missing) == 0 {
		return "", err
	}
	return fmt.Sprintf("the account there may not (%s, for the whole cluster)", missing[0]), nil
}
