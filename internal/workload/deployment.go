package workload

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

type deployment struct{ scaled }

func (deployment) GVK() schema.GroupVersionKind {
	return appsv1.SchemeGroupVersion.WithKind("Deployment")
}

func (deployment) Resource() string { return "deployments" }

func (deployment) Between() []schema.GroupResource {
	return []schema.GroupResource{{Group: appsv1.GroupName, Resource: "replicasets"}}
}
