package corpus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/steps/cutover"
	"github.com/kubemove/kubemove/internal/steps/plan"
	"github.com/kubemove/kubemove/task"
)

// Runner takes applications through an API server.
type Runner struct {
	server *server
	runs   int
}

// NewRunner uses the API server that config leads to. Its namespaces are left as they are.
func NewRunner(config *rest.Config) (*Runner, error) {
	s, err := newServer(config)
	if err != nil {
		return nil, fmt.Errorf("cannot make a client of the API server: %w", err)
	}
	return &Runner{server: s}, nil
}

// Run takes each application of a file from one namespace to another, and reports. The error is
// one of the API server itself; everything else is in the results.
func (r *Runner) Run(ctx context.Context, file File) ([]Result, error) {
	var out []Result
	groups := byNamespace(file.Objects)
	for _, namespace := range slices.Sorted(maps.Keys(groups)) {
		result := Result{File: file.Name}
		if len(groups) > 1 && namespace != "" {
			result.File += " (" + namespace + ")"
		}
		start := time.Now()
		if err := r.one(ctx, namespace, groups[namespace], &result); err != nil {
			if ctx.Err() != nil {
				return out, err
			}
			result.fail(failedError, err.Error())
		}
		result.Took = time.Since(start)
		out = append(out, result)
	}
	if len(file.Unread) > 0 {
		if len(out) == 0 {
			out = append(out, Result{File: file.Name})
		}
		for _, why := range file.Unread {
			out[0].note("not read: %s", why)
		}
	}
	return out, nil
}

// one takes the objects of one namespace there and looks at them.
func (r *Runner) one(ctx context.Context, namespace string, objects []unstructured.Unstructured, result *Result) error {
	r.runs++
	run := &run{server: r.server, from: fmt.Sprintf("a-%d", r.runs), to: fmt.Sprintf("b-%d", r.runs), result: result}
	if err := run.applyAll(ctx, namespace, objects); err != nil {
		return err
	}
	if result.Objects == 0 {
		return nil
	}
	fresh, err := run.capture(ctx, run.from)
	if err != nil {
		return err
	}
	if err := run.age(ctx, run.from); err != nil {
		return err
	}
	first, err := run.capture(ctx, run.from)
	if err != nil {
		return err
	}
	result.fail(failedLeak, leaks(fresh, first)...)
	run.judge(first)
	if err := run.server.closeExternal(ctx, run.from); err != nil {
		return err
	}
	if err := run.place(ctx, first); err != nil {
		return err
	}
	second, err := run.capture(ctx, run.to)
	if err != nil {
		return err
	}
	result.fail(failedFixedPoint, Differences(first.Objects, second.Objects)...)
	return nil
}

// run is one application on its way.
type run struct {
	server   *server
	from, to string
	result   *Result
	// written are the manifests that the API server took, and stored what it made of them.
	written, stored []*unstructured.Unstructured
}

// applyAll applies the manifests to the source namespace.
func (r *run) applyAll(ctx context.Context, namespace string, objects []unstructured.Unstructured) error {
	wide := requisites(objects)
	var inside, quotas []*unstructured.Unstructured
	for i := range objects {
		o := &objects[i]
		if o.GroupVersionKind().Group == api.GroupVersion.Group {
			r.result.Beside = append(r.result.Beside, o.GetKind()+"/"+o.GetName())
			continue // What tells KubeMove to move is not what is moved.
		}
		namespaced, err := r.server.isNamespaced(ctx, o)
		switch {
		case err != nil:
			r.result.note("%s/%s: %v", o.GetKind(), o.GetName(), err)
		case !namespaced:
			r.result.Beside = append(r.result.Beside, o.GetKind()+"/"+o.GetName())
		case o.GetKind() == "ResourceQuota":
			// The last: it would judge what was there before it.
			quotas = append(quotas, inNamespace(*o, namespace, r.from))
		default:
			inside = append(inside, inNamespace(*o, namespace, r.from))
		}
	}
	inside = append(inside, quotas...)
	if len(inside) == 0 {
		return nil
	}
	for i := range wide {
		if _, err := r.server.apply(ctx, &wide[i]); err != nil {
			return fmt.Errorf("cannot apply %s/%s: %w", wide[i].GetKind(), wide[i].GetName(), err)
		}
	}
	if err := r.namespace(ctx, r.from); err != nil {
		return err
	}
	for i, o := range inside {
		r.applyOne(ctx, i, o)
	}
	return nil
}

// applyOne applies a manifest in one of the two ways that kubectl has.
func (r *run) applyOne(ctx context.Context, number int, o *unstructured.Unstructured) {
	apply := r.server.apply
	if number%2 == 1 {
		apply = r.server.applyOld
	}
	stored, err := apply(ctx, o)
	if apierrors.IsAlreadyExists(err) || apierrors.IsRequestEntityTooLargeError(err) ||
		err != nil && strings.Contains(err.Error(), "metadata.annotations: Too long") {
		stored, err = r.server.apply(ctx, o)
	}
	if err != nil {
		r.result.note("the API server refuses %s/%s: %v", o.GetKind(), o.GetName(), err)
		return
	}
	r.result.Objects++
	r.written, r.stored = append(r.written, o), append(r.stored, stored)
}

func (r *run) namespace(ctx context.Context, name string) error {
	ns := &unstructured.Unstructured{Object: map[string]any{}}
	ns.SetGroupVersionKind(gvk("v1", "Namespace"))
	ns.SetName(name)
	for _, o := range append([]unstructured.Unstructured{*ns}, furniture(name)...) {
		if _, err := r.server.apply(ctx, &o); err != nil {
			return fmt.Errorf("cannot create %s/%s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

func (r *run) age(ctx context.Context, namespace string) error {
	writes, refused, err := r.server.age(ctx, namespace)
	r.result.Aged += writes
	for _, line := range refused {
		r.result.note("refused to a controller in %s: %s", namespace, line)
	}
	return err
}

// SwitchUID is that of the switch of the task of Everything.
const SwitchUID = "11111111-0000-4000-8000-000000000002"

const pairUID = "11111111-0000-4000-8000-000000000001"

// Everything is the task of a move of all that is in a namespace to another.
func Everything(from, to string) *task.Task {
	return &task.Task{
		Source: task.Endpoint{Namespace: from}, Target: task.Endpoint{Namespace: to},
		Move: &task.Move{
			Engine: "corpus", Application: api.Application{Selector: &metav1.LabelSelector{}},
			Pair: task.Object{Name: "corpus", UID: pairUID}, Switch: &task.Object{Name: "corpus", UID: SwitchUID},
			Mobilizers: []task.Mobilizer{{Name: "restic", Image: "example.com/restic"}},
		},
	}
}

func (r *run) endpoint(side, namespace string) (*cluster.Cluster, error) {
	c, err := cluster.New(side, namespace, r.server.config)
	if err != nil {
		return nil, err
	}
	c.Mapper = r.server.mapper
	return c, nil
}

// capture plans the move of all that is in a namespace, as the plan step does.
func (r *run) capture(ctx context.Context, namespace string) (*application.Plan, error) {
	source, err := r.endpoint(cluster.SideSource, namespace)
	if err != nil {
		return nil, err
	}
	// The target exists only later; of it only an annotation counts here.
	return plan.Capture(ctx, source, source, Everything(namespace, r.to), SwitchUID)
}

// judge looks for what is lost without a word.
func (r *run) judge(p *application.Plan) {
	r.result.Moved = len(p.Objects)
	for _, l := range p.Left {
		r.result.Left = append(r.result.Left, fmt.Sprintf("%s: %s", l.Ref, l.Why))
		if find(p, l.Ref) != nil {
			r.result.fail(failedError, l.Ref.String()+" moves, and is left behind: "+l.Why)
		}
	}
	r.result.Warnings = p.Warnings
	for i, o := range r.written {
		ref := application.RefOf(o)
		if planned := find(p, ref); planned != nil {
			r.result.fail(failedField+": "+ref.String(), lost(o.Object, r.stored[i].Object, planned.Object)...)
			r.result.fail(failedLeak+": "+ref.String(), foreign(o.Object, planned.Object, r.from)...)
		} else if !said(p, ref) {
			r.result.fail(failedSilent, ref.String())
		}
	}
	again := application.Make(application.Input{
		Engine: p.Engine, SourceNamespace: r.to, TargetNamespace: r.to, SourceCluster: "c", TargetCluster: "c", Mobilizers: []string{"restic"},
		Application: api.Application{Selector: &metav1.LabelSelector{}}, Objects: contents(p),
	})
	r.result.fail(failedTwice, Differences(p.Objects, again.Objects)...)
}

func find(p *application.Plan, ref application.Ref) *unstructured.Unstructured {
	for i := range p.Objects {
		if p.Objects[i].Ref == ref {
			return &p.Objects[i].Object
		}
	}
	return nil
}

func contents(p *application.Plan) []unstructured.Unstructured {
	var out []unstructured.Unstructured
	for _, o := range p.Objects {
		out = append(out, o.Object)
	}
	return out
}

// place lets the target judge the plan, as the plan step does, creates everything there as the
// cutover does, and lets some time pass.
func (r *run) place(ctx context.Context, p *application.Plan) error {
	if err := r.namespace(ctx, r.to); err != nil {
		return err
	}
	target, err := r.endpoint(cluster.SideTarget, r.to)
	if err != nil {
		return err
	}
	if err := plan.Check(ctx, target, p, lineage.Actor{}); err != nil {
		return err
	}
	for _, b := range p.Blockers {
		r.result.Blockers = append(r.result.Blockers, fmt.Sprintf("%s: %s %s", b.Reason, b.Object, b.Message))
	}
	r.result.Warnings = p.Warnings
	if err := cutover.Place(ctx, target, p, Everything(r.from, r.to)); err != nil {
		if len(p.Blockers) > 0 {
			r.result.note("not created at the target, as the blockers say: %v", err)
			return nil
		}
		return err
	}
	if err := r.nextRelease(ctx, p); err != nil {
		return err
	}
	return r.age(ctx, r.to)
}

// nextRelease applies the manifests once more, to the target, as those who have applied them will: there
// is no conflict, and KubeMove is the field manager of nothing.
func (r *run) nextRelease(ctx context.Context, p *application.Plan) error {
	for _, o := range r.written {
		ref := application.RefOf(o)
		if find(p, ref) == nil {
			continue
		}
		release := o.DeepCopy()
		release.SetNamespace(r.to)
		managers, err := r.server.managers(ctx, release)
		if err != nil {
			return err
		}
		if slices.Contains(managers, cluster.FieldManager) {
			r.result.fail(failedRelease+": "+ref.String(), "KubeMove is a field manager")
		}
		if err := r.server.tryApply(ctx, release); apierrors.IsConflict(err) {
			r.result.fail(failedRelease+": "+ref.String(), err.Error())
		}
	}
	return nil
}

// RunAll runs every file, prints the results as they come and a summary. The error says that
// something is not as it should be.
func RunAll(ctx context.Context, config *rest.Config, files []File, out io.Writer, verbose bool) error {
	runner, err := NewRunner(config)
	if err != nil {
		return err
	}
	start := time.Now()
	var all []Result
	for _, file := range files {
		results, err := runner.Run(ctx, file)
		if err != nil {
			return err
		}
		for i := range results {
			results[i].Write(out, verbose)
		}
		all = append(all, results...)
	}
	if !Summary(out, all, time.Since(start)) {
		return errors.New("not everything came through: the lines with FAIL say what")
	}
	return nil
}
