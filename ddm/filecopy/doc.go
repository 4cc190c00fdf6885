// Package filecopy is what a mover of files needs besides moving their bytes: to read a directory tree
// so that both sides of a copy can be counted, fingerprinted and compared path by path, to repair what a
// copy has lost of the metadata, and to write where another program may have left anything.
//
// Everything is done from a Tree, which holds the root of the volume open. Paths are those below that
// root; each is looked up folder by folder, from one open folder to the next, and never through a
// symbolic link: what a link at the target, or one that a running application puts in the place of a
// folder at the source, leads to is neither read nor changed. The path that Open is given is the
// caller's own, and is followed like any other. The package needs Linux with /proc.
//
// # An exact copy
//
// The side that reads writes a manifest, which is every entry with its metadata, and tells it to the
// side that has written. That one compares, and repairs:
//
//	source, err := filecopy.Open("/kubemove/volumes/data")
//	summary, err := source.WriteManifest(ctx, file, filecopy.Options{})   // task.Verification is in it
//
//	target, err := filecopy.Open("/kubemove/volumes/data")
//	disk, err := target.OpenDisk()             // before anything is written
//	...                                        // the bytes
//	differences, err := target.RepairAll(ctx, manifest, filecopy.Options{})
//	if differences.Count > 0 { ... }           // fail with differences.Text()
//	err = disk.Sync()                          // before the success is reported
//
// A manifest that comes from another cluster is checked while it is read: an entry that no walk makes is
// refused, whatever its path and its values.
//
// # A copy of what goes on changing
//
// Before a pass over a volume whose application runs, Syncfs has the kernel write it to its disk, and
// Inspect finds the newest times. Keep what was seen, as a Seen, beside the copy. A later exact pass gives
// all of these to MustRehash, and has the files hashed whose times prove nothing.
//
// # What is left out
//
// The root itself (see ReadRoot and ApplyRoot), the folder lost+found in it, sockets, device nodes,
// times of access, inode flags (chattr), and the extended attributes that belong to the system, such as
// those of SELinux.
package filecopy
