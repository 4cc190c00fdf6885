// Package agent is the sidecar of a worker Pod: it lets the mobilizer's container start when the
// coordinator says so, carries its connections to the other side, and brings its status to the
// coordinator, which is the process that has placed the Pods. A mobilizer needs to know nothing of it: it is
// started, dials or listens on loopback, and writes a file.
package agent
