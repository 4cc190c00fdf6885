// Package lineage decides whose an object is: who has made it, who has stopped it and whose data a
// claim holds, as its annotations and its UID say. Every check of "is this ours?" asks here. It
// reads and writes no cluster.
//
// A lineage is a move with all that follow it on the same application: the way back, the way forward
// again. Its name is the UID of its first MovePair, so that a pair that is the first is a lineage of its
// own. What outlives a move is named by the lineage and by the UIDs of claims, and never by the names
// of objects, which others may have as well: the repository, its password and the mark of a whole copy.
//
// Who asks is an Actor, and these are the rules:
//
//   - What the actor has created is its own: claims are made by the pair, all other objects by the switch.
//     Where the creation is on record, the UID decides: an object of the same name that was made anew is
//     another client's, whatever its annotations say, and one that has lost these is still the actor's.
//   - Another switch of the same pair (one that a provider makes for itself, or a retry under another
//     name) shares the claims of the pair, and nothing else.
//   - Another target of the same engine is another pair, and so another lineage: it shares nothing.
//   - A way back may take over what the last commit of its lineage has on record on the side that is
//     its target: claims, objects and stopped workloads, by UID, and those only.
//   - An active claim is not written, whichever switch has made it so.
package lineage
