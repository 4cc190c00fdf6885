package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// Limits of the clients. The API server's own fairness is what protects it, and InFlight sets the
// pace of what a task does with many objects; these only keep a runaway loop in check, so they
// are above what a task gets from a server that is near.
const (
	clientQPS      = 1000
	clientBurst    = 2000
	dialTimeout    = 10 * time.Second
	requestTimeout = time.Minute
)

// Connect makes the clients of an endpoint and asks the API server for its version, so that an
// endpoint that cannot be reached is noticed here. Errors are of type *Error.
func Connect(ctx context.Context, side string, ep task.Endpoint) (*Cluster, error) {
	cfg, warnings, err := restConfig(side, ep.Kubeconfig, ep.KubeconfigSecret)
	if err != nil {
		return nil, err
	}
	c, err := New(side, ep.Namespace, cfg)
	if err != nil {
		return nil, err
	}
	c.InCluster, c.Warnings = ep.Kubeconfig == "", warnings
	if c.Version, err = c.ServerVersion(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// New makes the clients over a finished configuration; it asks the API server nothing.
func New(side, namespace string, cfg *rest.Config) (*Cluster, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.QPS, cfg.Burst = clientQPS, clientBurst
	cfg.UserAgent = "kubemove-task"
	cfg.WarningHandler = rest.NoWarnings{}
	if cfg.Dial == nil {
		cfg.Dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	}
	timed := rest.CopyConfig(cfg)
	timed.Timeout = requestTimeout
	timed.Wrap(func(next http.RoundTripper) http.RoundTripper { return &answering{next: &genuine{next: next}} })
	client, err := rest.HTTPClientFor(timed)
	if err != nil {
		return nil, invalidKubeconfig(side)
	}
	kube, err := kubernetes.NewForConfigAndClient(timed, client)
	if err != nil {
		return nil, invalidKubeconfig(side)
	}
	dyn, err := dynamic.NewForConfigAndClient(timed, client)
	if err != nil {
		return nil, invalidKubeconfig(side)
	}
	meta, err := metadata.NewForConfigAndClient(metadata.ConfigFor(timed), client)
	if err != nil {
		return nil, invalidKubeconfig(side)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(kube.Discovery()))
	return &Cluster{Side: side, Namespace: namespace, Config: cfg, Kube: kube, Dynamic: dyn, Mapper: mapper,
		client: client, metadata: meta}, nil
}

// missingKubeconfig says what to create.
func missingKubeconfig(side, path, secret string) string {
	if secret == "" {
		return fmt.Sprintf("cannot read the kubeconfig of the %s at %s: check that the file exists", side, path)
	}
	key := filepath.Base(path)
	return fmt.Sprintf("the Secret %s with the kubeconfig of the %s does not exist at home, or has no key %s: "+
		"create it (kubectl create secret generic %s --from-file=%s=FILE), "+
		"or correct kubeconfigSecretRef", secret, side, key, secret, key)
}

// restConfig reads the kubeconfig at path; without a path it takes the account of the Pod, or,
// for a task that a person runs outside a cluster, the file that KUBECONFIG names.
func restConfig(side, path, secret string) (*rest.Config, []string, error) {
	if path == "" {
		cfg, err := rest.InClusterConfig()
		if err == nil {
			return cfg, nil, nil
		}
		path = os.Getenv("KUBECONFIG")
		if path == "" || !errors.Is(err, rest.ErrNotInCluster) {
			return nil, nil, &Error{Kind: Invalid, Side: side, reason: api.ReasonInvalidKubeconfig,
				Message: fmt.Sprintf("the %s is the home cluster, "+
					"but the account of the Pod cannot be used (%v): mount a service account token, or name a kubeconfig", side, err), Err: err}
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, &Error{Kind: Invalid, Side: side, reason: api.ReasonInvalidKubeconfig, Err: err,
			Message: missingKubeconfig(side, path, secret)}
	}
	return ParseKubeconfig(side, data)
}
