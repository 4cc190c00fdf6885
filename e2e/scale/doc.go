// Package scale measures how long KubeMove takes to plan and to apply a namespace with thousands
// of objects, and who spends the time. An API server with its etcd is all that runs, as source
// and as target: no controllers and no nodes. In the same run a plain client creates the same
// objects, as many at once and without looking at anything: nothing can be faster than that on
// the machine.
package scale
