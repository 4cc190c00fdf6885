package cutover

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/task"
)

// TestJudge: what is carried out is what was approved, or at least all that is there.
func TestJudge(t *testing.T) {
	plan := func(change func(*application.Plan)) *application.Plan {
		p := &application.Plan{Engine: "shop"}
		change(p)
		return p
	}
	hash := plan(func(*application.Plan) {}).Hash()
	unsure := func(p *application.Plan) { p.Unsure = []string{"a server does not answer"} }
	blocked := func(p *application.Plan) { p.Blockers = []api.Blocker{{Reason: api.ReasonForbidden}} }
	cases := map[string]struct {
		reason   string
		plan     *application.Plan
		approved string
		want     task.Result
	}{
		"Fine":     {reason: "no approval is needed", plan: plan(func(*application.Plan) {})},
		"Approved": {reason: "it is the approved one", plan: plan(func(*application.Plan) {}), approved: hash},
		"Changed": {reason: "it is another one", plan: plan(func(*application.Plan) {}), approved: "other",
			want: task.Result{Outcome: task.OutcomeDeclined, Retry: task.RetryLater, Reason: api.ReasonPlanChanged}},
		"Blocked": {reason: "something stands in the way", plan: plan(blocked), approved: hash,
			want: task.Result{Outcome: task.OutcomeDeclined, Retry: task.RetryLater, Reason: api.ReasonBlocked}},
		"Unsure": {reason: "what may be missing is not read",
			plan: plan(unsure), want: task.Result{Outcome: task.OutcomeFailed, Retry: task.RetrySoon, Reason: api.ReasonPlanUnsure}},
		"UnsureApproved": {reason: "a person has read that it may be missing", plan: plan(unsure), approved: hash},
		"UnsureOther": {reason: "in a moment it may be the approved one", plan: plan(unsure), approved: "other",
			want: task.Result{Outcome: task.OutcomeFailed, Retry: task.RetrySoon, Reason: api.ReasonPlanUnsure}},
		"UnsureAndBlocks": {reason: "the blocker may follow from it", plan: plan(func(p *application.Plan) { unsure(p); blocked(p) }),
			want: task.Result{Outcome: task.OutcomeFailed, Retry: task.RetrySoon, Reason: api.ReasonPlanUnsure}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			work := &task.Task{Move: &task.Move{ApprovedPlan: tc.approved, Pair: task.Object{UID: "pair"}}}
			s := &switcher{task: work, out: report.New(report.Options{}), planner: &pairPlanner{task: work, clusters: &steps.Clusters{},
				deps: Deps{Summary: func(*application.Plan) *api.PlanStatus { return nil }, Changes: changed}}}
			t.Cleanup(func() { s.out.Stop(context.Background()) })
			got := task.Result{}
			if stop := new(ending); errors.As(s.judge(t.Context(), tc.plan), &stop) {
				got = stop.result
				if named := strings.Contains(got.Message, "ConfigMap/state: data.counter"); named != (got.Reason == api.ReasonPlanChanged) {
					t.Errorf("%s: the message %q must say what has changed, when something has", tc.reason, got.Message)
				}
				got.Message = ""
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// changed says of every plan but the approved one what is different.
func changed(_ context.Context, _ *cluster.Cluster, pair, hash string, is *application.Plan) ([]string, error) {
	if pair != "pair" || hash == is.Hash() {
		return nil, fmt.Errorf("asked for the plan %s of the pair %s", hash, pair)
	}
	return []string{"ConfigMap/state: data.counter"}, nil
}

// TestChangesUnknown: a former plan that is not stored any more is no reason to hold the message back.
func TestChangesUnknown(t *testing.T) {
	for name, err := range map[string]error{"Gone": nil, "Unreadable": errors.New("no")} {
		work := &task.Task{Move: &task.Move{}}
		s := &switcher{task: work, planner: &pairPlanner{task: work, clusters: &steps.Clusters{}, deps: Deps{
			Changes: func(context.Context, *cluster.Cluster, string, string, *application.Plan) ([]string, error) {
				return nil, err
			},
		}}}
		if got := s.changes(t.Context(), &application.Plan{}); got != "" {
			t.Errorf("%s: got %q, want nothing", name, got)
		}
	}
}

// TestEndGivesLocksBack: a try that has changed nothing and comes again by itself leaves nothing that a
// roll back, which ends a switch, would have to undo.
func TestEndGivesLocksBack(t *testing.T) {
	cases := map[string]struct {
		reason   string
		result   task.Result
		recorded bool
		touched  bool
	}{
		"Declined": {"it is for later", task.Result{Outcome: task.OutcomeDeclined, Reason: api.ReasonBlocked}, false, false},
		"Unsure": {"it is for soon",
			task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonPlanUnsure, Retry: task.RetrySoon}, false, false},
		"Failed": {"what was done is not known",
			task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonFailed, Retry: task.RetrySoon}, false, true},
		"Recorded": {"something was begun",
			task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonPlanUnsure, Retry: task.RetrySoon}, true, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			at := func(uid string) side {
				return side{&cluster.Cluster{Namespace: "shop", Kube: fake.NewClientset(
					&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: metav1.NamespaceSystem, UID: types.UID(uid)}})}}
			}
			s := &switcher{us: us, source: at("a"), target: at("b"), out: report.New(report.Options{}),
				task: &task.Task{Move: &task.Move{Home: "shop", Switch: &task.Object{Name: "shop-dst", UID: self}}}}
			t.Cleanup(func() { s.out.Stop(context.Background()) })
			if err := s.lock(t.Context(), &Observed{}); err != nil {
				t.Fatal(err)
			}
			l := &loop{machine: s, out: s.out, steps: &s.steps, seen: &Observed{SourceLock: LockMine, TargetLock: LockMine, HasRecord: tc.recorded}}
			l.end(t.Context(), tc.result)
			if got := s.out.Status().Switch.Touched; got != tc.touched {
				t.Errorf("%s: touched %v, want %v", tc.reason, got, tc.touched)
			}
			o := &Observed{Us: us}
			if err := s.observeLocks(t.Context(), o); err != nil || o.locked() != tc.touched {
				t.Errorf("%s: locked %v, error %v", tc.reason, o.locked(), err)
			}
		})
	}
}
