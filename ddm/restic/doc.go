// Package restic is the reference mobilizer: it copies a volume by a backup into a restic
// repository and a restore from it, on nothing but the contract of package task.
//
// The repository lies beside the target: the target worker serves it with rest-server on
// loopback, where the source worker reaches it through the peer stream. A second run sends
// only what differs. The repository is a means of transport, not a backup: nothing is pruned,
// and one that cannot be opened any more is made anew.
package restic
