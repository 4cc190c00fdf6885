package jobs

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Prefixes of Job names by the kind of the subject.
const (
	PrefixPair   = "mp"
	PrefixSync   = "ds"
	PrefixSwitch = "ms"
)

// Subject is the object that Jobs work for, and whose hook makes them. What a Job needs to know of it is
// in its task.
type Subject struct {
	// Prefix of the Jobs' names, by the kind.
	Prefix string
	// Namespace and Name of the object.
	Namespace, Name string
	// Labels of its Jobs and their Pods, beside those that every Job has.
	Labels map[string]string
}

// OfPair is a pair, or an object whose Jobs use the endpoints of a pair: they are labelled as the pair's.
func OfPair(prefix string, o metav1.Object, pair *api.MovePair) Subject {
	return Subject{
		Prefix: prefix, Namespace: o.GetNamespace(), Name: o.GetName(),
		Labels: map[string]string{api.PairLabel: string(pair.UID)},
	}
}
