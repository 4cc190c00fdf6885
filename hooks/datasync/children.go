package datasync

import (
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// job of the run that is wanted.
func (s *state) job() (runtime.Object, error) {
	spec := s.dataSync.Spec
	t := jobs.Task(s.pair, task.VerbSync, s.config)
	all := t.Move.Mobilizers
	t.Run.Trigger = s.wanted.trigger
	t.Run.DeadlineSeconds = s.deadline()
	t.Session = s.session()
	t.Parameters = spec.Parameters
	for _, v := range spec.Volumes {
		t.Volumes = append(t.Volumes, task.Volume{Name: v.Name, Target: v.Target})
	}
	t.Move.Mobilizers = s.config.Task([]api.Mobilizer{{Name: spec.Mobilizer, Parameters: spec.Parameters,
		CredentialsSecretRef: s.credentials()}})
	build := jobs.Spec{
		Subject:     jobs.OfPair(jobs.PrefixSync, s.dataSync, s.pair),
		Intent:      s.wantStep.Intent,
		Attempt:     s.stepState.Number,
		Task:        t,
		Credentials: all,
		Account:     jobs.DataAccount(s.pair.Name),
		Annotations: s.wanted.annotations(spec.Request),
		Config:      s.config,
	}
	if m := s.config.Mobilizers[spec.Mobilizer]; m.Spec.Type == config.Driver {
		build.Driver = &m
		build.Task.Move = nil
	}
	return jobs.Build(build)
}

// credentials that the pair names for the mobilizer; nil: none.
func (s *state) credentials() *api.LocalReference {
	for _, m := range s.pair.Spec.Data.Mobilizers {
		if m.Name == s.dataSync.Spec.Mobilizer {
			return m.CredentialsSecretRef
		}
	}
	return nil
}
