package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/internal/cli/check"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/setup"
	"github.com/kubemove/kubemove/internal/cli/view"
)

type installOptions struct {
	dryRun      kit.DryRun
	images      map[string]*string
	force, skip bool
	wait        bool
	timeout     time.Duration
}

func newInstallCommand(k *kit.Kit) *cobra.Command {
	o := &installOptions{images: map[string]*string{}}
	c := &cobra.Command{
		Use: "install", Short: "Install or upgrade KubeMove, with a Metacontroller of its own",
		Long: "Install KubeMove in the namespace " + installation.Namespace + ", or upgrade it: what is in manifests/overlays/default\n" +
			"is applied on the server's side with the field manager kubectl-move, the kinds first. The checks of check --pre are made before.\n\n" +
			"With --dry-run=client nothing is asked of the cluster, and the objects are written as YAML in their order.",
		Example: examples(k, "install --wait", "install --dry-run=client", "install --image-hooks registry.example.com/kubemove/hooks:v0.1.0"),
		Args:    kit.Exactly(0, "no argument"),
		RunE:    func(c *cobra.Command, _ []string) error { return runInstall(c.Context(), k, o) },
	}
	o.dryRun.AddClientFlag(c)
	for _, name := range installation.ImageNames() {
		o.images[name] = c.Flags().String("image-"+name, "", "`IMAGE` of "+name+", with a tag or a digest")
	}
	c.Flags().BoolVar(&o.force, "force-conflicts", false, "take fields from other field managers, such as kubectl's")
	c.Flags().BoolVar(&o.skip, "skip-checks", false, "install although a check has failed")
	c.Flags().BoolVar(&o.wait, "wait", false, "wait until KubeMove is ready")
	c.Flags().DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long to wait for the kinds, and for KubeMove")
	return c
}

func runInstall(ctx context.Context, k *kit.Kit, o *installOptions) error {
	if err := o.dryRun.Check(); err != nil {
		return err
	}
	images := installation.Images{}
	for name, value := range o.images {
		images[name] = *value
	}
	objects, err := installation.Build(images)
	if err != nil {
		return err
	}
	if o.dryRun.Client() {
		return printObjects(k, objects)
	}
	if !o.skip {
		if err := checkBefore(ctx, k); err != nil {
			return err
		}
	}
	s, err := setup.New(k, o.dryRun)
	if err != nil {
		return err
	}
	unchecked, err := s.Apply(ctx, objects, o.force, o.timeout)
	switch {
	case err != nil:
		return err
	case unchecked > 0:
		return fault.New(fault.Warned, "not everything could be checked", "%d of %d objects need what is not there yet", unchecked, len(objects))
	case o.wait && !o.dryRun.Server():
		if err := s.Ready(ctx, objects, o.timeout); err != nil {
			return err
		}
	}
	k.Next([]string{"kubectl", "move", "check"})
	return nil
}

func printObjects(k *kit.Kit, objects []unstructured.Unstructured) error {
	for i := range objects {
		data, err := yaml.Marshal(objects[i].Object)
		if err != nil {
			return err
		}
		fmt.Fprintf(k.Out, "---\n%s", data)
	}
	return nil
}

// checkBefore refuses where a check has failed. Warnings are said.
func checkBefore(ctx context.Context, k *kit.Kit) error {
	report, err := checkReport(ctx, k, true, true)
	if err != nil {
		return err
	}
	for _, r := range report.Results {
		if r.Result == check.Warning {
			k.Narrate("Warning: %s: %s", r.Message, strings.Join(append(r.Details, r.Hint), "; "))
		}
	}
	if report.Count(check.Failed) == 0 {
		return nil
	}
	fmt.Fprint(k.ErrOut, view.Checks(report, k.View(k.ErrOut)))
	return fault.New(fault.Blocked, "KubeMove cannot be installed", "a check has failed, see above; --skip-checks installs all the same").
		Trying("kubectl", "move", "check", "--pre")
}
