// Package relay carries the byte streams of a data run between two worker Pods, whether they
// can reach each other or not.
//
// In each Pod an agent listens on loopback. The coordinator, which is the process that has placed
// the Pods, dials both agents and keeps a multiplexed session with each. On a session there are two
// kinds of streams:
//
//   - control, opened by the coordinator: JSON lines (Message) with which it lets the mobilizer
//     start and the agent reports the mobilizer's status;
//   - peer, opened by an agent for every connection that its mobilizer makes to task.PeerPort. The
//     coordinator opens a peer stream to the agent of the other side and joins the two byte for byte.
//
// Inside a peer stream the two agents speak TLS 1.3 with certificates of the run, so the
// coordinator sees ciphertext only. Where the agent of the source reaches that of the target, its
// streams are TCP connections there, and the coordinator does not carry them: those that it opens, and
// those that the target has asked it for (see Call). Inside TLS there are frames, which carry what TCP
// has and a byte stream lacks: half-close, a reader that is gone, and reset. A stream that is cut
// therefore never looks like one that has ended.
package relay
