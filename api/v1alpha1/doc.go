// Package v1alpha1 holds the kinds of KubeMove: MoveEngine, MovePair, DataSync and MoveSwitch.
//
// Conventions that every kind follows (a test holds them over the generated CRDs):
// each spec field is hook-owned (written by the hook that desires the object) or
// operator-owned (written by a person, a provider or the CLI; no hook ever emits it, so a
// patch stands); lists are maps by name and bounded; durations are strings in spec and
// integers named ...Seconds in status; references name objects of the same namespace;
// nothing in a status depends on the current time.
//
// +kubebuilder:object:generate=true
// +groupName=kubemove.io
package v1alpha1
