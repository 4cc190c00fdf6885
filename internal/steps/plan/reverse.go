package plan

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/steps/cutover"
	"github.com/kubemove/kubemove/internal/workload"
	"github.com/kubemove/kubemove/task"
)

// captureBack is capture of a way back: what goes back is what the forward switch has brought, and what starts is what it has
// stopped.
func captureBack(
	ctx context.Context, source, target *cluster.Cluster, where places, t *task.Task, us lineage.Actor,
) (*application.Plan, error) {
	home, err := steps.Home(ctx, t)
	if err != nil {
		return nil, err
	}
	forward, err := cutover.Forward(ctx, home, t, us)
	if err != nil {
		return nil, err
	}
	here, _, err := source.List(ctx, application.Kinds())
	if err != nil {
		return nil, err
	}
	left, _, err := target.List(ctx, append(workload.Resources(), corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims")))
	if err != nil {
		return nil, err
	}
	p := application.Reverse(application.ReverseInput{
		Engine:          t.Move.Engine,
		Us:              us,
		SourceNamespace: source.Namespace,
		TargetNamespace: t.Target.Namespace,
		SourceCluster:   where.source.cluster,
		TargetCluster:   where.target.cluster,
		Data:            t.Move.Data,
		Mobilizers:      registered(t.Move.Mobilizers),
		Forward:         forward,
		Source:          here,
		Target:          left,
	})
	for i := range p.Volumes {
		p.Volumes[i].PrivilegedSource, p.Volumes[i].PrivilegedTarget = where.source.privileged(), where.target.privileged()
	}
	return p, drifted(ctx, source, p, forward, here)
}

// drifted warns of what is not as the switch has made it where the application is now. The way back starts the application with
// the objects that it had before, so these changes stay behind.
func drifted(ctx context.Context, source *cluster.Cluster, p, forward *application.Plan, here []unstructured.Unstructured) error {
	server, err := source.DryRun()
	if err != nil {
		return err
	}
	there := map[application.Ref]*unstructured.Unstructured{}
	for i := range here {
		there[application.RefOf(&here[i])] = &here[i]
	}
	var made []*application.Object
	for i := range forward.Objects {
		if o := &forward.Objects[i]; o.Phase != application.PhaseVolume && !o.Cluster {
			made = append(made, o)
		}
	}
	found := make([]*application.Present, len(made))
	errs := cluster.Each(ctx, len(made), func(i int) (err error) {
		found[i], err = compareMade(ctx, source, server, made[i], there[made[i].Ref])
		return err
	})
	if err := cluster.First(errs); err != nil {
		return err
	}
	for i, o := range made {
		if text := drift(o, found[i], isAutoscaled(forward, o), source.Namespace); text != "" {
			p.AddWarning(o.Ref, "%s", text)
		}
	}
	return nil
}

// compareMade compares an object that the switch has made with what is there now; nil: it is gone. One of a kind that was not
// listed is read by itself.
func compareMade(
	ctx context.Context, source *cluster.Cluster, server *cluster.DryRun, o *application.Object, there *unstructured.Unstructured,
) (*application.Present, error) {
	if there == nil {
		var err error
		there, err = source.Get(ctx, o.Object.GroupVersionKind(), o.Name)
		switch cluster.KindOf(err) {
		case "":
		case cluster.Forbidden, cluster.NotFound:
			return &application.Present{Ref: o.Ref, Standing: application.StandingForeign}, nil
		default:
			return nil, err
		}
	}
	if there == nil {
		return nil, nil
	}
	found, err := compareObject(ctx, server, o, there)
	return &found, err
}

// isAutoscaled: how many Pods the workload has is not for a user to say.
func isAutoscaled(forward *application.Plan, o *application.Object) bool {
	return slices.ContainsFunc(forward.Workloads, func(w application.Workload) bool { return w.Ref == o.SourceRef() && w.Autoscaled })
}

// drift is what is said of an object that is not as the switch has made it; empty: it is. found is nil when it is gone.
func drift(o *application.Object, found *application.Present, autoscaled bool, namespace string) string {
	switch {
	case found == nil:
		return fmt.Sprintf("%s was deleted in the namespace %s since the switch: the application starts with the one that it had before",
			o.Ref, namespace)
	case found.Standing == application.StandingForeign:
		return fmt.Sprintf("%s in the namespace %s could not be compared with what the switch has made, as the account may not read or "+
			"update it, or a policy refuses that: a change of it stays there, as the application starts with the objects that it had before",
			o.Ref, namespace)
	}
	var fields []string
	for _, d := range found.Differs {
		if d.Path != "spec.replicas" || !autoscaled {
			fields = append(fields, d.Path)
		}
	}
	if len(fields) == 0 {
		return ""
	}
	return fmt.Sprintf("%s was changed in the namespace %s since the switch (%s): the change stays there, as the application starts "+
		"with the objects that it had before", o.Ref, namespace, firstOf(fields))
}

// actorOf the task. Only a way back has to ask home.
func actorOf(ctx context.Context, source *cluster.Cluster, t *task.Task, switchUID string) (lineage.Actor, error) {
	if t.Move.Reverses == nil {
		return lineage.Of(t.Move, switchUID), nil
	}
	home, err := steps.Home(ctx, t)
	if err != nil {
		return lineage.Actor{}, err
	}
	return cutover.ActorOf(ctx, home, source, t, switchUID)
}
