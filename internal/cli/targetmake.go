package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilwait "k8s.io/apimachinery/pkg/util/wait"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/reach"
	"github.com/kubemove/kubemove/internal/cli/target"
	"github.com/kubemove/kubemove/internal/cluster"
)

// make the target: the objects there, then the Secret here.
func (a *adding) make(ctx context.Context, k *kit.Kit) error {
	if err := a.makeThere(ctx, k); err != nil {
		return err
	}
	contents, err := a.contents(ctx, k)
	if err != nil {
		return err
	}
	if err := store(ctx, k, a.o.dryRun, a.target.Secret(a.home.namespace, contents), a.version); err != nil || a.former == nil {
		return err
	}
	a.abandoned(k)
	return a.prune(ctx, k)
}

// abandoned says which account an overwritten Secret has led to, as nothing removes that any more.
func (a *adding) abandoned(k *kit.Kit) {
	if former := a.former; former != nil && former.Account != "" && former.Account != a.target.Namespace+"/"+a.target.Account() {
		k.Narrate("Warning: the account %s of the former kubeconfig, at %s, stays: remove it there.", former.Account, former.Server)
	}
}

// prune what an earlier call has made there and this one does not want: a token that does not end, rights on request.
func (a *adding) prune(ctx context.Context, k *kit.Kit) error {
	all, err := look(ctx, a.cluster, a.target)
	if err != nil {
		return err
	}
	unwanted := slices.DeleteFunc(all[reach.Ours], func(o unstructured.Unstructured) bool {
		return slices.ContainsFunc(a.objects, func(wanted unstructured.Unstructured) bool { return target.Ref(&wanted) == target.Ref(&o) })
	})
	return remove(ctx, k, a.o.dryRun, a.cluster, unwanted)
}

func (a *adding) makeThere(ctx context.Context, k *kit.Kit) error {
	d := a.o.dryRun
	if a.missing {
		if err := a.cluster.CreateNamespace(ctx, d, a.target.Namespace); err != nil {
			return err
		}
		k.Narrate("namespace/%s created%s", a.target.Namespace, dryNote(d))
	}
	for i := range a.objects {
		o := &a.objects[i]
		err := a.cluster.Apply(ctx, d, o)
		if d.Server() && fault.IsNotFound(err) {
			// A dry run makes neither the namespace nor the role that the next object names.
			k.Narrate("%s not tried, as what it needs is not there yet", target.Ref(o))
			continue
		}
		if err != nil {
			return err
		}
		k.Narrate("%s applied%s", target.Ref(o), dryNote(d))
	}
	return nil
}

// contents of the Secret: the kubeconfig of the account, or of the caller. A dry run has no token to put there.
func (a *adding) contents(ctx context.Context, k *kit.Kit) (target.Contents, error) {
	if a.o.copyCredentials {
		data, err := a.cluster.Kubeconfig(a.target.Namespace, a.o.server)
		if err != nil {
			return target.Contents{}, err
		}
		return target.Contents{Kubeconfig: data}, usable(ctx, k, a.server(), data, 0)
	}
	if a.o.dryRun.Server() {
		return target.Contents{Kubeconfig: []byte("made when this is no dry run"), HasAccount: true, Duration: a.o.duration}, nil
	}
	return newContents(ctx, k, a.cluster, a.target, a.o.duration, a.server())
}

// newContents of the Secret at home, with a new token of the account; duration 0: that of the Secret there.
func newContents(ctx context.Context, k *kit.Kit, c *reach.Cluster, t target.Target, duration time.Duration, server string) (
	target.Contents, error,
) {
	out := target.Contents{HasAccount: true, Duration: duration}
	var token string
	var authority []byte
	var err error
	if duration > 0 {
		token, out.Expires, err = c.BoundToken(ctx, t, duration)
	} else {
		token, authority, err = c.Token(ctx, t)
	}
	if err != nil {
		return out, err
	}
	if duration > 0 && out.Expires.Before(k.Now().Add(duration-time.Minute)) {
		k.Narrate("Warning: that cluster makes no token for so long; this one ends at %s.", out.Expires.UTC().Format(time.RFC3339))
	}
	if server == c.Server {
		server = ""
	}
	access := c.Access(ctx, t, token, authority, server)
	if out.Kubeconfig, err = access.Kubeconfig(); err != nil {
		return out, err
	}
	if access.ProxyURL != "" {
		k.Narrate("Warning: the kubeconfig has the proxy of yours; the Pods at home have to reach it.")
	}
	return out, usable(ctx, k, access.Server, out.Kubeconfig, tokenKnown)
}

// tokenKnown is how long the API servers of a cluster may take to know a new token: each refuses it until its own memory has the
// Secret as it was filled.
const tokenKnown = 15 * time.Second

// usable checks a kubeconfig as a move does, and tries it from here. That Pods reach an address which this machine does not is
// well possible. Refused credentials are tried again for as long as patience is.
func usable(ctx context.Context, k *kit.Kit, server string, kubeconfig []byte, patience time.Duration) error {
	const failed = "the kubeconfig cannot be used by a move"
	config, warnings, err := cluster.ParseKubeconfig(cluster.SideTarget, kubeconfig)
	if err != nil {
		return fault.New(fault.Failed, failed, "%s", err)
	}
	for _, w := range warnings {
		k.Narrate("Warning: %s.", w)
	}
	if target.IsInCluster(server) {
		return nil
	}
	c, err := cluster.New(cluster.SideTarget, "", config)
	if err != nil {
		return fault.New(fault.Failed, failed, "%s", err)
	}
	version, err := versionOf(ctx, c, patience)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case cluster.KindOf(err) == cluster.Unreachable:
		k.Narrate("Warning: %s is not reached from this machine, so the kubeconfig was not tried: %s.", server, err)
	case err != nil:
		return fault.New(fault.Failed, failed, "%s", err)
	default:
		if old := cluster.TooOld(cluster.SideTarget, version, cluster.OldestEndpoint); old != "" {
			k.Narrate("Warning: %s.", old)
		}
	}
	return nil
}

// versionOf an API server. Refused credentials are tried again for as long as patience is.
func versionOf(ctx context.Context, c *cluster.Cluster, patience time.Duration) (version string, err error) {
	const pause = 250 * time.Millisecond
	_ = utilwait.PollUntilContextTimeout(ctx, pause, patience, true, func(context.Context) (bool, error) {
		version, err = c.ServerVersion(ctx)
		return cluster.KindOf(err) != cluster.Forbidden, nil
	})
	return version, err // Of the last try.
}

// store the Secret at home. version is that of the Secret that was read, empty: none was there. What has changed since is not
// overwritten.
func store(ctx context.Context, k *kit.Kit, d kit.DryRun, s *corev1.Secret, version string) error {
	core, err := k.Core()
	if err != nil {
		return err
	}
	s.ResourceVersion = version
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	k.Say(d, []string{"kubectl", "--namespace", s.Namespace, "apply", "--server-side", "--force-conflicts=" +
		strconv.FormatBool(version != ""),
		"--field-manager", kit.Manager, "--filename", "-"})
	force := version != ""
	_, err = core.CoreV1().Secrets(s.Namespace).Patch(ctx, s.Name, types.ApplyPatchType, data,
		metav1.PatchOptions{FieldManager: kit.Manager, Force: &force, DryRun: d.Options()})
	if err != nil {
		content, convertErr := runtime.DefaultUnstructuredConverter.ToUnstructured(s)
		if convertErr != nil {
			return convertErr
		}
		err = cluster.WithoutContent(&unstructured.Unstructured{Object: content}, err)
		return fault.API(fmt.Sprintf("cannot write the Secret %s in namespace %s", s.Name, s.Namespace), err)
	}
	k.Done(d, "secret/"+s.Name, "written")
	return nil
}

// dryNote is added to what a dry run has tried.
func dryNote(d kit.DryRun) string {
	if d.Server() {
		return " (server dry run)"
	}
	return ""
}
