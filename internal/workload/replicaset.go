package workload

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// replicaSet is one without a Deployment: those that a Deployment makes are a part of it.
type replicaSet struct{ scaled }

func (replicaSet) GVK() schema.GroupVersionKind {
	return appsv1.SchemeGroupVersion.WithKind("ReplicaSet")
}

func (replicaSet) Resource() string { return "replicasets" }
