package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/reach"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/target"
)

func newTargetCommand(k *kit.Kit) *cobra.Command {
	c := &cobra.Command{
		Use: "target", Short: "Add and keep the clusters and namespaces to move to",
		Long: "A target is a Secret with a kubeconfig, in the namespace of the moves that name it: it leads to a namespace of another " +
			"cluster,\n" +
			"or to another namespace of this one. The same kind of Secret lets a move come from there (spec.source).",
		Example: examples(k, "target add dst --kubeconfig dst.kubeconfig", "target add green --in-cluster --target-namespace shop-green",
			"target list", "target check dst", "target remove dst --kubeconfig dst.kubeconfig"),
		Args: kit.AtMost(0, "one of the commands add, list, check, renew and remove"),
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newTargetAddCommand(k), newTargetListCommand(k), newTargetCheckCommand(k), newTargetRenewCommand(k),
		newTargetRemoveCommand(k))
	return c
}

// targetUse is how a command names its target.
const targetUse = "the NAME of one target"

// there says how the cluster of a target is reached with the caller's own credentials.
type there struct {
	kubeconfig, context string
	inCluster           bool
}

// addFlags of the target's cluster. Those of home are called home-... then.
func (o *there) addFlags(k *kit.Kit, c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "`FILE` with your kubeconfig of the target's cluster")
	f.StringVar(&o.context, "context", "", "its context")
	f.BoolVar(&o.inCluster, "in-cluster", false, "the target is a namespace of the cluster where KubeMove is installed")
	k.AddHomeFlags(c)
	_ = c.RegisterFlagCompletionFunc("context", func(_ *cobra.Command, _ []string, begin string) ([]string, cobra.ShellCompDirective) {
		return matching(reach.Contexts(o.kubeconfig), begin), cobra.ShellCompDirectiveNoFileComp
	})
	_ = c.RegisterFlagCompletionFunc("home-context", completeContexts(k))
}

// isGiven says whether the target's cluster is named.
func (o *there) isGiven() bool { return o.kubeconfig != "" || o.context != "" || o.inCluster }

// open the way to it.
func (o *there) open(k *kit.Kit) (*reach.Cluster, error) {
	switch {
	case o.inCluster && (o.kubeconfig != "" || o.context != ""):
		return nil, fault.Badly("--in-cluster names the cluster where KubeMove is installed: leave --kubeconfig and --context out, or name " +
			"that " +
			"cluster with --home-kubeconfig and --home-context")
	case !o.isGiven():
		return nil, fault.Badly("no cluster of the target is named: expected --kubeconfig FILE, --context NAME or both, with your own access " +
			"to it; " +
			"or --in-cluster for another namespace of this one")
	}
	return reach.Open(k, reach.Options{Kubeconfig: o.kubeconfig, Context: o.context, Home: o.inCluster})
}

// homeOf a target: the namespace of the moves that name it.
type homeOf struct {
	namespace, uid string
}

// home reads the namespace of the flags. A cluster without KubeMove is refused: it is most likely the wrong one.
func home(ctx context.Context, k *kit.Kit) (homeOf, error) {
	name, err := k.Namespace()
	if err != nil {
		return homeOf{}, err
	}
	moves, err := k.Moves()
	if err != nil {
		return homeOf{}, err
	}
	failed := "cannot list moveengines in namespace " + name
	if err := moves.Get().Namespace(name).Resource("moveengines").Param("limit", "1").Do(ctx).Error(); err != nil {
		return homeOf{}, fault.API(failed, err)
	}
	core, err := k.Core()
	if err != nil {
		return homeOf{}, err
	}
	ns, err := core.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	if fault.IsNotFound(err) {
		return homeOf{}, fault.New(fault.Failed, "there is no namespace "+name+" at home",
			"--namespace is that of the moves; where the target's has another name, it is said with --target-namespace").
			Trying("kubectl", "get", "namespaces")
	}
	if err != nil {
		return homeOf{}, fault.API("cannot read namespace "+name, err)
	}
	return homeOf{name, string(ns.UID)}, nil
}

// secretOf a target; nil: it is not there.
func secretOf(ctx context.Context, k *kit.Kit, namespace, name string) (*corev1.Secret, error) {
	core, err := k.Core()
	if err != nil {
		return nil, err
	}
	s, err := core.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if fault.IsNotFound(err) {
		return nil, nil
	}
	return s, fault.API(fmt.Sprintf("cannot read the Secret %s in namespace %s", name, namespace), err)
}

// noTarget says that there is none of that name.
func noTarget(namespace, name string) error {
	return fault.New(fault.Failed, "there is no target "+name, "there is no Secret of that name in namespace %s", namespace).
		Trying("kubectl", "move", "target", "list")
}

// usesOf the Secrets of a namespace by its moves.
func usesOf(ctx context.Context, k *kit.Kit, namespace string) ([]target.Use, error) {
	s, err := k.Load(ctx, namespace)
	if err != nil {
		return nil, err
	}
	return target.Uses(enginesOf(s)), nil
}

func enginesOf(s snapshot.Snapshot) (out []*api.MoveEngine) {
	for _, m := range s.Moves {
		if m.Engine != nil {
			out = append(out, m.Engine)
		}
	}
	return out
}

// completeStored completes the names of the Secrets of targets.
func completeStored(k *kit.Kit) completion {
	return func(c *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		const none = cobra.ShellCompDirectiveNoFileComp
		ns, err := k.Namespace()
		if err != nil || len(args) > 0 {
			return nil, none
		}
		ctx, cancel := context.WithTimeout(contextOf(c), completionTime)
		defer cancel()
		secrets, err := listSecrets(ctx, k, ns)
		if err != nil {
			return nil, none
		}
		var names []string
		for i := range secrets {
			names = append(names, secrets[i].Name)
		}
		return matching(names, begin), none
	}
}

// contextOf a command; one that completes has none.
func contextOf(c *cobra.Command) context.Context {
	if ctx := c.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}

// listSecrets of the targets in a namespace.
func listSecrets(ctx context.Context, k *kit.Kit, namespace string) ([]corev1.Secret, error) {
	core, err := k.Core()
	if err != nil {
		return nil, err
	}
	list, err := core.CoreV1().Secrets(namespace).List(ctx, metav1.ListOptions{LabelSelector: api.TargetLabel})
	if err != nil {
		return nil, fault.API("cannot list the Secrets of targets in namespace "+namespace, err)
	}
	return list.Items, nil
}
