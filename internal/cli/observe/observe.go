// Package observe reads what kubectl move check looks at, with few requests: a list for each kind, and all of them at the same time.
// What cannot be read is said in the place of the objects.
package observe

import (
	"context"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/kubemove/kubemove/internal/cli/check"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/reach"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/target"
)

// Options of an observation.
type Options struct {
	// Namespace of the moves; empty: all.
	Namespace string
	// Client is the version of this program.
	Client string
	// Targets looks at those of a namespace.
	Targets func(ctx context.Context, namespace string) ([]check.Target, error)
}

// Limits of the clients: each list is one request, and they are made at once.
const (
	clientQPS   = 50
	clientBurst = 100
)

type reader struct {
	core     kubernetes.Interface
	dynamic  dynamic.Interface
	metadata metadata.Interface
	moves    rest.Interface
	home     *reach.Cluster
	// namespace of the moves; empty: all.
	namespace string
}

func newReader(k *kit.Kit, namespace string) (*reader, error) {
	config, err := k.Config()
	if err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = clientQPS, clientBurst
	r := &reader{namespace: namespace}
	for _, connect := range []func() error{
		func() (err error) { r.core, err = kubernetes.NewForConfig(config); return err },
		func() (err error) { r.dynamic, err = dynamic.NewForConfig(config); return err },
		func() (err error) { r.metadata, err = metadata.NewForConfig(config); return err },
		func() (err error) { r.moves, err = k.Moves(); return err },
		func() (err error) { r.home, err = reach.Open(k, reach.Options{Home: true}); return err },
	} {
		if err := connect(); err != nil {
			return nil, fault.API("cannot connect", err)
		}
	}
	return r, nil
}

// Installed observes an installation and its moves. An error is that of a cluster that does not answer, or the end of the context.
func Installed(ctx context.Context, k *kit.Kit, o Options) (check.Observed, error) {
	r, out, err := begin(k, o)
	if err != nil {
		return out, err
	}
	atOnce(append(r.common(ctx, &out),
		func() { out.Pods = check.See(r.pods(ctx)) },
		func() { out.Policies = check.See(r.list(ctx, "ValidatingAdmissionPolicy")) },
		func() { out.PolicyBindings = check.See(r.list(ctx, "ValidatingAdmissionPolicyBinding")) },
		func() { out.Roles = check.See(r.list(ctx, "ClusterRole")) },
		func() { out.RoleBindings = check.See(r.list(ctx, "ClusterRoleBinding")) },
		func() { out.Lacks = check.See(r.lacks(ctx, check.MoverRights())) },
		func() { out.Annotated = check.See(r.annotated(ctx)) },
		func() { out.Moves = check.See(snapshot.Read(ctx, r.moves, r.namespace, snapshot.Newest)) },
		func() { out.Locks = check.See(r.locks(ctx)) },
		func() { out.Work = check.See(r.work(ctx)) },
		func() { out.UID = check.See(r.uid(ctx)) },
	))
	atOnce([]func(){
		func() { out.Mobilizers = check.See(r.mobilizers(ctx, out.Deployments)) },
		func() { out.Targets = check.See(targets(ctx, o, out.Moves.Value)) },
	})
	return out, ctx.Err()
}

// Before observes a cluster before an installation.
func Before(ctx context.Context, k *kit.Kit, o Options) (check.Observed, error) {
	r, out, err := begin(k, o)
	if err != nil {
		return out, err
	}
	r.namespace = ""
	atOnce(append(r.common(ctx, &out),
		func() { out.Lacks = check.See(r.lacks(ctx, check.InstallRights(out.Wanted))) },
		func() { out.VirtualNodes = check.See(r.virtualNodes(ctx)) },
	))
	return out, ctx.Err()
}

// begin with what every check needs.
func begin(k *kit.Kit, o Options) (*reader, check.Observed, error) {
	out := check.Observed{Now: k.Now(), Client: o.Client}
	var err error
	if out.Wanted, err = installation.Build(nil); err != nil {
		return nil, out, err
	}
	r, err := newReader(k, o.Namespace)
	if err != nil {
		return nil, out, err
	}
	info, err := r.core.Discovery().ServerVersion()
	if err != nil {
		return nil, out, fault.API("cannot ask the cluster for its version", err)
	}
	out.Kubernetes = info.GitVersion
	return r, out, nil
}

// common reads of both.
func (r *reader) common(ctx context.Context, out *check.Observed) []func() {
	return []func(){
		func() { out.Definitions = check.See(r.definitions(ctx, out.Wanted)) },
		func() { out.Deployments = check.See(r.deployments(ctx)) },
		func() { out.Controllers = check.See(r.list(ctx, "CompositeController")) },
		func() { out.Shared = check.See(r.shared(ctx)) },
	}
}

func atOnce(reads []func()) {
	var all sync.WaitGroup
	for _, read := range reads {
		all.Go(read)
	}
	all.Wait()
}

// lacks are the rights that the caller does not have.
func (r *reader) lacks(ctx context.Context, rights []target.Right) (out []target.Right, err error) {
	answers, err := r.home.Ask(ctx, r.namespace, rights)
	for _, right := range rights {
		if err == nil && !answers[right] {
			out = append(out, right)
		}
	}
	return out, err
}

// targets of the namespace, or of all that have moves.
func targets(ctx context.Context, o Options, moves snapshot.Objects) (out []check.Target, err error) {
	namespaces := []string{o.Namespace}
	if o.Namespace == "" {
		namespaces = nil
		seen := map[string]bool{}
		for i := range moves.Engines {
			if ns := moves.Engines[i].Namespace; !seen[ns] {
				seen[ns], namespaces = true, append(namespaces, ns)
			}
		}
	}
	for _, ns := range namespaces {
		list, err := o.Targets(ctx, ns)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// all of a list.
var all = metav1.ListOptions{}
