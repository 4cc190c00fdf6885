// Package hooks holds what the decisions of KubeMove are made of: a View of a parent with
// everything that is observed, and the Desired state that follows from it.
//
// A decision is a pure function, Sync(view, now). It reads no cluster, no clock, no
// environment and no file, and it writes no log: the same view and the same time give the
// same bytes. Metacontroller calls it over and over, with views that may be old, and carries
// out what it answers.
package hooks
