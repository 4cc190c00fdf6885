package transfer

import (
	"fmt"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/podstate"
	"github.com/kubemove/kubemove/task"
)

// world is what the checks look at, read again each time.
type world struct {
	// SourcePods and TargetPods of the two namespaces.
	SourcePods, TargetPods []corev1.Pod
	// TargetClaims by name.
	TargetClaims map[string]*corev1.PersistentVolumeClaim
	// Locks of the two namespaces; nil: not locked.
	SourceLock, TargetLock *coordinationv1.Lease
	// RunLeases of the target's claims, by claim.
	RunLeases map[string]*coordinationv1.Lease
}

// moment of a check.
type moment int

const (
	// beforePlacing: before anything is created.
	beforePlacing moment = iota
	// fromGo: right before the workers start, and as long as they are at work.
	fromGo
)

// check decides whether the run may go on. It is a pure function.
func check(s Spec, w world, m moment) *Error {
	if err := checkLocks(s, w, m); err != nil {
		return err
	}
	for _, v := range s.Volumes {
		claim := w.TargetClaims[v.Target]
		if claim == nil {
			return failed(api.ReasonNotReady,
				fmt.Sprintf("claim %s does not exist in namespace %s of the target: it has to be created before data flows",
					v.Target, s.Target.Namespace), task.RetrySoon).about(v.Name)
		}
		if holder := lineage.Active(claim); holder != "" {
			return declined(api.ReasonTargetIsActive, fmt.Sprintf("claim %s at the target is in use by the application since switch %s: "+
				"nothing is copied over it; roll that switch back first", v.Target, holder)).about(v.Name)
		}
		if err := s.checkOwner(claim); err != nil {
			return err.about(v.Name)
		}
		if err := s.checkTargetClaim(w, v, m); err != nil {
			return err.about(v.Name)
		}
		if err := s.checkSourceClaim(w, v, m); err != nil {
			return err.about(v.Name)
		}
		if err := s.checkGivesWay(w.SourcePods, v); err != nil {
			return err.about(v.Name)
		}
	}
	return nil
}

// checkLocks: a run on request stays away from a namespace that a switch has locked; a final
// run works under the lock of its own switch.
func checkLocks(s Spec, w world, m moment) *Error {
	for side, lock := range map[string]*coordinationv1.Lease{"source": w.SourceLock, "target": w.TargetLock} {
		holder := holderOf(lock)
		switch {
		case !s.final() && holder != "":
			return declined(api.ReasonLocked,
				fmt.Sprintf("the namespace at the %s is locked by the switch %s: wait until it has ended", side, who(lock)))
		case s.final() && s.LockHolder != "" && holder != "" && holder != s.LockHolder:
			return declined(api.ReasonLocked,
				fmt.Sprintf("the namespace at the %s is locked by another switch, %s: wait until it has ended", side, who(lock)))
		case s.final() && s.LockHolder != "" && holder == "" && m == fromGo:
			return declined(api.ReasonLocked,
				fmt.Sprintf("the namespace at the %s is not locked by this switch any more: the final run needs the lock", side))
		}
	}
	return nil
}

// checkOwner: a run on request writes only to what the pair has made. Another client may have made the
// claim anew since the run began. Those of a final run are known to its switch by their UIDs.
func (s Spec) checkOwner(claim *corev1.PersistentVolumeClaim) *Error {
	want, known := s.Claims[claim.Name]
	switch {
	case s.final() && known && claim.UID != want:
		return failed(api.ReasonClaimReplaced, fmt.Sprintf("claim %s in namespace %s of the target was made anew by another client "+
			"(UID %s, it was %s): nothing is written to it", claim.Name, s.Target.Namespace, claim.UID, want), task.RetrySoon)
	case s.final():
	case claim.Annotations[api.CreatedByAnnotation] != s.PairUID && (s.Left == nil || !s.Left(claim.UID)):
		return declined(api.ReasonNameConflict, fmt.Sprintf("claim %s in namespace %s of the target was not created for this MovePair, "+
			"or was made anew by another client: a copy would overwrite its data; "+
			"rename or remove it, or choose another target namespace", claim.Name, s.Target.Namespace))
	case claim.DeletionTimestamp != nil:
		return failed(api.ReasonNameConflict, fmt.Sprintf("claim %s in namespace %s of the target is being deleted: wait until it is gone",
			claim.Name, s.Target.Namespace), task.RetryLater)
	}
	return nil
}

// checkTargetClaim: only this run's worker mounts the claim, and the claim is still
// ours.
func (s Spec) checkTargetClaim(w world, v application.Volume, m moment) *Error {
	for i := range w.TargetPods {
		pod := &w.TargetPods[i]
		if !uses(pod, v.Target) || s.ownWorker(pod) {
			continue
		}
		// Before placing, workers of other runs are dealt with by the run lease.
		if m == beforePlacing && isWorker(pod) {
			continue
		}
		return declined(ReasonClaimInUse,
			fmt.Sprintf("Pod %s uses claim %s at the target: stop it, data is copied only to claims that no other Pod uses", pod.Name, v.Target))
	}
	if m == fromGo {
		if holder := holderOf(w.RunLeases[v.Target]); holder != s.session() {
			return declined(ReasonRunReplaced, fmt.Sprintf("another run (%s) has taken over claim %s at the target", orUnknown(holder), v.Target))
		}
	}
	return nil
}

// checkSourceClaim: an exact run promises that nothing writes while it reads.
func (s Spec) checkSourceClaim(w world, v application.Volume, m moment) *Error {
	if !s.Run.Exact || m != fromGo {
		return nil
	}
	for i := range w.SourcePods {
		pod := &w.SourcePods[i]
		// Workers mount the source read-only, those of other pairs too.
		if !uses(pod, v.Name) || isWorker(pod) && pod.Labels[api.RoleLabel] == string(task.RoleSource) {
			continue
		}
		return declined(ReasonClaimInUse,
			fmt.Sprintf("Pod %s uses claim %s at the source during the final run: the copy may not be exact; stop the Pod", pod.Name, v.Name))
	}
	return nil
}

// uses tells whether a Pod has, or may get, a claim mounted. A Pod that is being deleted
// still counts; one whose containers have all ended does not.
func uses(pod *corev1.Pod, claim string) bool {
	return !podstate.Ended(pod) && podstate.Mounts(pod, claim)
}

// isWorker tells whether a Pod is a worker of any run.
func isWorker(pod *corev1.Pod) bool {
	return lineage.IsWork(pod.Labels) && pod.Labels[api.RunLabel] != "" && pod.Labels[ClaimLabel] != ""
}

// ownWorker tells whether a Pod is a worker of this run.
func (s Spec) ownWorker(pod *corev1.Pod) bool {
	return isWorker(pod) && lineage.IsWorkOf(pod.Labels, s.PairUID) && pod.Labels[api.RunLabel] == hash10(s.session())
}

func holderOf(lease *coordinationv1.Lease) string {
	if lease == nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// who names the holder of a lock for people.
func who(lock *coordinationv1.Lease) string {
	if name := lock.Annotations["kubemove.io/holder"]; name != "" {
		return name
	}
	return holderOf(lock)
}

// place finds out where the worker of the source must run: a claim that one node only may
// mount binds it to the node of the Pod that uses it.
func place(claim *corev1.PersistentVolumeClaim, pods []corev1.Pod) placement {
	if claim == nil || sharedByNodes(claim) {
		return placement{}
	}
	for i := range pods {
		pod := &pods[i]
		if pod.Spec.NodeName != "" && !isWorker(pod) && uses(pod, claim.Name) {
			return placement{Node: pod.Spec.NodeName, Placement: application.Placement{Tolerations: pod.Spec.Tolerations}}
		}
	}
	return placement{}
}

func sharedByNodes(claim *corev1.PersistentVolumeClaim) bool {
	for _, mode := range claim.Spec.AccessModes {
		if mode == corev1.ReadWriteMany || mode == corev1.ReadOnlyMany {
			return true
		}
	}
	return false
}
