// Package cluster reaches the endpoints of a move: clients, discovery, rights, locks, records
// and exec, over a kubeconfig or the Pod's own account. Each helper does one thing, reads
// again, and changes nothing without a precondition on what it has read.
package cluster

import (
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// FieldManager of everything that KubeMove's tasks write.
const FieldManager = "kubemove"

// Side names an endpoint in messages.
const (
	SideSource = "source"
	SideTarget = "target"
	SideHome   = "home"
)

// Cluster is one endpoint: a namespace of a cluster and the clients to reach it.
type Cluster struct {
	// Side in messages: source, target or home.
	Side string
	// Namespace of the application there.
	Namespace string
	// Config, Kube, Dynamic and Mapper reach the API server. Requests of Kube and Dynamic end
	// after a minute, watches too, and reads that get no answer after 15 seconds; Config itself
	// has no time limit, for streams.
	Config  *rest.Config
	Kube    kubernetes.Interface
	Dynamic dynamic.Interface
	Mapper  meta.ResettableRESTMapper

	// InCluster: reached with the account of the task's own Pod, not with a kubeconfig.
	InCluster bool
	// Version of the API server, such as v1.35.4.
	Version string
	// Warnings about the way the cluster is reached.
	Warnings []string

	client   *http.Client
	metadata metadata.Interface

	// discovered is when it was last asked for its kinds because one was not known.
	discovering sync.Mutex
	discovered  time.Time
}
