package cutover

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/workload"
	"github.com/kubemove/kubemove/task"
)

const policyWords = "a critical Deployment has at least one replica"

// denial is what an API server answers when a ValidatingAdmissionPolicy refuses a request.
func denial() error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusUnprocessableEntity,
		Reason:  metav1.StatusReasonInvalid,
		Message: `deployments.apps "web" is forbidden: ValidatingAdmissionPolicy 'min' with binding 'min' denied request: ` + policyWords}}
}

// TestDeniedOnce: what admission has refused is asked for once, and the error has its words, the
// object and the side.
func TestDeniedOnce(t *testing.T) {
	web := application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}
	running := stoppedDeployment(1)
	running.Object["spec"] = map[string]any{"replicas": int64(2)}
	held, err := quiesceStep(running, us, nil)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		reason string
		side   string
		verb   string
		there  runtime.Object
		do     func(*switcher, context.Context) error
	}{
		"Stop": {"the application would be half stopped meanwhile", cluster.SideSource, "update", running,
			func(s *switcher, ctx context.Context) error { return s.quiesce(ctx, web, nil) }},
		"Restore": {"a roll back that is refused needs help", cluster.SideSource, "update", held,
			func(s *switcher, ctx context.Context) error { return s.change(ctx, web, nil, restored) }},
		"Create": {"the source is down meanwhile", cluster.SideTarget, "create", nil,
			func(s *switcher, ctx context.Context) error {
				_, err := s.createOne(ctx, application.Object{Ref: web, Phase: application.PhaseStart, Object: *running})
				return err
			}},
		"StopTarget": {"both sides are down meanwhile", cluster.SideTarget, "update", running,
			func(s *switcher, ctx context.Context) error { return s.stopOne(ctx, Object{Ref: web, UID: "u"}) }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := fakeSwitcher(t)
			at := clusterOf(s.source)
			if tc.side == cluster.SideTarget {
				at = clusterOf(s.target)
			}
			var there []runtime.Object
			if tc.there != nil {
				there = append(there, tc.there)
			}
			client := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
				map[schema.GroupVersionResource]string{workload.GVR(workload.Named("Deployment")): "DeploymentList"}, there...)
			asked := 0
			client.PrependReactor(tc.verb, "deployments", func(clienttesting.Action) (bool, runtime.Object, error) {
				asked++
				return true, nil, denial()
			})
			at.Dynamic = client
			err := refused(tc.do(s, t.Context()))
			if !isPermanent(err) || asked != 1 {
				t.Fatalf("%s: asked %d times, got %v", tc.reason, asked, err)
			}
			for _, want := range []string{web.String(), tc.side, policyWords} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}

// deniedMachine fails once and is refused then, and counts what is tried.
type deniedMachine struct{ tried int }

func (*deniedMachine) observe(context.Context, bool) (*Observed, error) {
	return &Observed{HasRecord: true}, nil
}
func (m *deniedMachine) act(context.Context, Action, *Observed) error {
	if m.tried++; m.tried == 1 {
		return apierrors.NewInternalError(errors.New("try again"))
	}
	return (&cluster.Cluster{Side: cluster.SideSource}).Wrap("update Deployment.apps/web", denial())
}
func (*deniedMachine) unlock(context.Context) error         { return nil }
func (*deniedMachine) acted(context.Context, Action)        {}
func (*deniedMachine) now() time.Time                       { return time.Unix(0, 0) }
func (*deniedMachine) sleep(context.Context, time.Duration) {}

// TestLoopEndsWithDenial: the words of a denial are the result of the task at once, whatever action
// it was; a failure that may pass is tried again.
func TestLoopEndsWithDenial(t *testing.T) {
	out := report.New(report.Options{})
	t.Cleanup(func() { out.Stop(context.Background()) })
	m := &deniedMachine{}
	l := &loop{machine: m, out: out, steps: &stepLog{}, next: func(Observed) Action { return Action{Kind: Mark} }}
	got := l.run(t.Context())
	if m.tried != 2 || got.Outcome != task.OutcomeFailed || got.Retry != task.RetryLater || got.Reason != api.ReasonRejectedBySource ||
		!strings.Contains(got.Message, policyWords) {
		t.Errorf("tried %d times, got %+v", m.tried, got)
	}
}

// TestPatience: the application is down for as long as something is tried again.
func TestPatience(t *testing.T) {
	quota := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "x",
		errors.New("exceeded quota: small, requested: secrets=1, used: secrets=3, limited: secrets=3"))
	cases := map[string]struct {
		reason string
		err    error
		want   time.Duration
	}{
		"Network": {"a server may start anew", errors.New("connection refused"), patience},
		"Quota": {"what was just deleted is counted some seconds longer",
			(&cluster.Cluster{Side: cluster.SideTarget}).Wrap("create it", quota), quotaPatience},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := patienceWith(tc.err); got != tc.want {
				t.Errorf("%s: %s, want %s", tc.reason, got, tc.want)
			}
		})
	}
}
