// Package plan finds out what a move would do and whether it can be done: it captures the
// application, asks the running containers for their users, compares with the target and lets
// the target's API server judge every object without creating it.
package plan

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// Build captures the application again and plans its move, with everything that can be
// checked at the target. Nothing is changed. The plan holds the objects in full, the Secrets
// among them. For an application that has not changed it gives the same hash in every task.
//
// switchUID is the switch that asks; empty: none. An error means that no plan could be made;
// what is wrong with the application or the target is a blocker.
func Build(ctx context.Context, source, target *cluster.Cluster, t *task.Task, switchUID string) (*application.Plan, error) {
	where, err := readPlaces(ctx, source, target)
	if err != nil {
		return nil, err
	}
	p, err := build(ctx, source, target, where, t, switchUID)
	if err != nil {
		return nil, err
	}
	return p, checkQuota(ctx, transfer.NewSpec(t, source, target), p)
}

// build is Build with the namespaces as they were just read, but for the quotas: what the
// repositories take of them depends on what a survey finds.
func build(ctx context.Context, source, target *cluster.Cluster, where places, t *task.Task, switchUID string) (*application.Plan, error) {
	us, err := actorOf(ctx, source, t, switchUID)
	if err != nil {
		return nil, err
	}
	p, err := capture(ctx, source, target, where, t, us)
	if err != nil {
		return nil, err
	}
	if err := checkStops(ctx, source, p, us); err != nil {
		return nil, err
	}
	if err := checkNotes(ctx, []*cluster.Cluster{source, target}, p,
		cluster.Holder{UID: us.Self(), Name: t.Move.Home + "/" + t.Move.Pair.Name}); err != nil {
		return nil, err
	}
	required := clusterScopedCheck{source: source, target: target, plan: p, us: us,
		create: t.Move.Application.ClusterResources != api.ClusterResourcesNone}
	if err := required.run(ctx); err != nil {
		return nil, err
	}
	if err := checkTarget(ctx, target, where.target, p, us); err != nil {
		return nil, err
	}
	if err := compareSurroundings(ctx, source, target, where, p); err != nil {
		return nil, err
	}
	return p, checkMobilizers(ctx, target, t, task.CredentialsDir, p)
}

// Capture is the part of Build that looks at the source, and at the target only for what it
// allows the workers.
func Capture(ctx context.Context, source, target *cluster.Cluster, t *task.Task, switchUID string) (*application.Plan, error) {
	where, err := readPlaces(ctx, source, target)
	if err != nil {
		return nil, err
	}
	us, err := actorOf(ctx, source, t, switchUID)
	if err != nil {
		return nil, err
	}
	return capture(ctx, source, target, where, t, us)
}

// Check is the part of Build that looks at the target, where us may have created something already.
func Check(ctx context.Context, target *cluster.Cluster, p *application.Plan, us lineage.Actor) error {
	where, err := readPlace(ctx, target)
	if err != nil {
		return err
	}
	return checkTarget(ctx, target, where, p, us)
}

func capture(
	ctx context.Context, source, target *cluster.Cluster, where places, t *task.Task, us lineage.Actor,
) (*application.Plan, error) {
	if t.Move.Reverses != nil {
		return captureBack(ctx, source, target, where, t, us)
	}
	versions, err := discoverBoth(source, target)
	if err != nil {
		return nil, err
	}
	objects, _, err := source.List(ctx, versions.resources(application.Kinds()))
	if err != nil {
		return nil, err
	}
	others, err := source.Others(ctx, application.Kinds(), versions.version)
	if err != nil {
		return nil, err
	}
	clusterScoped, err := readClusterScoped(ctx, source, objects)
	if err != nil {
		return nil, err
	}
	exclude, err := namedSecrets(ctx, source)
	if err != nil {
		return nil, err
	}
	p := application.Make(application.Input{
		Engine:          t.Move.Engine,
		Us:              us,
		SourceNamespace: source.Namespace,
		TargetNamespace: t.Target.Namespace,
		SourceCluster:   where.source.cluster,
		TargetCluster:   where.target.cluster,
		Application:     t.Move.Application,
		StorageClasses:  t.Move.StorageClasses,
		Kustomizations:  t.Move.Kustomizations,
		Data:            t.Move.Data,
		Mobilizers:      registered(t.Move.Mobilizers),
		Exclude:         exclude,
		Objects:         append(objects, others.Objects...),
		Resources:       others.Resources,
		Unseen:          others.Unseen,
		Silent:          append(versions.silent, others.Silent...),
		Cluster:         clusterScoped.objects,
		BindingsUnseen:  clusterScoped.unseen,
		QuiesceTimeout:  time.Duration(t.Move.QuiesceSeconds) * time.Second,
		HealthTimeout:   time.Duration(t.Move.HealthSeconds) * time.Second,
		Now:             time.Now(),
	})
	for i := range p.Volumes {
		p.Volumes[i].PrivilegedSource, p.Volumes[i].PrivilegedTarget = where.source.privileged(), where.target.privileged()
	}
	versions.check(p)
	if err := discoverIdentities(ctx, source, p, objects); err != nil {
		return nil, err
	}
	return p, discoverOwners(ctx, transfer.NewSpec(t, source, nil), p)
}

// registered are the mobilizers that the installation knows: those with an image.
func registered(list []task.Mobilizer) []string {
	var out []string
	for _, m := range list {
		if m.Image != "" {
			out = append(out, m.Name)
		}
	}
	return out
}

// namedSecrets are the Secrets that KubeMove's own objects name: they lie in the namespace of
// the application when that is home, and are no part of it.
func namedSecrets(ctx context.Context, source *cluster.Cluster) ([]application.Ref, error) {
	own, _, err := source.List(ctx, []schema.GroupVersionResource{
		api.GroupVersion.WithResource("moveengines"),
		api.GroupVersion.WithResource("movepairs"),
	})
	if cluster.KindOf(err) == cluster.Forbidden && !source.InCluster {
		// A cluster that is reached with a kubeconfig need not know KubeMove's kinds, and its
		// account has no rights on them.
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return secretRefs(own), nil
}

// secretRefs collects what every ...SecretRef in the objects names, sorted.
func secretRefs(objects []unstructured.Unstructured) []application.Ref {
	names := map[string]bool{}
	for _, o := range objects {
		collectSecrets(o.Object["spec"], names)
	}
	var out []application.Ref
	for name := range names {
		out = append(out, application.Ref{Kind: "Secret", Name: name})
	}
	slices.SortFunc(out, func(a, b application.Ref) int { return compare(a.Name, b.Name) })
	return out
}

func collectSecrets(value any, names map[string]bool) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			collectSecrets(item, names)
		}
	case map[string]any:
		for key, item := range v {
			ref, ok := item.(map[string]any)
			if name, _ := ref["name"].(string); ok && name != "" && hasSuffix(key, "SecretRef") {
				names[name] = true
				continue
			}
			collectSecrets(item, names)
		}
	}
}
