// Package cluster reaches the endpoints of a move: clients, discovery, waiting, exec and
// port-forward, over a kubeconfig or the Pod's own account.
package cluster

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Cluster is one endpoint: a namespace of a cluster and the clients to reach it.
type Cluster struct {
	// Side in messages: source, target or home.
	Side string
	// Namespace of the application there.
	Namespace string
	// Config, Kube, Dynamic and Mapper reach the API server.
	Config  *rest.Config
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	Mapper  meta.ResettableRESTMapper
}
