// Package transfer moves the data of a move: it places a worker Pod of the mobilizer on each side of each
// volume, joins the byte streams of the two, watches both and says at the end whether source and target
// hold the same.
//
// A Session is the worker Pods of the volumes with their agents, a Pass one run of the data inside it.
// The order of use:
//
//	session, err := transfer.Open(ctx, spec)  // Pods scheduled, volumes mounted, agents connected; nothing flows yet
//	defer session.Close(cleanupCtx)
//	pass, err := session.Begin(ctx, run)      // checks once more that the target is passive, then the workers start
//	result, err := pass.Wait(ctx)             // until every volume is copied and verified, or the first failure
//
// Every error is or wraps an *Error, which says whether the run was declined by a check,
// failed for good or may be tried again; AsError turns any error into one.
//
// With an ID of its own (Spec.Session), and mobilizers that can, a session has several passes: Begin and Wait again.
//
// A process that dies in between is started again with the same run ID: Open then finds the
// Pods that are still at work and goes on with them. A session with several passes is begun anew.
package transfer
