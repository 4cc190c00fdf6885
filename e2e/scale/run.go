package scale

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/e2e/corpus"
	"github.com/kubemove/kubemove/e2e/lab"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/steps/cutover"
	"github.com/kubemove/kubemove/internal/steps/plan"
)

// atOnce is how many requests the plain client has under way: as many as a task.
const atOnce = cluster.InFlight

// bench is a run against one API server.
type bench struct {
	config *rest.Config
	plain  dynamic.Interface
	meter  *meter
}

// Run measures rounds of n objects, each in namespaces of its own.
func Run(ctx context.Context, server *lab.APIServer, n, rounds int, tell func(format string, args ...any)) (*Report, error) {
	config, err := server.Config()
	if err != nil {
		return nil, err
	}
	b := &bench{config: rest.CopyConfig(config), meter: &meter{server: server.PID("kube-apiserver"), etcd: server.PID("etcd")}}
	b.config.Wrap(b.meter.wrap)
	b.config.WarningHandler = rest.NoWarnings{}
	unlimited := rest.CopyConfig(b.config)
	unlimited.QPS, unlimited.Burst = -1, -1
	if b.plain, err = dynamic.NewForConfig(unlimited); err != nil {
		return nil, err
	}
	report := &Report{Objects: n}
	for i := range rounds {
		round, bytes, err := b.round(ctx, n, i, tell)
		if err != nil {
			return nil, err
		}
		report.Bytes, report.Rounds = bytes, append(report.Rounds, round)
	}
	return report, nil
}

// round fills a namespace, plans its move, applies the plan to a second one, and lets a plain
// client create the same in a third.
func (b *bench) round(ctx context.Context, n, number int, tell func(string, ...any)) (round Round, bytes int, err error) {
	from, to, beside := fmt.Sprintf("from-%d", number), fmt.Sprintf("to-%d", number), fmt.Sprintf("beside-%d", number)
	for _, name := range []string{from, to, beside} {
		if err := b.namespace(ctx, name); err != nil {
			return round, 0, err
		}
	}
	objects := Objects(n, from)
	tell("round %d: creating %d objects", number+1, n)
	if err := b.createAll(ctx, objects, from); err != nil {
		return round, 0, err
	}
	var p *application.Plan
	tell("round %d: planning", number+1)
	round.Plan, err = b.meter.measure(func() (err error) {
		p, err = b.planned(ctx, from, to)
		return err
	})
	if err != nil {
		return round, 0, err
	}
	if len(p.Blockers) > 0 || len(p.Objects) != n {
		return round, 0, fmt.Errorf("the plan has %d objects and the blockers %v, expected %d objects and none", len(p.Objects), p.Blockers, n)
	}
	tell("round %d: applying", number+1)
	round.Apply, err = b.meter.measure(func() error { return b.apply(ctx, p, from, to) })
	if err != nil {
		return round, 0, err
	}
	if err := b.checkAll(ctx, p, to); err != nil {
		return round, 0, err
	}
	var same []*unstructured.Unstructured
	for i := range p.Objects {
		data, err := json.Marshal(&p.Objects[i].Object)
		if err != nil {
			return round, 0, err
		}
		bytes += len(data)
		u := p.Objects[i].Object.DeepCopy()
		u.SetNamespace(beside)
		same = append(same, u)
	}
	tell("round %d: creating them plainly", number+1)
	round.Plain, err = b.meter.measure(func() error { return b.createAll(ctx, same, beside) })
	return round, bytes, err
}

func (b *bench) endpoint(side, namespace string) (*cluster.Cluster, error) {
	return cluster.New(side, namespace, b.config)
}

func (b *bench) planned(ctx context.Context, from, to string) (*application.Plan, error) {
	source, err := b.endpoint(cluster.SideSource, from)
	if err != nil {
		return nil, err
	}
	target, err := b.endpoint(cluster.SideTarget, to)
	if err != nil {
		return nil, err
	}
	p, err := plan.Build(ctx, source, target, corpus.Everything(from, to), corpus.SwitchUID)
	if err != nil {
		return nil, err
	}
	// What is approved, and what is stored.
	p.Hash()
	planfile.New(p)
	return p, nil
}

func (b *bench) apply(ctx context.Context, p *application.Plan, from, to string) error {
	target, err := b.endpoint(cluster.SideTarget, to)
	if err != nil {
		return err
	}
	return cutover.Place(ctx, target, p, corpus.Everything(from, to))
}

// checkAll makes sure that the target holds every object of the plan.
func (b *bench) checkAll(ctx context.Context, p *application.Plan, to string) error {
	there := map[application.Ref]bool{}
	for _, gvr := range application.Kinds() {
		page, err := b.plain.Resource(gvr).Namespace(to).List(ctx, metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("cannot list %s: %w", gvr.Resource, err)
		}
		for i := range page.Items {
			there[application.RefOf(&page.Items[i])] = page.Items[i].GetAnnotations()[api.CreatedByAnnotation] == corpus.SwitchUID
		}
	}
	for _, o := range p.Objects {
		if !there[o.Ref] {
			return fmt.Errorf("%s is not at the target", o.Ref)
		}
	}
	return nil
}

func (b *bench) namespace(ctx context.Context, name string) error {
	ns := &unstructured.Unstructured{}
	ns.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Kind: "Namespace"})
	ns.SetName(name)
	if _, err := b.plain.Resource(resourceOf(ns)).Create(ctx, ns, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("cannot create the namespace %s: %w", name, err)
	}
	// The account that a controller makes, without which Pods are refused.
	account := &unstructured.Unstructured{}
	account.SetGroupVersionKind(schema.GroupVersionKind{Version: "v1", Kind: "ServiceAccount"})
	account.SetName("default")
	return b.createAll(ctx, []*unstructured.Unstructured{account}, name)
}

// createAll is the plain client.
func (b *bench) createAll(ctx context.Context, objects []*unstructured.Unstructured, namespace string) error {
	errs := make([]error, len(objects))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(objects) {
					return
				}
				_, errs[i] = b.plain.Resource(resourceOf(objects[i])).Namespace(namespace).Create(ctx, objects[i], metav1.CreateOptions{})
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}

// resourceOf guesses, which is right for all kinds that are made here.
func resourceOf(o *unstructured.Unstructured) schema.GroupVersionResource {
	plural, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	return plural
}
