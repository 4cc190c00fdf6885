package moveswitch

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// Another approval is another cutover, and a token makes each step anew.
func TestWant(t *testing.T) {
	for name, c := range map[string]struct {
		reason            string
		change            func(s *state)
		cutover, rollback bool
	}{
		"Approval":  {"it is bound to it", approved, true, false},
		"Retry":     {"it is another try", retry, true, true},
		"Automatic": {"it is bound to no plan, and none was approved", automatic, false, false},
		"Ignored": {"it is bound to no plan, whatever was approved", func(s *state) {
			approved(s)
			automatic(s)
		}, false, false},
		"Policy": {"it is no other cutover", func(s *state) { s.sw.Spec.HealthTimeout = "9m" }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := given(), given(c.change)
			one := a.want(task.VerbCutover).Intent != b.want(task.VerbCutover).Intent
			two := a.want(task.VerbRollback).Intent != b.want(task.VerbRollback).Intent
			if one != c.cutover || two != c.rollback {
				t.Errorf("%s: another cutover: %t, another roll back: %t", c.reason, one, two)
			}
		})
	}
	s := given()
	if a, b := s.want(task.VerbRollback),
		s.want(task.VerbCleanup); a.Intent == b.Intent || a.Step != task.VerbRollback || s.want(task.VerbCutover).Step != task.VerbCutover {
		t.Errorf("got %+v and %+v", a, b)
	}
}

// A Job says which switch it is for, which plan it is bound to, and how long it may take.
func TestJob(t *testing.T) {
	s := given(approved, func(s *state) { s.sw.Spec.Quiesce.Timeout, s.sw.Spec.HealthTimeout = "2m", "" })
	o, err := s.job(s.want(task.VerbCutover), 3)
	if err != nil {
		t.Fatal(err)
	}
	j := o.(*batchv1.Job)
	told, err := task.Decode([]byte(j.Spec.Template.Annotations[task.TaskAnnotation]))
	if err != nil {
		t.Fatal(err)
	}
	m := told.Move
	got := []any{*m.Switch, m.ApprovedPlan, m.EngineGeneration, m.QuiesceSeconds, m.HealthSeconds, j.Spec.Template.Spec.ServiceAccountName,
		j.Annotations[approvedAnnotation], j.Labels[api.AttemptLabel], j.Labels[jobs.RoundLabel], j.Labels[api.IntentLabel]}
	want := []any{task.Object{Name: "shop-a", UID: "sw"}, "plan-1", int64(7), int64(120), int64(300), "shop-a-switch",
		"plan-1", "3", round(s.sw), s.want(task.VerbCutover).Intent}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if !strings.HasPrefix(j.Name, jobs.PrefixSwitch+"-shop-a-") {
		t.Errorf("it is called %s", j.Name)
	}
}

// A roll back belongs to the round of the cutover that it undoes, though another try is wanted already.
func TestRoundOf(t *testing.T) {
	before := given(approved, cutover(jobs.Failed, stopped))
	s := given(approved, cutover(jobs.Failed, stopped), retry)
	if got := s.roundOf(task.VerbRollback); got != round(before.sw) || got == round(s.sw) {
		t.Errorf("the roll back is of round %s", got)
	}
	if s.roundOf(task.VerbCutover) != round(s.sw) || given().roundOf(task.VerbRollback) != round(given().sw) {
		t.Error("else it is the present one")
	}
}

func TestSeconds(t *testing.T) {
	for text, want := range map[string]int64{"90s": 90, "1h": 3600, "": 300, "x": 300, "0s": 300, "-1m": 300} {
		if got := seconds(text, defaultTimeout); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}
