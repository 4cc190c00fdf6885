// Package reach is the way to the cluster of a target with the caller's own credentials: what the caller may do there, and what is
// made, replaced and removed there. What that is package target decides.
package reach

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/target"
	"github.com/kubemove/kubemove/internal/text"
)

// Limits of the client: single rights are asked for one by one.
const (
	clientQPS   = 200
	clientBurst = 400
)

// Cluster of a target.
type Cluster struct {
	// Server is its address for the caller.
	Server string
	// IsHome: it was named as the cluster where KubeMove is installed.
	IsHome bool

	config  *rest.Config
	core    kubernetes.Interface
	dynamic dynamic.Interface
	// raw kubeconfig and the context in it; empty for home.
	raw     clientcmdapi.Config
	context string
	line    func(words ...string) string
	say     func(line string)
}

// Options say which cluster.
type Options struct {
	// Kubeconfig file; empty: those that kubectl reads.
	Kubeconfig string
	// Context in it; empty: its current one.
	Context string
	// Home: the cluster where KubeMove is installed.
	Home bool
}

// Open the way to a cluster. Nothing is asked there yet.
func Open(k *kit.Kit, o Options) (*Cluster, error) {
	c := &Cluster{IsHome: o.Home, line: k.Line, say: func(string) {}}
	if k.Verbose {
		c.say = func(line string) { fmt.Fprintf(k.ErrOut, "+ %s\n", line) }
	}
	var err error
	if o.Home {
		c.config, err = k.Config()
	} else {
		err = c.load(o)
	}
	if err != nil {
		return nil, err
	}
	c.config = rest.CopyConfig(c.config)
	c.config.QPS, c.config.Burst = clientQPS, clientBurst
	c.config.UserAgent = "kubectl-move"
	if err := rest.LoadTLSFiles(c.config); err != nil {
		return nil, fault.Badly("the target's kubeconfig cannot be used: %s", err)
	}
	c.Server = c.config.Host
	if c.core, err = kubernetes.NewForConfig(c.config); err != nil {
		return nil, fault.API("cannot connect to the target's cluster", err)
	}
	c.dynamic, err = dynamic.NewForConfig(c.config)
	return c, fault.API("cannot connect to the target's cluster", err)
}

// Contexts of a kubeconfig file, empty for those that kubectl reads; none where it cannot be read.
func Contexts(kubeconfig string) []string {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	raw, err := rules.Load()
	if err != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(raw.Contexts))
}

// load a context of a kubeconfig.
func (c *Cluster) load(o Options) error {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	if o.Kubeconfig != "" {
		if _, err := os.Stat(o.Kubeconfig); err != nil {
			return fault.Badly("cannot read the target's kubeconfig: %s", err)
		}
		rules.ExplicitPath = o.Kubeconfig
	}
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: o.Context})
	words := []string{"kubectl"}
	if o.Kubeconfig != "" {
		words = append(words, "--kubeconfig", o.Kubeconfig)
	}
	if o.Context != "" {
		words = append(words, "--context", o.Context)
	}
	c.line = func(rest ...string) string {
		return text.Command(append(words[:len(words):len(words)], rest[1:]...)...)
	}
	var err error
	if c.raw, err = loader.RawConfig(); err == nil {
		if c.context = o.Context; c.context == "" {
			c.context = c.raw.CurrentContext
		}
		c.config, err = loader.ClientConfig()
	}
	if err != nil {
		e := fault.Badly("the target's kubeconfig names no cluster that can be used: %s", err)
		if o.Kubeconfig != "" {
			return e.Trying("kubectl", "config", "get-contexts", "--kubeconfig", o.Kubeconfig)
		}
		return e.Trying("kubectl", "config", "get-contexts")
	}
	return nil
}

// String names the cluster for people.
func (c *Cluster) String() string {
	if c.IsHome {
		return "the home cluster"
	}
	return fmt.Sprintf("%s (context %s)", c.Server, c.context)
}

// Namespace of the cluster, by its UID. missing: it is not there. Where the caller may not read it, neither is known.
func (c *Cluster) Namespace(ctx context.Context, name string) (uid string, missing bool, err error) {
	ns, err := c.core.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	switch {
	case err == nil && ns.DeletionTimestamp != nil:
		return "", false, fault.New(fault.Failed, "cannot use namespace "+name+" of "+c.String(), "it is being deleted")
	case err == nil:
		return string(ns.UID), false, nil
	case apierrors.IsNotFound(err):
		return "", true, nil
	case apierrors.IsForbidden(err):
		return "", false, nil
	}
	return "", false, fault.API("cannot read namespace "+name+" of "+c.String(), err)
}

// Kubeconfig of the caller for this cluster alone, with everything inline, in a namespace. server replaces the address; empty: it
// stays.
func (c *Cluster) Kubeconfig(namespace, server string) ([]byte, error) {
	const failed = "cannot copy the credentials"
	if c.IsHome {
		return nil, fault.New(fault.Usage, failed, "they are those of home; make an account with --in-cluster and without --copy-credentials")
	}
	raw := *c.raw.DeepCopy()
	raw.CurrentContext = c.context
	err := clientcmdapi.MinifyConfig(&raw)
	if err == nil {
		err = clientcmdapi.FlattenConfig(&raw)
	}
	if err != nil {
		return nil, fault.New(fault.Failed, failed, "%s", err)
	}
	for _, user := range raw.AuthInfos {
		if user.TokenFile == "" {
			continue
		}
		token, err := os.ReadFile(user.TokenFile)
		if err != nil {
			return nil, fault.New(fault.Failed, failed, "%s", err)
		}
		user.Token, user.TokenFile = string(token), ""
	}
	for _, entry := range raw.Contexts {
		entry.Namespace, entry.LocationOfOrigin, entry.Extensions = namespace, "", nil
	}
	for _, cluster := range raw.Clusters {
		cluster.LocationOfOrigin, cluster.Extensions = "", nil
		if server != "" {
			cluster.Server = server
		}
	}
	return clientcmd.Write(raw)
}

// HasAccount says why the account of a target is not there; nil: it is.
func (c *Cluster) HasAccount(ctx context.Context, t target.Target) error {
	failed := fmt.Sprintf("cannot use the account %s/%s in %s", t.Namespace, t.Account(), c)
	a, err := c.core.CoreV1().ServiceAccounts(t.Namespace).Get(ctx, t.Account(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return fault.New(fault.Failed, failed, "it is not there: name the cluster that it is in, or make it again with target add")
	case err != nil:
		return fault.API(failed, err)
	case !t.IsOurs(a.Labels):
		return fault.New(fault.Failed, failed, "it lacks the label of this target, so it is another client's")
	}
	return nil
}
