// Package worker is the agent of a worker Pod: the sidecar that lets the mobilizer's container
// start when the driver says so, carries its connections to the other side, and brings its
// status to the driver. A mobilizer needs to know nothing of it: it is started, dials or
// listens on loopback, and writes a file.
package worker
