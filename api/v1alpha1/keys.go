package v1alpha1

// Annotations and labels that KubeMove reads or writes on objects of users.
const (
	// ApplyAnnotation with the value "true" makes a workload a member of the engine that
	// EngineAnnotation names. Written by users.
	ApplyAnnotation = "kubemove.io/kubemoveapply"
	// EnableAnnotation is another accepted spelling of ApplyAnnotation. Written by users.
	EnableAnnotation = "kubemove.io/kubemove.enable"
	// EngineAnnotation names the MoveEngine that moves a workload. Written by users.
	EngineAnnotation = "kubemove.io/engine"

	// EngineGenerationAnnotation on a MovePair is the generation of the MoveEngine that its spec was
	// made from. A switch does not begin while the engine has a newer one. Written by the engine.
	EngineGenerationAnnotation = "kubemove.io/engine-generation"

	// ActiveAnnotation on a claim says that the claim is in use by an application that a
	// switch (its UID is the value) has activated: no mobilizer writes such a claim. Written
	// by the cutover, removed by its roll back only.
	ActiveAnnotation = "kubemove.io/active"
	// CopyAnnotation on a claim of the target says what its content is worth: "whole/HASH" when the
	// last run has copied everything there, on the disk, and nothing was written since; the hash
	// stands for the claims, the lineage and the mobilizer. "writing/UID" names the worker Pod
	// that has begun to write. Written by the runs, removed by the cutover that makes the claim
	// active, and by its roll back. On a worker Pod: what the claim will say when it has succeeded.
	CopyAnnotation = "kubemove.io/copy"
	// HeldByAnnotation on a workload holds the UID of the switch that has stopped or started
	// it. Another switch keeps its hands off. Written by the cutover.
	HeldByAnnotation = "kubemove.io/held-by"
	// LedgerAnnotation on a changed object of the source holds what a roll back needs to
	// undo the change (JSON). Written once, in the same update as the change.
	LedgerAnnotation = "kubemove.io/ledger"
	// ReappliedAnnotation is on an object that a way back with objects: Reapply has changed, and holds the UID of its MoveSwitch. It
	// goes after the commit, or with the roll back that takes the change back.
	ReappliedAnnotation = "kubemove.io/reapplied-by"
	// CreatedByAnnotation on an object of the target holds the UID of the switch or of the
	// pair that created it.
	CreatedByAnnotation = "kubemove.io/created-by"
	// TokenDurationAnnotation on the Secret of a target that kubectl move has added: for how long its token was
	// asked for, a duration such as 720h. Absent: the token lives until its Secret at the target is deleted.
	TokenDurationAnnotation = "kubemove.io/token-duration"
	// ExpiresAnnotation on such a Secret is when its token ends (RFC 3339). Absent: it does not end.
	ExpiresAnnotation = "kubemove.io/expires"
	// AccountAnnotation on such a Secret is the account at the target, NAMESPACE/NAME. Absent: the credentials
	// were copied from a kubeconfig.
	AccountAnnotation = "kubemove.io/account"

	// PrivilegedMoversAnnotation with the value "true" on a namespace allows workers there
	// that read and write everything: root with the capabilities that such a copy needs. Written by
	// the namespace's administrators.
	PrivilegedMoversAnnotation = "kubemove.io/privileged-movers"
	// ForceUnlockAnnotation on a lock lets the next switch take it over. Written by people.
	ForceUnlockAnnotation = "kubemove.io/force-unlock"
	// ForceDeleteAnnotation on one of KubeMove's objects gives up its clean-up at once.
	// Written by people.
	ForceDeleteAnnotation = "kubemove.io/force-delete"

	// ManagedByLabel marks objects that KubeMove made for its own work (worker Pods, their
	// Secrets, locks, records); such objects are never captured.
	ManagedByLabel = "app.kubernetes.io/managed-by"
	// ManagedByValue is the value of ManagedByLabel.
	ManagedByValue = "kubemove"
	// TargetLabel on the Secret of a target that kubectl move has added, and on everything that it has made for
	// it in the target's cluster: an id that follows from the namespace of the Secret, by its UID, and its name.
	TargetLabel = "kubemove.io/target"
	// PairLabel holds the UID of the MovePair that an own object works for.
	PairLabel = "kubemove.io/pair"
	// RunLabel holds the run that a worker belongs to.
	RunLabel = "kubemove.io/run"
	// RoleLabel on a worker Pod says which side it works on: source or target.
	RoleLabel = "kubemove.io/role"
	// StepLabel on a Job names its step.
	StepLabel = "kubemove.io/step"
	// IntentLabel on a Job holds the hash of what the user intended.
	IntentLabel = "kubemove.io/intent"
	// AttemptLabel on a Job counts the attempts of one intent, from 1.
	AttemptLabel = "kubemove.io/attempt"

	// LockName is the name of the Lease that locks the applications of a namespace.
	LockName = "kubemove"
)

// ChangedSince begins the warning of a plan that says what differs from the plan before it; that one's
// hash follows, a colon, and the objects.
const ChangedSince = "changed since plan "

// Condition types.
const (
	ConditionAccepted     = "Accepted"
	ConditionPlanned      = "Planned"
	ConditionConnected    = "Connected"
	ConditionReady        = "Ready"
	ConditionSynced       = "Synced"
	ConditionVerified     = "Verified"
	ConditionRetired      = "Retired"
	ConditionApproved     = "Approved"
	ConditionCommitted    = "Committed"
	ConditionSwitched     = "Switched"
	ConditionRolledBack   = "RolledBack"
	ConditionSourceFenced = "SourceFenced"
	ConditionStalled      = "Stalled"
)

// Reasons of conditions and blockers. docs/reasons.md says for each what it means and what
// to do.
const (
	ReasonAccepted            = "Accepted"
	ReasonNothingSelected     = "NothingSelected"
	ReasonUnknownMobilizer    = "UnknownMobilizer"
	ReasonInvalidSpec         = "InvalidSpec"
	ReasonLabelMissing        = "LabelMissing"
	ReasonTargetIsActive      = "TargetIsActive"
	ReasonSourceHeld          = "SourceHeld"
	ReasonEndpointUnreachable = "EndpointUnreachable"
	ReasonInvalidKubeconfig   = "InvalidKubeconfig"
	// ReasonCredentialsExpire: those of a kubeconfig end before the switch has used them.
	ReasonCredentialsExpire = "CredentialsExpireBeforeSwitch"

	ReasonUnsupportedVersion  = "UnsupportedVersion"
	ReasonForbidden           = "Forbidden"
	ReasonNamespaceNotFound   = "NamespaceNotFound"
	ReasonStorageClassMissing = "StorageClassMissing"
	ReasonNameConflict        = "NameConflict"
	ReasonUnsupportedWorkload = "UnsupportedWorkload"
	ReasonUnsupportedVolume   = "UnsupportedVolume"
	ReasonRejected            = "RejectedByTarget"
	ReasonRejectedBySource    = "RejectedBySource"
	ReasonQuotaExceeded       = "QuotaExceeded"
	ReasonVersionNotServed    = "VersionNotServed"
	ReasonWorkloadNotFound    = "WorkloadNotFound"
	ReasonClaimShared         = "ClaimShared"
	ReasonClaimMissing        = "ClaimMissing"
	ReasonPodNotEnded         = "PodNotEnded"
	ReasonJobNotEnded         = "JobNotEnded"
	ReasonKindMissing         = "KindMissing"
	// ReasonObjectMissing: an object that the application is to start with is not where it is to start.
	ReasonObjectMissing = "ObjectMissing"

	ReasonInvalidCredentials    = "InvalidCredentials"
	ReasonRepositoryUnreachable = "RepositoryUnreachable"
	ReasonRepositoryDenied      = "RepositoryDenied"
	ReasonRepositoryNotFound    = "RepositoryNotFound"
	ReasonRepositoryCertificate = "RepositoryCertificate"
	ReasonRepositoryPassword    = "RepositoryPassword"
	ReasonRepositoryFull        = "RepositoryFull"
	ReasonRepositoryDamaged     = "RepositoryDamaged"
	ReasonRepositoryLocked      = "RepositoryLocked"

	ReasonClaimTooSmall        = "ClaimTooSmall"
	ReasonNeedsPrivilegedMover = "NeedsPrivilegedMover"
	ReasonNotCopyable          = "NotCopyable"
	ReasonImageNotPullable     = "ImageNotPullable"
	ReasonNotEnoughMemory      = "NotEnoughMemory"
	ReasonOOMKilled            = "OOMKilled"

	ReasonInvalidKustomization = "InvalidKustomization"
	ReasonPatchMatchesNothing  = "PatchMatchesNothing"

	ReasonPending       = "Pending"
	ReasonPlanning      = "Planning"
	ReasonPlanned       = "Planned"
	ReasonBlocked       = "Blocked"
	ReasonPlanChanged   = "PlanChanged"
	ReasonPlanUnsure    = "PlanUnsure"
	ReasonOpening       = "Opening"
	ReasonActive        = "Active"
	ReasonSuspended     = "Suspended"
	ReasonJobFailed     = "JobFailed"
	ReasonChildMissing  = "ChildNotObserved"
	ReasonPodMissing    = "PodNotCreated"
	ReasonPodNotStarted = "PodNotStarted"
	ReasonRunning       = "Running"
	ReasonSucceeded     = "Succeeded"
	ReasonFailed        = "Failed"
	ReasonDeclined      = "Declined"
	ReasonLocked        = "Locked"
	ReasonWaiting       = "WaitingForApproval"
	// ReasonSyncing: the first run of a live move has not succeeded yet.
	ReasonSyncing = "Syncing"
	// ReasonScheduled: the time of a switch is still to come.
	ReasonScheduled = "Scheduled"
	// ReasonSwitchNotFound: a way back names a switch that is not there, or goes.
	ReasonSwitchNotFound = "SwitchNotFound"
	// ReasonDowntimeTooLong: more downtime is predicted than maxDowntime allows.
	ReasonDowntimeTooLong = "DowntimeTooLong"
	// ReasonDowntimeUnknown: there is a maxDowntime, and nothing to predict the downtime from yet.
	ReasonDowntimeUnknown = "DowntimeUnknown"
	// ReasonSwitchTimePassed: the time of a switch was before its object.
	ReasonSwitchTimePassed = "SwitchTimePassed"
	ReasonApproved         = "Approved"
	ReasonNotReady         = "NotReady"
	ReasonCommitted        = "Committed"
	ReasonNotCommitted     = "NotCommitted"
	ReasonRollingBack      = "RollingBack"
	ReasonRolledBack       = "RolledBack"
	ReasonCancelled        = "Cancelled"
	ReasonHeld             = "Held"
	ReasonRetired          = "Retired"
	ReasonAlreadyDone      = "AlreadyCommitted"
	ReasonNotStalled       = "Progressing"
	ReasonQuiesceTimeout   = "QuiesceTimeout"
	ReasonHealthTimeout    = "HealthTimeout"
	ReasonSyncFailed       = "SyncFailed"
	ReasonMismatch         = "VerificationMismatch"
	// ReasonTransportUnreachable: data.transport names a way on which the source does not reach
	// the target.
	ReasonTransportUnreachable = "TransportUnreachable"
	ReasonNotFenced            = "SourceNotFenced"
	// ReasonSourceActive: something of the application runs at the source after the commit.
	ReasonSourceActive = "SourceActive"
	// ReasonRecordLost: what the switch has written down in the clusters was deleted.
	ReasonRecordLost = "RecordLost"
	// ReasonNotRestored: a roll back cannot give a workload its former values.
	ReasonNotRestored = "NotRestored"
	// ReasonActionRepeats: what is done does not last, as another client undoes it.
	ReasonActionRepeats = "ActionRepeats"
	// ReasonClaimReplaced: a claim of the target is not the one that was filled.
	ReasonClaimReplaced = "ClaimReplaced"
	// ReasonPodPending: a Pod of the application cannot start that mounts a claim which is being copied.
	ReasonPodPending    = "PodPending"
	ReasonDeleting      = "Deleting"
	ReasonCleanupGaveUp = "CleanupGaveUp"
)
