// Package transfer drives one run of the data of a move: it places a worker Pod of the
// mobilizer on each side of each volume, joins the byte streams of the two, watches both and
// says at the end whether source and target hold the same.
//
// The order of use:
//
//	run, err := transfer.Open(ctx, spec)  // Pods scheduled, volumes mounted, agents connected; nothing flows yet
//	defer run.Close(cleanupCtx)
//	err = run.Go(ctx)                     // checks once more that the target is passive, then the workers start
//	result, err := run.Wait(ctx)          // until every volume is copied and verified, or the first failure
//
// Every error is or wraps an *Error, which says whether the run was declined by a check,
// failed for good or may be tried again; AsError turns any error into one.
//
// A process that dies in between is started again with the same run ID: Open then finds the
// Pods that are still at work and goes on with them.
package transfer
