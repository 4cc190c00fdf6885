package plan

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/steps/cutover"
)

// dryRun lets the target's API server judge every object that would be created, in each form that
// it has in the course of a switch.
func dryRun(ctx context.Context, target *cluster.Cluster, p *application.Plan, existing map[application.Ref]unstructured.Unstructured,
	us lineage.Actor) error {
	allowed, err := creatable(ctx, target, p)
	if err != nil {
		return err
	}
	server, err := target.DryRun()
	if err != nil {
		return err
	}
	var asked []*application.Object
	for i := range p.Objects {
		o := &p.Objects[i]
		there, isThere := existing[o.Ref]
		isClaim := o.Phase == application.PhaseVolume
		if isThere && !(us.Owns(&there, isClaim) && (isClaim || o.Kept)) {
			continue
		}
		if isThere || allowed[o.Object.GroupVersionKind().GroupKind()] && !notServed(p, o.Ref) {
			asked = append(asked, o)
		}
	}
	answers := make([]answer, len(asked))
	errs := cluster.Each(ctx, len(asked), func(i int) error {
		switch there, ok := existing[asked[i].Ref]; {
		case ok && asked[i].Phase == application.PhaseVolume:
			answers[i].err = askToActivate(ctx, server, &there, us)
		case ok:
			answers[i] = askToTake(ctx, server, p, asked[i], &there, us)
		default:
			answers[i] = askServer(ctx, server, p, asked[i], us)
		}
		return answers[i].silent()
	})
	if err := cluster.First(errs); err != nil {
		return err
	}
	// They came in any order, and the plan has one.
	for i, o := range asked {
		answers[i].judge(p, o.Ref)
	}
	return nil
}

// askToActivate tries the update with which a switch makes a claim active that is there already.
func askToActivate(ctx context.Context, server *cluster.DryRun, claim *unstructured.Unstructured, us lineage.Actor) error {
	_, err := server.Update(ctx, cutover.Activated(claim, us))
	if kind := cluster.KindOf(err); !cluster.Denied(err) && (kind == cluster.Conflict || kind == cluster.NotFound) {
		return nil // It has changed since it was read: the next plan asks again.
	}
	return err
}

// askToTake tries the update with which a way back changes an object that is there already, or starts a workload, and its Pods.
func askToTake(ctx context.Context, server *cluster.DryRun, p *application.Plan, o *application.Object, there *unstructured.Unstructured,
	us lineage.Actor) (a answer) {
	started, err := cutover.Started(o, there, us)
	if err != nil {
		return answer{err: err}
	}
	if _, a.err = server.Update(ctx, started); a.err != nil {
		if kind := cluster.KindOf(a.err); !cluster.Denied(a.err) && (kind == cluster.Conflict || kind == cluster.NotFound) {
			a.err = nil // It has changed since it was read: the next plan asks again.
		}
		return a
	}
	if pod := podOf(p, o); pod != nil {
		_, a.pod = server.Create(ctx, pod)
	}
	return a
}

// answer of the API server about an object.
type answer struct {
	warnings []string
	// err of the object as it is created, and of the Pods that it makes.
	err, pod error
	// open is that of the form that it has after the commit, and stopped that of a workload which a
	// roll back has stopped.
	open, stopped error
}

func askServer(ctx context.Context, server *cluster.DryRun, p *application.Plan, o *application.Object, us lineage.Actor) (a answer) {
	forms, err := cutover.FormsOf(*o, us)
	if err != nil {
		forms = cutover.Forms{Start: &o.Object} // It is malformed, and the server says in what.
	}
	first := forms.Start
	if first == nil {
		first = forms.Open
	}
	if a.warnings, a.err = server.Create(ctx, first); a.err != nil {
		return a
	}
	if forms.Start != nil && forms.Open != nil {
		var more []string
		more, a.open = server.Create(ctx, forms.Open)
		a.warnings = append(a.warnings, more...)
	}
	if forms.Stopped != nil {
		_, a.stopped = server.Create(ctx, forms.Stopped)
	}
	// Quotas and the Pod security admission judge Pods, not the workloads that make them.
	if pod := podOf(p, o); pod != nil {
		_, a.pod = server.Create(ctx, pod)
	}
	return a
}

// silent is an error that says nothing about the object: it was not judged.
func (a answer) silent() error {
	for _, err := range []error{a.err, a.pod, a.open, a.stopped} {
		if !isVerdict(err) {
			return err
		}
	}
	return nil
}

func (a answer) judge(p *application.Plan, ref application.Ref) {
	for _, w := range a.warnings {
		p.AddWarning(ref, "the target says about %s: %s", ref, w)
	}
	judge(p, ref, a.err)
	judge(p, ref, a.open)
	judgePod(p, cluster.SideTarget, ref, "the Pods of "+ref.String(), a.pod)
	// The roll back updates what is there, and a rule for what is created need not be one for updates.
	if cluster.Denied(a.stopped) && !notDryRun(a.stopped) {
		p.AddWarning(ref, "the target might refuse the update of %s with which a roll back stops it, and the source stays down as long: %s. "+
			"Let the policy make an exception for the account of the switch", ref, causeOf(a.stopped))
	}
}

// isVerdict tells whether the answer to a dry run says something about the object.
func isVerdict(err error) bool {
	switch cluster.KindOf(err) {
	case "", cluster.Conflict, cluster.NotFound, cluster.Invalid, cluster.Forbidden:
		return true
	}
	return notDryRun(err) || cluster.Denied(err)
}

// judge turns the answer to a dry run into a blocker.
func judge(p *application.Plan, ref application.Ref, err error) {
	switch kind := cluster.KindOf(err); {
	case err == nil:
	case notDryRun(err):
		p.AddWarning(ref, "%s could not be checked at the target: %v", ref, err)
	case kind == cluster.Conflict && !cluster.Denied(err):
		// Created or changed a moment ago, by another client: the next plan sees it.
		p.AddWarning(ref, "%s has just appeared at the target", ref)
	case kind == cluster.NotFound && (ref.Kind == "RoleBinding" || ref.Kind == "ClusterRoleBinding" || p.Defines(ref.Group, ref.Kind)):
		// The role that it names, or its definition, is created just before it.
	default:
		p.AddBlocker(api.ReasonRejected, ref, "%v", err)
	}
}
