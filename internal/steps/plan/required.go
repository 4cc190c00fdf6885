package plan

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// clusterKinds are the cluster-wide kinds that an application may name, with their versions.
var clusterKinds = map[schema.GroupKind]string{
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}:       "v1",
	{Group: "node.k8s.io", Kind: "RuntimeClass"}:              "v1",
	{Group: "storage.k8s.io", Kind: "VolumeAttributesClass"}:  "v1",
	{Group: "networking.k8s.io", Kind: "IngressClass"}:        "v1",
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}: "v1",
}

// checkRequired looks for the cluster-wide objects that the application names: KubeMove does
// not create them.
func checkRequired(ctx context.Context, target *cluster.Cluster, p *application.Plan) error {
	for _, r := range p.Requires {
		gk := schema.GroupKind{Group: r.Group, Kind: r.Kind}
		version, ok := clusterKinds[gk]
		if !ok {
			continue
		}
		u, err := target.Get(ctx, gk.WithVersion(version), r.Name)
		switch cluster.KindOf(err) {
		case "":
		case cluster.Forbidden:
			warned(p, "the account at the target may not read %s, so nobody has checked that it exists there (needed by %s)", r.Ref, r.Why)
			continue
		case cluster.NotFound:
		default:
			return err
		}
		if u == nil {
			blocked(p, api.ReasonRejected, r.Ref.String(),
				"the target cluster has no %s, which the application names (%s): create it there, or name one that both clusters have", r.Ref, r.Why)
		}
	}
	return nil
}
