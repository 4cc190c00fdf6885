// Package bench measures how much longer KubeMove takes to copy a volume than the restic that
// it uses takes alone, on one machine and in one run:
//
//   - A is the data run of a move between the two clusters of the lab, from the moment the
//     workers are told to go until both sides are verified.
//   - B is the same restic with the same flags: a new repository, a backup into it through
//     rest-server, a restore into an empty folder, and syncfs, because a run of KubeMove ends
//     only when the data is on the disk.
//
// A and B take turns, and each begins with nothing: new files of the same seed, a new volume, a
// new repository. An empty volume is moved as well: what that costs is the price of the Pods.
package bench
