package plan

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/steps/cutover"
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
	left, _, err := target.List(ctx, application.Kinds())
	if err != nil {
		return nil, err
	}
	changes, err := changesOf(ctx, source, forward, here)
	if err != nil {
		return nil, err
	}
	if left, err = withCounterparts(ctx, target, forward, left); err != nil {
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
		Objects:         t.Move.Reverses.Objects,
		Changes:         changes,
	})
	for i := range p.Volumes {
		p.Volumes[i].PrivilegedSource, p.Volumes[i].PrivilegedTarget = where.source.privileged(), where.target.privileged()
	}
	return p, nil
}

// withCounterparts adds what the objects of the forward plan whose kinds were not listed are made of, where the application goes
// back to.
func withCounterparts(ctx context.Context, target *cluster.Cluster, forward *application.Plan, left []unstructured.Unstructured) (
	[]unstructured.Unstructured, error,
) {
	listed := map[application.Ref]bool{}
	for i := range left {
		listed[application.RefOf(&left[i])] = true
	}
	missing := slices.DeleteFunc(forward.Changeable(), func(o *application.Object) bool {
		return !application.IsCustom(o.Ref) || listed[o.SourceRef()]
	})
	found := make([]*unstructured.Unstructured, len(missing))
	errs := cluster.Each(ctx, len(missing), func(i int) (err error) {
		o := missing[i]
		found[i], _, err = readable(ctx, target, o.Object.GroupVersionKind(), o.SourceRef().Name)
		return err
	})
	for _, u := range found {
		if u != nil {
			left = append(left, *u)
		}
	}
	return left, cluster.First(errs)
}

// readable is an object as it is; nil: it is not there, or the account may not read it, which is said.
func readable(ctx context.Context, c *cluster.Cluster, kind schema.GroupVersionKind, name string) (
	u *unstructured.Unstructured, known bool, err error,
) {
	u, err = c.Get(ctx, kind, name)
	switch cluster.KindOf(err) {
	case "":
		return u, true, nil
	case cluster.Forbidden, cluster.NotFound:
		return nil, false, nil
	}
	return nil, false, err
}

// changesOf what the switch has made, where the application is now.
func changesOf(ctx context.Context, source *cluster.Cluster, forward *application.Plan, here []unstructured.Unstructured) (
	[]application.Change, error,
) {
	server, err := source.DryRun()
	if err != nil {
		return nil, err
	}
	there := map[application.Ref]*unstructured.Unstructured{}
	for i := range here {
		there[application.RefOf(&here[i])] = &here[i]
	}
	made := forward.Changeable()
	found := make([]comparison, len(made))
	errs := cluster.Each(ctx, len(made), func(i int) (err error) {
		found[i], err = compareMade(ctx, source, server, made[i], there[made[i].Ref])
		return err
	})
	if err := cluster.First(errs); err != nil {
		return nil, err
	}
	var out []application.Change
	for i, o := range made {
		f := found[i]
		fields := application.FieldsOf(forward, o, f.present)
		if text := drift(o, f.present, fields, source.Namespace); text != "" {
			out = append(out, application.Change{Forward: o, Made: f.made, There: f.there, Fields: firstOf(fields), Text: text})
		}
	}
	return out, nil
}

// comparison of an object that the switch has made with what is there now.
type comparison struct {
	// present says how they differ; nil: it is gone.
	present *application.Present
	// made is what would be there if it was as the switch has made it; nil: the server does not say.
	made, there *unstructured.Unstructured
}

// compareMade compares an object that the switch has made with what is there now. One of a kind that was not listed is read by
// itself.
func compareMade(
	ctx context.Context, source *cluster.Cluster, server *cluster.DryRun, o *application.Object, there *unstructured.Unstructured,
) (comparison, error) {
	if there == nil {
		var known bool
		var err error
		switch there, known, err = readable(ctx, source, o.Object.GroupVersionKind(), o.Name); {
		case err != nil:
			return comparison{}, err
		case !known:
			return comparison{present: &application.Present{Ref: o.Ref, Standing: application.StandingForeign}}, nil
		case there == nil:
			return comparison{}, nil
		}
	}
	found, made, err := compareObject(ctx, server, o, there)
	return comparison{&found, made, there}, err
}

// drift is what is said of an object that is not as the switch has made it, but in some fields; empty: it is. found is nil when it
// is gone.
func drift(o *application.Object, found *application.Present, fields []string, namespace string) string {
	switch {
	case found == nil:
		return fmt.Sprintf("%s was deleted in the namespace %s since the switch: the application starts with the one that it had before",
			o.Ref, namespace)
	case found.Standing == application.StandingForeign:
		return fmt.Sprintf("%s in the namespace %s could not be compared with what the switch has made, as the account may not read or "+
			"update it, or a policy refuses that: a change of it stays there, as the application starts with the objects that it had before",
			o.Ref, namespace)
	case len(fields) == 0:
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
