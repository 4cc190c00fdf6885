package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/reach"
	"github.com/kubemove/kubemove/internal/cli/target"
)

type targetAddOptions struct {
	there
	dryRun                          kit.DryRun
	namespace, server               string
	duration                        time.Duration
	parts                           target.Parts
	copyCredentials, overwrite, yes bool
}

func newTargetAddCommand(k *kit.Kit) *cobra.Command {
	o := &targetAddOptions{}
	c := &cobra.Command{
		Use: "add NAME --kubeconfig FILE", Short: "Make an account at a target, and store its kubeconfig in a Secret here",
		Long: "Make an account in a namespace of another cluster, with the rights that a move needs and no more, and store its kubeconfig as " +
			"the\n" +
			"Secret NAME in the namespace of the moves. Your own credentials are used once, and stored nowhere.\n\n" +
			"What will be made is shown first. Only rights that you have there are given; what is left out is shown, with what a plan then\n" +
			"cannot check. The command can be repeated: it ends what was begun, and gives the account the rights of this version.\n\n" +
			"--kubeconfig and --context are of the target's cluster here. --namespace is that of the moves, and where --target-namespace is\n" +
			"not given, of the target too.",
		Example: examples(k, "target add dst --kubeconfig dst.kubeconfig", "target add dst --context dst --target-namespace shop-new "+
			"--duration 720h",
			"target add green --in-cluster --target-namespace shop-green"),
		Args: kit.Exactly(1, targetUse),
		RunE: func(c *cobra.Command, args []string) error { return runTargetAdd(c.Context(), k, o, args[0]) },
	}
	o.addFlags(k, c)
	return c
}

func (o *targetAddOptions) addFlags(k *kit.Kit, c *cobra.Command) {
	o.there.addFlags(k, c)
	o.dryRun.AddFlag(c)
	f := c.Flags()
	f.StringVar(&o.namespace, "target-namespace", "", "the `NAMESPACE` there; it is made if it is missing (default: that of the moves)")
	f.StringVar(&o.server, "server", "", "`URL` of the API server in the kubeconfig that is stored, where Pods reach it at another one "+
		"than you do")
	f.DurationVar(&o.duration, "duration", 0, "for a token that ends, such as 720h; target renew replaces it (default: one that does not end)")
	f.BoolVar(&o.parts.ClusterCreate, "cluster-create", false, "also let moves create what an application names of the whole cluster")
	f.BoolVar(&o.parts.ClusterPods, "cluster-pods", false, "also let plans list the Pods of all namespaces, to see the room that they leave")
	f.BoolVar(&o.copyCredentials, "copy-credentials", false, "make no account, and store the credentials of your own kubeconfig instead")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace a Secret NAME that is there and is not this target's")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
}

func (o *targetAddOptions) check(name string) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	if err := target.CheckName(name); err != nil {
		return err
	}
	if err := checkDuration(o.duration); err != nil {
		return err
	}
	if o.copyCredentials && (o.duration != 0 || o.parts != target.Parts{}) {
		return fault.Badly("--copy-credentials makes no account: leave --duration, --cluster-create and --cluster-pods out")
	}
	if o.copyCredentials && o.inCluster {
		return fault.Badly("--copy-credentials and --in-cluster are both given: your credentials for home are not copied; leave one of them out")
	}
	return nil
}

// checkDuration of a token. The API server makes none that is shorter.
func checkDuration(d time.Duration) error {
	if d != 0 && d < 10*time.Minute {
		return fault.Badly("--duration is %s, expected at least 10m, such as 720h", d)
	}
	return nil
}

// adding is what is known when a target is added.
type adding struct {
	o       *targetAddOptions
	home    homeOf
	cluster *reach.Cluster
	target  target.Target
	// missing: the namespace there has to be created.
	missing bool
	// objects that are made there, and what the account lacks.
	objects []unstructured.Unstructured
	lacks   []target.Lack
	// former Secret at home.
	former *target.Stored
	// version of the Secret that was read.
	version string
}

func runTargetAdd(ctx context.Context, k *kit.Kit, o *targetAddOptions, name string) error {
	if err := o.check(name); err != nil {
		return err
	}
	a, err := prepareTarget(ctx, k, o, name)
	if err != nil {
		return err
	}
	if err := a.show(k); err != nil {
		return err
	}
	if !o.yes && !o.dryRun.Server() {
		if err := k.Confirm("Add target "+name+"?", "--yes"); err != nil {
			return err
		}
	}
	if err := a.make(ctx, k); err != nil {
		return err
	}
	return a.end(k)
}

// prepareTarget reads both sides and decides what will be made.
func prepareTarget(ctx context.Context, k *kit.Kit, o *targetAddOptions, name string) (*adding, error) {
	a := &adding{o: o}
	var err error
	if a.cluster, err = o.open(k); err != nil {
		return nil, err
	}
	if a.home, err = home(ctx, k); err != nil {
		return nil, err
	}
	a.target = target.Target{Name: name, ID: target.ID(a.home.uid, name), Namespace: o.namespace}
	if a.target.Namespace == "" {
		a.target.Namespace = a.home.namespace
	}
	uid, missing, err := a.cluster.Namespace(ctx, a.target.Namespace)
	if err != nil {
		return nil, err
	}
	a.missing = missing
	if uid == a.home.uid {
		return nil, fault.New(fault.Usage, "cannot add target "+name, "namespace %s of %s is that of the moves themselves: "+
			"name another one with --target-namespace, or another cluster", a.target.Namespace, a.cluster)
	}
	secret, err := secretOf(ctx, k, a.home.namespace, name)
	if err != nil {
		return nil, err
	}
	if secret != nil {
		former := target.Read(secret, target.Key)
		a.former, a.version = &former, secret.ResourceVersion
	}
	if !o.overwrite {
		if err := a.target.CheckOverwrite(a.former, a.home.namespace, a.server()); err != nil {
			return nil, err
		}
	}
	if o.copyCredentials {
		return a, nil
	}
	err = a.decide(ctx)
	return a, err
}

// server that the stored kubeconfig has.
func (a *adding) server() string {
	switch {
	case a.o.server != "":
		return a.o.server
	case a.o.inCluster:
		return target.InCluster
	}
	return a.cluster.Server
}

// decide which objects are made there: as far as the caller may.
func (a *adding) decide(ctx context.Context) error {
	parts := a.o.parts
	parts.Token = a.o.duration == 0
	all, err := a.target.Objects(parts)
	if err != nil {
		return err
	}
	rights, err := target.Rights(all)
	if err != nil {
		return err
	}
	caller, err := a.cluster.Caller(ctx, a.target.Namespace, rights)
	if err != nil {
		return err
	}
	if lacks := caller.Lacks(a.o.duration > 0, a.missing); len(lacks) > 0 {
		return fault.New(fault.Failed, "cannot make an account in namespace "+a.target.Namespace+" of "+a.cluster.String(),
			"you lack there: %s; let an administrator of that namespace run this command", target.Join(lacks))
	}
	objects, left, err := target.Grant(all, caller.May)
	a.objects, a.lacks = objects, target.Lacks(left, target.AsTarget)
	return err
}

// show what will be made, and what is left out.
func (a *adding) show(k *kit.Kit) error {
	k.Narrate("In %s:", a.cluster)
	if a.missing {
		k.Item("namespace/%s, which stays when the target is removed", a.target.Namespace)
	}
	if a.o.copyCredentials {
		k.Item("nothing else: no account is made")
	}
	lines, err := target.Describe(a.objects)
	if err != nil {
		return err
	}
	for _, line := range lines {
		k.Item("%s", line)
	}
	if len(a.lacks) > 0 {
		k.Narrate("Left out, as you may not give these rights there:")
	}
	for _, l := range a.lacks {
		k.Item("%s", l)
	}
	k.Narrate("At home, in namespace %s:", a.home.namespace)
	what := "with the kubeconfig of that account, for " + a.server()
	if a.o.copyCredentials {
		what = "with your own credentials for " + a.server()
	}
	if a.former != nil {
		what += ", in the place of what it holds"
	}
	k.Item("secret/%s, %s", a.target.Name, what)
	if a.o.copyCredentials {
		k.Narrate("Warning: every user and every Pod that may read this Secret can do at the target what you can.")
	}
	if target.IsLoopback(a.server()) {
		k.Narrate("Warning: the address %s leads to this machine only; --server sets one that the Pods at home reach.", a.server())
	}
	return nil
}

// end says what comes next.
func (a *adding) end(k *kit.Kit) error {
	if a.o.dryRun.Server() {
		return nil
	}
	if target.AnyRequired(a.lacks) {
		e := fault.New(fault.Warned, "target "+a.target.Name+" is added, but no move can use it yet",
			"its account lacks rights that every move needs, see above; let an administrator of that cluster run this command again")
		return e.Trying("kubectl", "move", "target", "check", a.target.Name)
	}
	k.Next([]string{"kubectl", "move", "init", "--target", a.target.Name, "--output", "moveengine.yaml"})
	return nil
}
