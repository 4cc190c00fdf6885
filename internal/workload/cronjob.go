package workload

import (
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

type cronJob struct{}

func (cronJob) GVK() schema.GroupVersionKind { return batchv1.SchemeGroupVersion.WithKind("CronJob") }

func (cronJob) Resource() string { return "cronjobs" }

func (cronJob) Template() []string { return []string{"spec", "jobTemplate", "spec", "template"} }

func (cronJob) Between() []schema.GroupResource { return nil } // Jobs come and go.

func (cronJob) Scheduled() bool { return true }

func (k cronJob) Values(u *unstructured.Unstructured) Values {
	suspended := k.Stopped(u)
	return Values{Suspend: &suspended}
}

func (cronJob) Restore(u *unstructured.Unstructured, v Values) error {
	if v.Suspend == nil {
		return nil
	}
	return unstructured.SetNestedField(u.Object, *v.Suspend, "spec", "suspend")
}

func (cronJob) Stopped(u *unstructured.Unstructured) bool {
	suspended, _, _ := unstructured.NestedBool(u.Object, "spec", "suspend")
	return suspended
}

func (cronJob) Stop(u *unstructured.Unstructured) error {
	return unstructured.SetNestedField(u.Object, true, "spec", "suspend")
}

// Settled: it has no Pods of its own; its Jobs are waited for one by one.
func (cronJob) Settled(*unstructured.Unstructured) bool { return true }

// Start: a Job of the target must not begin before the commit.
func (k cronJob) Start(u *unstructured.Unstructured) error { return k.Stop(u) }

func (cronJob) Ready(*unstructured.Unstructured) (bool, string) { return true, "" }
