package cutover

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/task"
)

// pin captures the application again and, if the plan is the approved one, stores it: what
// was approved is what is carried out, whatever happens to the source's objects from now on.
// The Secret comes first and the source's record last, so that a record never lacks its plan.
func (s *switcher) pin(ctx context.Context) error {
	if err := s.labelled(ctx); err != nil {
		return err
	}
	if err := s.followsEngine(ctx); err != nil {
		return err
	}
	p, err := s.planner.Plan(ctx)
	if err != nil {
		return err
	}
	if stop := s.judge(ctx, p); stop != nil {
		return stop
	}
	hash := p.Hash()
	if err := s.home.StoreBundle(ctx, cluster.Bundle{Name: s.planName(), Owner: s.owner()}, pinnedPlan{hash, p}); err != nil {
		return err
	}
	for _, c := range s.targetFirst() {
		err := s.update(ctx, c, true, func(r *Record) {
			r.PlanHash, r.Process, r.Changed, r.Created, r.Runs, r.Claims, r.Reading = hash, s.process, nil, nil, nil, nil, nil
			r.Kept = nil
			for _, w := range p.Workloads {
				r.Changed = append(r.Changed, w.Ref)
			}
			for _, o := range p.Objects {
				r.Created = append(r.Created, o.Ref)
				if o.Kept {
					r.Kept = append(r.Kept, o.Ref)
				}
				if o.Runs {
					r.Runs = append(r.Runs, o.Ref)
				}
			}
			for _, v := range p.Volumes {
				r.Claims = append(r.Claims, v.Target)
			}
		})
		if err != nil {
			return err
		}
	}
	s.usePlan(p)
	return nil
}

// usePlan makes a plan that of this switch: what it changes may be written.
func (s *switcher) usePlan(p *application.Plan) {
	s.plan, s.pinned = p, p
	s.us = s.us.Reapplies(p.Reapplied())
}

// owner of what is stored at home: the switch.
func (s *switcher) owner() *metav1.OwnerReference { return steps.Owner(s.task.Subject()) }

// followsEngine refuses to begin with what the engine does not say any more: who edits it and then
// asks for another try means the try to be made with the edit, and the pair may be behind.
func (s *switcher) followsEngine(ctx context.Context) error {
	made := s.task.Move.EngineGeneration
	if made == 0 {
		return nil
	}
	name := s.task.Move.Engine
	generation, err := s.home.Generation(ctx, name)
	if err != nil {
		return err
	}
	if generation > made {
		return &ending{task.Failed(api.ReasonPlanUnsure,
			fmt.Sprintf("nothing was done, as MoveEngine %s was edited (generation %d) and MovePair %s does not follow yet (generation %d): "+
				"wait for the new plan; if none comes, the conditions of the engine say why",
				name, generation, s.task.Move.Pair.Name, made), task.RetrySoon)}
	}
	return nil
}

// judge refuses a plan with blockers, and one that is not the approved one. The new plan's
// summary goes into the status: its hash is what there is to approve. What could not be found out for
// now is waited for, unless this very plan is approved. It is not shown meanwhile: in a
// moment it may be another one.
func (s *switcher) judge(ctx context.Context, p *application.Plan) error {
	hash := p.Hash()
	if len(p.Unsure) > 0 && s.task.Move.ApprovedPlan != hash {
		return &ending{task.Failed(api.ReasonPlanUnsure,
			"nothing was done, as the plan may lack something: "+strings.Join(p.Unsure, "; "), task.RetrySoon)}
	}
	if len(p.Blockers) > 0 {
		s.show(p)
		b := p.Blockers[0]
		return &ending{*declined(api.ReasonBlocked,
			fmt.Sprintf("the plan has %d blockers; the first: %s: %s", len(p.Blockers), b.Reason, b.Message)).Result}
	}
	if want := s.task.Move.ApprovedPlan; want != "" && want != hash {
		s.show(p)
		return &ending{*declined(api.ReasonPlanChanged, fmt.Sprintf("the application has changed since plan %s was approved%s: "+
			"read the new plan and approve %s", want, s.changes(ctx, p), hash)).Result}
	}
	return nil
}

// changes names, for a message, what differs from the approved plan; empty: it is not known.
func (s *switcher) changes(ctx context.Context, p *application.Plan) string {
	found, err := s.planner.Changes(ctx, p)
	if err != nil {
		slog.Warn("cannot compare the plan with the approved one", "error", err.Error())
	}
	if len(found) == 0 {
		return ""
	}
	return " (" + list(found) + ")"
}

// show puts the summary of the new plan into the status.
func (s *switcher) show(p *application.Plan) {
	s.out.Update(func(st *task.Status) { st.Plan = s.planner.Summary(p) })
}

// sameClusters refuses to go on, or to go back, in other clusters than those that the pinned plan is
// for: the kubeconfigs are in Secrets, which may have been made anew since.
func (s *switcher) sameClusters(ctx context.Context, o *Observed) error {
	if s.plan == nil || !s.rollback && !o.HasRecord {
		return nil // A cutover that was killed before its record was written has changed nothing.
	}
	for _, e := range s.endpoints() {
		want := s.plan.SourceCluster
		if s.isTarget(e) {
			want = s.plan.TargetCluster
		}
		uid, err := e.ClusterUID(ctx)
		if cluster.KindOf(err) == cluster.Forbidden || err == nil && (want == "" || uid == want) {
			continue
		}
		s.plan = nil // Nothing is done by it; it is read again.
		if err != nil {
			return err
		}
		return &ending{*failed(api.ReasonInvalidKubeconfig,
			fmt.Sprintf("the kubeconfig of the %s leads to another cluster now than when this switch began (the UID of its kube-system is %s, "+
				"it was %s): put the former one back, then it goes on; nothing was done in the other cluster", e.Name(), uid, want)).Result}
	}
	return nil
}

// pinnedPlan is a plan as it is stored. The hash is that of the plan as it was captured: what a Secret keeps of one has
// another, as not all that counts is stored.
type pinnedPlan struct {
	Hash string `json:"hash,omitempty"`
	*application.Plan
}

// loadPlan reads the pinned plan; it stays nil when there is none. One with another hash than the record says
// counts as none: its process was killed between the two, and nothing was done by it.
func (s *switcher) loadPlan(ctx context.Context, recorded string) error {
	p := pinnedPlan{Plan: &application.Plan{}}
	err := s.home.LoadBundle(ctx, s.planName(), &p)
	if cluster.KindOf(err) == cluster.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	if recorded != "" && p.Hash != "" && p.Hash != recorded {
		slog.Warn("the stored plan is not the one of the record", "stored", p.Hash, "recorded", recorded)
		return nil
	}
	s.usePlan(p.Plan)
	return nil
}
