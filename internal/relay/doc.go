// Package relay carries the byte streams of a data run between two worker Pods, whether they
// can reach each other or not.
//
// In each Pod an agent listens on loopback. The driver dials both agents and keeps a
// multiplexed session with each. On a session there are two kinds of streams:
//
//   - control, opened by the driver: JSON lines (Message) with which the driver lets the
//     worker start and the agent reports the worker's status;
//   - peer, opened by the agent of the source for every connection that the worker makes to
//     task.PeerPort. The driver opens a peer stream to the agent of the target and joins the
//     two byte for byte.
//
// Inside a peer stream the two agents speak TLS 1.3 with certificates of the run, so the
// driver sees ciphertext only. Where the agent of the source reaches that of the target, it
// opens its peer streams there, over TCP, and the driver does not carry them. Inside TLS there are frames, which carry what TCP has and a
// byte stream lacks: half-close, a reader that is gone, and reset. A stream that is cut
// therefore never looks like one that has ended.
package relay
