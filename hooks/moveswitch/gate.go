package moveswitch

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// gate is what a cutover waits for before it begins.
type gate struct {
	open bool
	// reason and message while it is closed.
	reason, message string
	// approved, with its own reason and message.
	approved                        bool
	approvedReason, approvedMessage string
	// hash of the plan that would be carried out.
	hash string
}

func (s *state) gate() gate {
	g := gate{hash: s.planHash()}
	s.approve(&g)
	ready, why := s.pairReady()
	switch {
	case s.problem != nil:
		g.reason, g.message = s.problem.Reason, s.problem.Message
	case s.sw.Spec.Suspend:
		g.reason, g.message = api.ReasonSuspended, "spec.suspend is set"
	case !ready:
		g.reason, g.message = api.ReasonNotReady, why
	case s.syncing():
		g.reason, g.message = api.ReasonSyncing, fmt.Sprintf("the first copy of the data goes on while the application runs: "+
			"kubectl -n %s get datasyncs", s.sw.Namespace)
	case !g.approved:
		g.reason, g.message = g.approvedReason, g.approvedMessage
	case s.tooLong(&g):
	case s.now.Before(s.begins()):
		g.reason, g.message = api.ReasonScheduled, "the switch begins at "+s.sw.Spec.At
	default:
		g.open = true
	}
	return g
}

// syncing: the pair copies while the application runs, and not everything was copied once yet.
func (s *state) syncing() bool {
	return s.pair != nil && s.pair.Spec.Sync != nil && len(s.pair.Status.DataSyncs) > 0 && s.pair.Status.LastSuccessTime == nil
}

// begins is the time before which the switch does not; zero: it may at once.
func (s *state) begins() time.Time {
	at, err := time.Parse(time.RFC3339, s.sw.Spec.At)
	if err != nil {
		return time.Time{} // There is none, or it is a problem of its own.
	}
	return at
}

// planHash is that of the newest plan: the pair's, or what cutovers that were bound to it have
// found instead.
func (s *state) planHash() string {
	if f := s.facts; f.progress != nil && f.progress.PlanHash != "" && (f.touched || f.switched || f.committedAt != nil) {
		return f.progress.PlanHash
	}
	hash := s.sw.Status.PlanHash
	if s.pair != nil && s.pair.Status.Plan != nil {
		hash = s.pair.Status.Plan.Hash
	}
	for _, a := range s.attempts {
		if planChanged(a) && a.Job.Annotations[approvedAnnotation] == hash && !s.plannedSince(a.Status.Plan.MadeAt) {
			hash = a.Status.Plan.Hash
		}
	}
	return hash
}

// plannedSince says whether the pair's plan is newer: what a cutover found before does not count
// any more.
func (s *state) plannedSince(at *metav1.Time) bool {
	if s.pair == nil || s.pair.Status.Plan == nil {
		return false
	}
	return at.Before(s.pair.Status.Plan.MadeAt)
}

// planChanged says whether a cutover found another plan than the approved one.
func planChanged(a jobs.Attempt) bool {
	return a.State == jobs.Declined && a.Result.Reason == api.ReasonPlanChanged &&
		a.Status.Plan != nil && a.Status.Plan.Hash != ""
}

func (s *state) pairReady() (bool, string) {
	name := s.sw.Spec.PairRef.Name
	switch {
	case s.pair == nil:
		return false, fmt.Sprintf("MovePair %s is not there", name)
	case s.pair.DeletionTimestamp != nil:
		return false, fmt.Sprintf("MovePair %s is being deleted", name)
	}
	ready := meta.FindStatusCondition(s.pair.Status.Conditions, api.ConditionReady)
	switch {
	case ready == nil || s.pair.Status.ObservedGeneration != s.pair.Generation:
		return false, fmt.Sprintf("MovePair %s is being planned", name)
	case s.pair.Status.Channel != api.ChannelActive || ready.Status != "True":
		return false, fmt.Sprintf("MovePair %s: %s", name, ready.Message)
	}
	return true, ""
}

// firstBlocker of the pair's newest plan; nil: none.
func (s *state) firstBlocker() *api.Blocker {
	if s.pair == nil || s.pair.Status.Plan == nil || len(s.pair.Status.Plan.Blockers) == 0 {
		return nil
	}
	return &s.pair.Status.Plan.Blockers[0]
}

// approve decides whether the plan is approved, and says how to approve it.
func (s *state) approve(g *gate) {
	if s.sw.Spec.Approval == api.ApprovalAutomatic {
		g.approved, g.approvedReason, g.approvedMessage = true, api.ReasonApproved, approvedText("")
		return
	}
	approved := s.sw.Spec.ApprovedPlan
	command := fmt.Sprintf(`kubectl -n %s patch moveswitch %s --type=merge -p '{"spec":{"approvedPlan":%q}}'`,
		s.sw.Namespace, s.sw.Name, g.hash)
	blocker := s.firstBlocker()
	switch {
	case g.hash == "":
		g.approvedReason, g.approvedMessage = api.ReasonNotReady, "there is no plan to approve yet"
	case blocker != nil:
		// What fixes a blocker often changes the plan, so an approval would be in vain.
		g.approvedReason = api.ReasonBlocked
		g.approvedMessage = fmt.Sprintf("plan %s has blockers, so there is nothing to approve yet; the first: %s: %s",
			g.hash, blocker.Reason, blocker.Message)
	case approved == g.hash:
		g.approved, g.approvedReason = true, api.ReasonApproved
		g.approvedMessage = approvedText(g.hash)
	case approved == "":
		g.approvedReason = api.ReasonWaiting
		g.approvedMessage = fmt.Sprintf("read plan %s, then approve it: %s", g.hash, command)
	default:
		g.approvedReason = api.ReasonPlanChanged
		g.approvedMessage = fmt.Sprintf("plan %s was approved, but the plan is now %s: read it, then approve it: %s", approved, g.hash, command)
		if found := s.whatChanged(approved, g.hash); found != "" {
			g.approvedMessage = found + ": " + command
		}
	}
}

// whatChanged is what a cutover has said that was bound to one plan and has found the other, or what
// the newer plan says of the one before; empty: neither does.
func (s *state) whatChanged(approved, found string) string {
	for _, a := range s.attempts {
		if planChanged(a) && a.Job.Annotations[approvedAnnotation] == approved && a.Status.Plan.Hash == found {
			return a.Result.Message
		}
	}
	if s.pair == nil || s.pair.Status.Plan == nil || s.pair.Status.Plan.Hash != found {
		return ""
	}
	for _, w := range s.pair.Status.Plan.Warnings {
		if changes, is := strings.CutPrefix(w, api.ChangedSince+approved+": "); is {
			return fmt.Sprintf("the application has changed since plan %s was approved (%s): read the new plan and approve %s",
				approved, changes, found)
		}
	}
	return ""
}
