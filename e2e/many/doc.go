// Package many measures what a thousand moves cost at rest and until then: one Metacontroller, one hook server and an API
// server with its etcd, without controllers and nodes. The Jobs of the moves never get a Pod, so each move comes to rest
// when that was told.
package many
