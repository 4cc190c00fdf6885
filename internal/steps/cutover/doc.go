// Package cutover stops an application at the source, copies the last of its data, starts it
// at the target and opens it there; and it undoes all of that.
//
// Every decision is made by Next and NextRollback, pure functions of what was just read from
// both clusters. A thin loop reads, asks, does one action and reads again, so a task that was
// killed after any action goes on from what it finds. The same functions are driven by the
// simulator in the tests.
//
// What there is to an action is one entry of the registry. The places that a cutover works at (home, the
// source and the target) and those who work for it (the mover of the data and the planner) are small
// interfaces, in sides.go.
//
// The order that protects the data: lock both sides, pin the plan, suspend CronJobs and let
// their Jobs end, stop the rest of the source and see it gone, copy, see that nothing came back
// meanwhile, mark the target's claims as active, start, see it healthy, commit, open. Before the
// commit everything can be rolled back, in the mirror order; after it nothing is rolled back by itself.
package cutover
