package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/observe"
	"github.com/kubemove/kubemove/internal/cli/support"
	"github.com/kubemove/kubemove/internal/cli/view"
	"github.com/kubemove/kubemove/internal/text"
)

type bundleOptions struct {
	all, overwrite bool
	file           string
}

func newBundleCommand(k *kit.Kit) *cobra.Command {
	o := &bundleOptions{}
	c := &cobra.Command{
		Use: "support-bundle", Short: "Write what helps to find a fault to an archive, without secrets",
		Long: "Write an archive with KubeMove's objects of the namespace, their events, the logs of KubeMove's own Pods, the versions and the\n" +
			"results of check. Values of Secrets, of environments and of kustomizations are left out, and so is in every text what is the\n" +
			"value of a Secret or looks like a credential. Names of your objects are in it: read it before you give it away.",
		Example: examples(k, "support-bundle", "support-bundle --all-namespaces --file bundle.tar.gz"),
		Args:    kit.Exactly(0, "no argument"),
		RunE:    func(c *cobra.Command, _ []string) error { return runBundle(c.Context(), k, o) },
	}
	c.Flags().BoolVarP(&o.all, "all-namespaces", "A", false, "the moves of all namespaces")
	c.Flags().StringVar(&o.file, "file", "", "`FILE` to write (default: kubemove-support-TIME.tar.gz)")
	c.Flags().BoolVar(&o.overwrite, "overwrite", false, "replace a file that is there")
	return c
}

func runBundle(ctx context.Context, k *kit.Kit, o *bundleOptions) error {
	namespace := ""
	if !o.all {
		var err error
		if namespace, err = k.Namespace(); err != nil {
			return err
		}
	}
	folder := "kubemove-support-" + k.Now().UTC().Format("20060102T150405Z")
	file := o.file
	if file == "" {
		file = folder + ".tar.gz"
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if o.overwrite {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	own, err := ownFiles(ctx, k, o.all)
	if err != nil {
		return err
	}
	files, err := observe.Bundle(ctx, k, namespace, own)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(file, flags, 0o600)
	if err != nil {
		return fault.Badly("cannot write: %s", err)
	}
	err = support.Write(out, folder, files, k.Now())
	if err = errors.Join(err, out.Close()); err != nil {
		return fault.New(fault.Failed, "cannot write "+file, "%s", err)
	}
	k.Print("%s written", file)
	k.Narrate("It has %s. Secrets were left out; names of your objects are in it: read it before you give it away.",
		text.Count(len(files), "file"))
	k.Next([]string{"tar", "--list", "--file", file})
	return nil
}

// ownFiles are the versions and the results of check.
func ownFiles(ctx context.Context, k *kit.Kit, all bool) ([]support.File, error) {
	v := Version{Client: clientVersion()}
	if err := v.ask(ctx, k); err != nil {
		return nil, err
	}
	versions, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, err
	}
	report, err := checkReport(ctx, k, false, all)
	if err != nil {
		return nil, err
	}
	plain := k.View(nil)
	plain.Style = view.Style{}
	return []support.File{{Name: "versions.json", Data: versions}, {Name: "check.txt", Data: []byte(view.Checks(report, plain))}}, nil
}
