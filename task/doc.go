// Package task is the contract of every Job of KubeMove and of every data mobilizer, in any
// language: what a task is given (Task, in TaskFile), what it reports (Status, in StatusFile)
// and how its process ends (the exit codes).
//
// A task is killed at any instruction and started again: it must be idempotent and end in the
// same state. A finished Job counts only with a Status of the same run that carries a Result;
// exit code 0 without one is a failed attempt. Neither file may hold a secret, and neither may
// be larger than MaxSize.
package task

// APIVersion of Task and Status.
const APIVersion = "task.kubemove.io/v1alpha1"

// Places inside the container of a task.
const (
	// TaskFile holds the Task as JSON. Read-only.
	TaskFile = "/kubemove/task/task.json"
	// NextTaskFile holds the Task of the present pass, of a worker that serves several of them
	// (Task.Passes): it is replaced atomically for each. Read-only.
	NextTaskFile = "/kubemove/control/task.json"
	// StatusFile holds the Status as JSON; the task replaces it atomically (write a file
	// beside it, rename) as often as it likes.
	StatusFile = "/kubemove/result/status.json"
	// VolumesDir holds each volume of the task in a folder of the volume's name. At the
	// source it is mounted read-only.
	VolumesDir = "/kubemove/volumes"
	// StateDir survives from run to run at the side that Task.StateSide names; at the other one it is
	// scratch space.
	StateDir = "/kubemove/state"
	// CredentialsDir holds one file per credential.
	CredentialsDir = "/kubemove/credentials"
	// KubeconfigDir holds the kubeconfigs of endpoints that are not home, in source/ and
	// target/.
	KubeconfigDir = "/kubemove/kubeconfig"
)

// MaxSize of a Task and of a Status in bytes: both travel as annotations, which hold
// 256 KiB in all.
const MaxSize = 64 << 10

// Annotations that carry the contract.
const (
	// TaskAnnotation on the Pod of a Job holds the Task; a downward API volume shows it as
	// TaskFile.
	TaskAnnotation = "task.kubemove.io/task"
	// StatusAnnotation on a Job holds the newest Status. It is written at most once per
	// progress interval, and once at the end.
	StatusAnnotation = "task.kubemove.io/status"
)

// Exit codes. Anything else counts as ExitFailed.
const (
	// ExitDone: done and verified.
	ExitDone = 0
	// ExitFailed: failed, may be tried again.
	ExitFailed = 1
	// ExitPermanent: wrong input or a permanent error; trying again is useless.
	ExitPermanent = 2
	// ExitDeclined: a check forbids it now; nothing was changed.
	ExitDeclined = 3
)

// PeerPort is where the worker of either side reaches its peer: every connection to
// 127.0.0.1:PeerPort arrives, under mutual TLS, at 127.0.0.1:PeerListenPort of the other
// side's worker.
const (
	PeerPort       = 7070
	PeerListenPort = 7071
)
