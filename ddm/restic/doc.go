// Package restic is the reference mobilizer: it copies a volume by a backup into a restic
// repository and a restore from it, on nothing but the contract of package task.
//
// The repository lies at the side that the task names, by default the target: the worker there serves it
// with rest-server on loopback, where the other one reaches it through the peer stream. A second run sends
// only what differs. The repository is a means of transport, not a backup: nothing is pruned,
// and one that cannot be opened any more is made anew.
//
// Nothing that restic says is taken for a proof. In an exact run the source tells the target, in a manifest, what its
// volume holds; the target compares path by path, repairs the metadata that restic does not
// keep, compares again, and fails by name for the rest. What restic 0.18.1 does not do by
// itself, and who does it:
//
//   - Before the restore: FIFOs, sockets and device nodes where a file belongs (restic would
//     open them), hard links that are none any more, what is closed to its owner, and sparse
//     files that have changed (restic would fill their holes). See prepare.
//   - When the restore fails for it: folders where something else belongs. See clearFolders.
//   - After the restore: what an empty snapshot leaves, the root of the volume, hard links of
//     symbolic links and FIFOs, times beyond the year 2262, attributes with names that are no
//     UTF-8, and those after the first that may not be set. See filecopy.Tree.Clear, ApplyRoot and Repair.
package restic
