package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// IsForceDeleted says whether the clean-up of one of KubeMove's objects is given up at once: it has the ForceDeleteAnnotation, with
// any value but false.
func IsForceDeleted(o metav1.Object) bool {
	v, ok := o.GetAnnotations()[ForceDeleteAnnotation]
	return ok && v != "false"
}
