// Package apply is Metacontroller's loop in Go: it asks the hooks of a composite controller what should
// be, and applies that by Metacontroller's rules. It needs no Metacontroller and no API server: what is
// observed comes from a View, and what is written goes to a Cluster. Tests play the hooks with it in a
// model of a namespace; a program without an installation can run them against a real one.
//
// The rules are those of the versions that KubeMove supports, 1.5.20 and 4.17, with generated selectors
// and dynamic apply:
//
//   - The finalizer is put on a parent before anything else is done, and taken away when the hook says so.
//   - Children are what the parent owns and has labelled. Undesired ones are deleted, in the background;
//     one that is being deleted is left alone. Missing ones are created.
//   - What a child was created with, or updated with last, is remembered. Three ways are merged: what is
//     observed, what was applied last and what is desired now; so fields of other writers stay. Lists
//     whose items have a name, a port or the like are merged by that, others are replaced. Status and the
//     system's metadata are never changed. A child of the method OnDelete is never updated.
//   - The status of the parent is replaced as a whole, on the object as it is now.
//   - Rules for related objects are asked for once for each generation of a parent.
//   - An object that another client has changed, made or deleted meanwhile is left to the next call, as
//     4.17 does it.
package apply
