package cluster

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"
	apiversion "k8s.io/apimachinery/pkg/version"
)

// The oldest Kubernetes that each place may run.
const (
	OldestEndpoint = "1.29"
	OldestHome     = "1.31"
)

// ServerVersion asks the API server for its version, such as v1.35.4. Errors are of type *Error.
func (c *Cluster) ServerVersion(ctx context.Context) (string, error) {
	data, err := c.Kube.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return "", c.Wrap("reach the API server", err)
	}
	var info apiversion.Info
	if err := json.Unmarshal(data, &info); err != nil || info.GitVersion == "" {
		return "", &Error{Kind: Unreachable, Side: c.Side, Err: err,
			Message: fmt.Sprintf("%s answers, but not as a Kubernetes API server: check the server in the kubeconfig of the %s", c.host(), c.Side)}
	}
	return info.GitVersion, nil
}

// TooOld says in a sentence that the server's version is older than the oldest that works;
// empty: it is new enough, or it cannot be told.
func TooOld(side, found, oldest string) string {
	v, err := version.ParseGeneric(found)
	if err != nil {
		return ""
	}
	if v.AtLeast(version.MustParseGeneric(oldest)) {
		return ""
	}
	return fmt.Sprintf("the %s cluster runs Kubernetes %s, KubeMove needs %s or newer there: upgrade the cluster", side, found, oldest)
}

// ClusterUID identifies the cluster itself: the UID of its namespace kube-system.
func (c *Cluster) ClusterUID(ctx context.Context) (string, error) {
	ns, err := c.Kube.CoreV1().Namespaces().Get(ctx, metav1.NamespaceSystem, metav1.GetOptions{})
	if err != nil {
		return "", c.Wrap("read the namespace kube-system", err)
	}
	return string(ns.UID), nil
}
