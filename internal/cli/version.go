package cli

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/kubernetes"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/cli/kit"
)

type versionOptions struct {
	client bool
	output kit.Output
}

// Version of this program and of what is installed.
type Version struct {
	Client string `json:"client"`
	// Image of the hooks in the cluster; empty: not asked for, or not known.
	Image string `json:"image,omitempty"`
	// Kubernetes of the cluster.
	Kubernetes string `json:"kubernetes,omitempty"`
}

func newVersionCommand(k *kit.Kit) *cobra.Command {
	o := &versionOptions{}
	c := &cobra.Command{
		Use: "version", Short: "Show the version of this program, and of KubeMove in the cluster",
		Long: "Show the version of this program, and the image of KubeMove in the cluster as far as you may read its Deployment.",
		Args: kit.Exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error { return runVersion(c.Context(), k, o) },
	}
	c.Flags().BoolVar(&o.client, "client", false, "only of this program; no cluster is asked")
	o.output.AddFlag(c, "text", "json", "yaml")
	return c
}

func runVersion(ctx context.Context, k *kit.Kit, o *versionOptions) error {
	if err := o.output.Check(); err != nil {
		return err
	}
	v := Version{Client: clientVersion()}
	var failed error
	if !o.client {
		failed = v.ask(ctx, k)
	}
	warnOfImage(k, v.Client, v.Image)
	if done, err := o.output.Print(k, v, nil); done {
		return errors.Join(err, failed)
	}
	k.Print("client: %s", v.Client)
	if v.Image != "" {
		k.Print("KubeMove: %s", v.Image)
	}
	if v.Kubernetes != "" {
		k.Print("Kubernetes: %s", v.Kubernetes)
	}
	return failed
}

// ask the cluster. That the Deployment cannot be read is said, and is no failure.
func (v *Version) ask(ctx context.Context, k *kit.Kit) error {
	core, err := k.Core()
	if err != nil {
		return err
	}
	info, err := core.Discovery().ServerVersion()
	if err != nil {
		return fault.API("cannot ask the cluster for its version", err)
	}
	v.Kubernetes = info.GitVersion
	image, err := installedImage(ctx, core)
	switch {
	case apierrors.IsNotFound(err):
		k.Narrate("There is no Deployment %s in namespace %s: KubeMove is not installed there.", installation.Deployment, installation.Namespace)
	case apierrors.IsForbidden(err):
		k.Narrate("The Deployment %s in namespace %s may not be read, so the version of KubeMove is not known.", installation.Deployment,
			installation.Namespace)
	case err != nil:
		return fault.API("cannot read the Deployment of KubeMove", err)
	}
	v.Image = image
	return nil
}

// installedImage is that of the hooks in the cluster, with a Metacontroller of its own or a shared one.
func installedImage(ctx context.Context, core kubernetes.Interface) (string, error) {
	deployments := core.AppsV1().Deployments(installation.Namespace)
	d, err := deployments.Get(ctx, installation.Deployment, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		d, err = deployments.Get(ctx, installation.SharedDeployment, metav1.GetOptions{})
	}
	if err != nil {
		return "", err
	}
	for _, c := range d.Spec.Template.Spec.Containers {
		if c.Name == installation.HooksContainer {
			return c.Image, nil
		}
	}
	return "", nil
}

// compareTimeout is how long a command that has done its work may take to compare versions.
const compareTimeout = 2 * time.Second

// warnOfVersion says that another minor version of KubeMove is installed than this program is of. What may not be read is not said:
// few users may read the Deployment.
func warnOfVersion(ctx context.Context, k *kit.Kit, client string) {
	if _, err := version.ParseSemantic(client); err != nil {
		return
	}
	core, err := k.Core()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, compareTimeout)
	defer cancel()
	if image, err := installedImage(ctx, core); err == nil {
		warnOfImage(k, client, image)
	}
}

// warnOfImage is warnOfVersion where the image is known.
func warnOfImage(k *kit.Kit, client, image string) {
	if v, err := installation.Compare(client, image); err == nil && !v.SameMinor {
		k.Narrate("Warning: %s: %s.", v.Text, installation.OtherMinorHint)
	}
}

// release that this program is of; hack/release sets it.
var release string

// clientVersion is that of the release, or else as the toolchain has written it: a tag, or a commit.
func clientVersion() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	out := "devel"
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			out += " " + s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			out += " with changes"
		}
	}
	return out
}
