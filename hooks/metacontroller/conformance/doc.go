// Package conformance holds KubeMove's hooks against Metacontroller's own Go types, of the
// oldest supported version. It is a module of its own: those types need versions of Kubernetes'
// libraries that KubeMove itself cannot be built with, so the border is JSON and HTTP.
package conformance
