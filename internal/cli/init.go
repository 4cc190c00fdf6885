package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/initial"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/reach"
	"github.com/kubemove/kubemove/internal/cli/target"
)

type initOptions struct {
	dryRun              kit.DryRun
	targets             []string
	mode, name, output  string
	overwrite, annotate bool
}

func newInitCommand(k *kit.Kit) *cobra.Command {
	o := &initOptions{}
	c := &cobra.Command{
		Use: "init [WORKLOAD...]", Short: "Write a MoveEngine for what runs in the namespace",
		Long: "Write a MoveEngine with comments, from the workloads of the namespace, the claims that they mount, and the targets that were\n" +
			"added. Nothing is changed in the cluster: read it, edit it, and start it.\n\n" +
			"WORKLOAD is NAME or KIND/NAME; without one it is all of them. On a terminal you are asked what is not clear.\n\n" +
			"With --annotate the workloads get the annotations that let them move with the engine, in the place of being listed in it.",
		Example: examples(k, "init --output moveengine.yaml", "init deployment/shop statefulset/db --target dst --mode Live -o moveengine.yaml"),
		RunE:    func(c *cobra.Command, args []string) error { return runInit(c.Context(), k, o, args) },

		ValidArgsFunction: completeWorkloads(k),
	}
	f := c.Flags()
	f.StringSliceVar(&o.targets, "target", nil, "the `NAME` of a target; may be repeated (default: the only one that there is)")
	f.StringVar(&o.mode, "mode", string(api.ModeOffline), "Offline, or Live: the data is copied while the application runs")
	f.StringVar(&o.name, "name", "", "the `NAME` of the MoveEngine (default: that of the workload, or of the namespace)")
	f.StringVarP(&o.output, "output", "o", "", "the `FILE` to write (default: the standard output)")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace the FILE if it is there")
	f.BoolVar(&o.annotate, "annotate", false, "annotate the workloads instead of listing them")
	o.dryRun.AddFlag(c)
	_ = c.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]string{string(api.ModeOffline), string(api.ModeLive)},
		cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("target", func(c *cobra.Command, _ []string, begin string) ([]string, cobra.ShellCompDirective) {
		return completeStored(k)(c, nil, begin)
	})
	return c
}

// completeWorkloads of the namespace, but for those that are named already.
func completeWorkloads(k *kit.Kit) completion {
	return func(c *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		const none = cobra.ShellCompDirectiveNoFileComp
		ctx, cancel := context.WithTimeout(contextOf(c), completionTime)
		defer cancel()
		ns, err := k.Namespace()
		if err != nil {
			return nil, none
		}
		objects, err := initialObjects(ctx, k, ns)
		if err != nil {
			return nil, none
		}
		var words []string
		for _, w := range initial.Read(objects).Workloads {
			if !slices.Contains(args, w.Ref()) {
				words = append(words, w.Ref())
			}
		}
		return matching(words, begin), none
	}
}

func (o *initOptions) check() error {
	if o.mode != string(api.ModeOffline) && o.mode != string(api.ModeLive) {
		return fault.Badly("--mode is %q, expected Offline or Live", o.mode)
	}
	for _, name := range append(slices.Clone(o.targets), o.name) {
		if name != "" {
			if err := target.CheckName(name); err != nil {
				return err
			}
		}
	}
	if o.output != "" && !o.overwrite {
		if _, err := os.Lstat(o.output); !errors.Is(err, fs.ErrNotExist) {
			return fault.Badly("the file %s is there already: name another one, or add --overwrite", o.output)
		}
	}
	return o.dryRun.Check()
}

func runInit(ctx context.Context, k *kit.Kit, o *initOptions, args []string) error {
	if err := o.check(); err != nil {
		return err
	}
	ns, err := k.Namespace()
	if err != nil {
		return err
	}
	objects, err := initialObjects(ctx, k, ns)
	if err != nil {
		return err
	}
	a := initial.Read(objects)
	e := initial.Engine{Name: o.name, Namespace: ns, Mode: api.MoveMode(o.mode), Annotated: o.annotate}
	if err := o.chooseWorkloads(k, a, &e, args); err != nil {
		return err
	}
	if e.Name == "" {
		e.Name = initial.DefaultName(ns, e.Workloads)
	}
	if e.Targets, err = o.chooseTargets(ctx, k, ns); err != nil {
		return err
	}
	for _, w := range e.Doubles() {
		k.Narrate("Warning: an engine cannot list two workloads of one name, so %s is left out: add --annotate, or %s.", w.Ref(),
			k.Line(e.AnnotateWords(w)...))
	}
	if o.annotate {
		if err := annotate(ctx, k, o.dryRun, e); err != nil {
			return err
		}
	}
	return o.write(k, initial.Write(a, e))
}

// chooseWorkloads by the arguments, or by asking.
func (o *initOptions) chooseWorkloads(k *kit.Kit, a initial.Application, e *initial.Engine, args []string) error {
	if len(args) == 0 && len(a.Workloads) == 0 && (len(a.Claims) == 0 || o.annotate) {
		return fault.New(fault.Failed, "there is nothing to move in namespace "+e.Namespace, "it has no Deployment, StatefulSet, ReplicaSet "+
			"or CronJob, "+
			"and no claim of its own").Trying("kubectl", "--namespace", e.Namespace, "get", "all")
	}
	if len(args) == 0 && len(a.Workloads) > 1 && k.IsInteractive() {
		var choices []string
		for _, w := range a.Workloads {
			choices = append(choices, w.Ref())
		}
		chosen, err := k.Choose("What moves?", choices, true)
		if err != nil {
			return err
		}
		if len(chosen) < len(choices) {
			for _, i := range chosen {
				args = append(args, choices[i])
			}
		}
	}
	var err error
	e.All = len(args) == 0
	e.Workloads, err = a.Choose(e.Namespace, args)
	return err
}

// chooseTargets of the flags, or the only one that was added, or by asking.
func (o *initOptions) chooseTargets(ctx context.Context, k *kit.Kit, ns string) ([]initial.Target, error) {
	secrets, err := listSecrets(ctx, k, ns)
	if fault.IsForbidden(err) {
		k.Narrate("Warning: you may not list the Secrets of namespace %s, so the targets that were added are not known.", ns)
		err = nil
	}
	if err != nil {
		return nil, err
	}
	list := target.List(secrets, nil)
	wanted := o.targets
	if len(wanted) == 0 {
		var there []string
		for _, s := range list {
			there = append(there, s.Name)
		}
		if wanted, err = theTarget(k, ns, there); err != nil {
			return nil, err
		}
	}
	var out []initial.Target
	for _, name := range wanted {
		t, err := initialTarget(ctx, k, ns, name)
		if err != nil {
			return nil, err
		}
		if t.Missing {
			k.Narrate("Warning: there is no Secret %s in namespace %s yet: target add makes it.", name, ns)
		}
		out = append(out, t)
	}
	return out, nil
}

// theTarget where none is named.
func theTarget(k *kit.Kit, ns string, there []string) ([]string, error) {
	switch {
	case len(there) == 0:
		return []string{"dst"}, nil
	case len(there) == 1:
		return there, nil
	case !k.IsInteractive():
		return nil, fault.Badly("there are %d targets in namespace %s: name one of them with --target", len(there), ns).
			Trying("kubectl", "move", "target", "list")
	}
	chosen, err := k.Choose("Where to?", there, false)
	if err != nil {
		return nil, err
	}
	return []string{there[chosen[0]]}, nil
}

// initialTarget by its Secret, with the StorageClasses that are there.
func initialTarget(ctx context.Context, k *kit.Kit, ns, name string) (initial.Target, error) {
	out := initial.Target{Name: name, Namespace: ns}
	secret, err := secretOf(ctx, k, ns, name)
	if fault.IsForbidden(err) {
		out.Problem = "you may not read its Secret"
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if secret == nil {
		out.Missing = true
		return out, nil
	}
	stored := target.Read(secret, target.Key)
	if out.Problem = stored.Problem; out.Problem != "" {
		return out, nil
	}
	out.Namespace = stored.Namespace
	classes, problem, err := reach.Classes(ctx, k, secret.Data[target.Key], stored)
	out.Classes, out.Problem = initial.Classes(classes), problem
	return out, err
}

// write the text to the file, or as the result.
func (o *initOptions) write(k *kit.Kit, text string) error {
	if o.output == "" {
		fmt.Fprint(k.Out, text)
		k.Narrate("Read it, edit it, and store it in a file, such as moveengine.yaml.")
		k.Next([]string{"kubectl", "move", "start", "--filename", "moveengine.yaml"})
		return nil
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if o.overwrite {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(o.output, flags, 0o644)
	if err != nil {
		return fault.Badly("cannot write: %s", err)
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return fault.New(fault.Failed, "cannot write "+o.output, "%s", err)
	}
	k.Print("%s written", o.output)
	k.Next([]string{"kubectl", "move", "start", "--filename", o.output})
	return nil
}

// initialObjects of a namespace.
func initialObjects(ctx context.Context, k *kit.Kit, ns string) (o initial.Objects, err error) {
	core, err := k.Core()
	if err != nil {
		return o, err
	}
	apps, all := core.AppsV1(), metav1.ListOptions{}
	for _, read := range []func() error{
		func() error { l, err := apps.Deployments(ns).List(ctx, all); o.Deployments = l.Items; return err },
		func() error { l, err := apps.StatefulSets(ns).List(ctx, all); o.StatefulSets = l.Items; return err },
		func() error { l, err := apps.ReplicaSets(ns).List(ctx, all); o.ReplicaSets = l.Items; return err },
		func() error { l, err := apps.DaemonSets(ns).List(ctx, all); o.DaemonSets = l.Items; return err },
		func() error { l, err := core.BatchV1().CronJobs(ns).List(ctx, all); o.CronJobs = l.Items; return err },
		func() error {
			l, err := core.CoreV1().PersistentVolumeClaims(ns).List(ctx, all)
			o.Claims = l.Items
			return err
		},
	} {
		if err := read(); err != nil {
			return o, fault.API("cannot list what is in namespace "+ns, err)
		}
	}
	return o, nil
}
