package moveswitch

import (
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// approvedAnnotation on a cutover Job holds the hash of the plan that it is bound to.
const approvedAnnotation = "kubemove.io/approved-plan"

// The defaults, as the schema says: of quiesce and health, and of the last run before the stop.
const (
	defaultTimeout   = 5 * time.Minute
	defaultFinalSync = 10 * time.Second
)

// want is a step with what the user intends by it.
func (s *state) want(verb task.Verb) jobs.Want {
	uid := string(s.sw.UID)
	if verb == task.VerbCutover {
		return jobs.Want{Step: verb, Intent: jobs.Intent(uid, "cutover", s.sw.Spec.Retry, s.approved())}
	}
	return jobs.Want{Step: verb, Intent: jobs.Intent(uid, string(verb), s.sw.Spec.Retry)}
}

// approved is the hash that the cutover is bound to; empty: any plan without blockers.
func (s *state) approved() string {
	if s.sw.Spec.Approval == api.ApprovalAutomatic {
		return ""
	}
	return s.sw.Spec.ApprovedPlan
}

func (s *state) job(want jobs.Want, attempt int) (runtime.Object, error) {
	t := jobs.Task(s.pair, want.Step, s.config)
	t.Move.Switch = &task.Object{Name: s.sw.Name, UID: string(s.sw.UID)}
	t.Move.ApprovedPlan = s.approved()
	// No number: a pair that was not made from an engine.
	t.Move.EngineGeneration, _ = strconv.ParseInt(s.pair.Annotations[api.EngineGenerationAnnotation], 10, 64)
	t.Move.QuiesceSeconds = seconds(s.sw.Spec.Quiesce.Timeout, defaultTimeout)
	t.Move.HealthSeconds = seconds(s.sw.Spec.HealthTimeout, defaultTimeout)
	if s.pair.Spec.Sync != nil {
		t.Move.MaxFinalSyncSeconds = seconds(s.sw.Spec.MaxFinalSync, defaultFinalSync)
	}
	return jobs.Build(jobs.Spec{
		Subject:     jobs.OfPair(jobs.PrefixSwitch, s.sw, s.pair),
		Intent:      want.Intent,
		Round:       s.roundOf(want.Step),
		Attempt:     attempt,
		Task:        t,
		Credentials: t.Move.Mobilizers,
		Account:     jobs.SwitchAccount(s.pair.Name),
		Annotations: map[string]string{approvedAnnotation: s.approved()},
		Config:      s.config,
	})
}

// roundOf a step: a roll back belongs to the cutover that it undoes.
func (s *state) roundOf(verb task.Verb) string {
	if verb == task.VerbRollback && s.facts.cutover != nil {
		return s.facts.cutover.Round
	}
	return round(s.sw)
}

// seconds of a duration that the schema has checked.
func seconds(text string, usual time.Duration) int64 {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		d = usual
	}
	return int64(d / time.Second)
}

// kept Jobs, without those that drop chooses.
func (s *state) kept(drop func(jobs.Attempt) bool) []jobs.Attempt {
	var list []jobs.Attempt
	for _, a := range jobs.Keep(s.attempts, nil) {
		if drop == nil || !drop(a) {
			list = append(list, a)
		}
	}
	return list
}
