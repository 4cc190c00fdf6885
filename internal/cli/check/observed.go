package check

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/target"
)

// Seen is what was read, or why it could not be.
type Seen[T any] struct {
	Value T
	// Problem says why it could not be read; empty: it was.
	Problem string
}

// See what a reader has returned.
func See[T any](value T, err error) Seen[T] {
	if err != nil {
		return Seen[T]{Problem: err.Error()}
	}
	return Seen[T]{Value: value}
}

// Observed is all that the checks look at.
type Observed struct {
	Now time.Time
	// Client is the version of this program.
	Client string
	// Wanted are the objects that this program would install.
	Wanted []unstructured.Unstructured
	// Kubernetes is the version of the API server.
	Kubernetes string
	// Definitions of the wanted kinds that are there.
	Definitions Seen[[]unstructured.Unstructured]
	// Deployments and Pods in the namespace of an installation.
	Deployments Seen[[]appsv1.Deployment]
	Pods        Seen[[]corev1.Pod]
	// Shared Metacontroller: the workloads of the namespace metacontroller, and its lease.
	Shared Seen[Metacontroller]
	// Controllers are all CompositeControllers of the cluster.
	Controllers Seen[[]unstructured.Unstructured]
	// Policies of admission and their bindings.
	Policies, PolicyBindings Seen[[]unstructured.Unstructured]
	// Roles and RoleBindings of the whole cluster.
	Roles, RoleBindings Seen[[]unstructured.Unstructured]
	// Mobilizers are the files of the ConfigMap that the hooks read.
	Mobilizers Seen[map[string]string]
	// Lacks are the rights of MoverRights, or with --pre of InstallRights, that the caller does not have.
	Lacks Seen[[]target.Right]
	// Targets of the namespaces that are looked at.
	Targets Seen[[]Target]
	// Annotated are the workloads with an annotation of KubeMove for members of an engine.
	Annotated Seen[[]metav1.PartialObjectMetadata]
	// Moves are the objects of KubeMove's kinds.
	Moves Seen[snapshot.Objects]
	// Locks are the Leases that lock namespaces, Work the Pods, Secrets and claims that KubeMove made for pairs.
	Locks Seen[[]coordinationv1.Lease]
	Work  Seen[[]metav1.PartialObjectMetadata]
	// UID of the cluster.
	UID Seen[string]
	// VirtualNodes are the nodes that stand for other clusters.
	VirtualNodes Seen[[]string]
}

// Metacontroller that is shared.
type Metacontroller struct {
	StatefulSets []appsv1.StatefulSet
	Deployments  []appsv1.Deployment
	// Leases of its namespace.
	Leases []coordinationv1.Lease
}

// Target of a namespace, as target check sees it.
type Target struct {
	Namespace string
	Report    target.Report
}

// ClaimLabel on a claim says that it holds a repository; LineageLabel on the Secret of a channel has the lineage of its pair.
const (
	ClaimLabel   = "kubemove.io/repository"
	LineageLabel = "kubemove.io/lineage"
)
