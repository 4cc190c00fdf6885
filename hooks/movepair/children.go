package movepair

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// ClusterRoles that the accounts of a pair are bound to, in the home namespace only.
const (
	DataRole   = "kubemove-data"
	SwitchRole = "kubemove-switch"
)

// accounts and their bindings.
func (s *state) accounts() []runtime.Object {
	var list []runtime.Object
	for _, a := range []struct{ name, role string }{
		{jobs.DataAccount(s.pair.Name), DataRole},
		{jobs.SwitchAccount(s.pair.Name), SwitchRole},
	} {
		metadata := metav1.ObjectMeta{
			Name:      a.name,
			Namespace: s.pair.Namespace,
			Labels: map[string]string{
				api.ManagedByLabel: api.ManagedByValue,
				api.PairLabel:      string(s.pair.UID),
			},
		}
		list = append(list,
			&corev1.ServiceAccount{
				TypeMeta:                     hooks.KindServiceAccount.TypeMeta(),
				ObjectMeta:                   metadata,
				AutomountServiceAccountToken: new(bool),
			},
			&rbacv1.RoleBinding{
				TypeMeta:   hooks.KindRoleBinding.TypeMeta(),
				ObjectMeta: metadata,
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: a.role},
				Subjects: []rbacv1.Subject{{
					Kind: rbacv1.ServiceAccountKind, Name: a.name, Namespace: s.pair.Namespace,
				}},
			})
	}
	return list
}

// dataSyncs follow the plan once the channel is open. While the plan is not known to be good,
// or a switch uses the channel, those that exist stay as they are.
func (s *state) dataSyncs() []*api.DataSync {
	if !s.ready() || s.frozen() {
		return s.keptSyncs()
	}
	volumes := map[string][]api.SyncVolume{}
	for _, v := range s.newest.Volumes {
		if v.Mobilizer != "" {
			volumes[v.Mobilizer] = append(volumes[v.Mobilizer], api.SyncVolume{Name: v.Name, Target: v.Target})
		}
	}
	var list []*api.DataSync
	for _, m := range config.InUse(s.pair.Spec.Data) {
		vs := volumes[m.Name]
		if len(vs) == 0 {
			continue
		}
		slices.SortFunc(vs, func(a, b api.SyncVolume) int { return cmp.Compare(a.Name, b.Name) })
		list = append(list, s.dataSync(jobs.Child(s.pair.Name, m.Name), api.DataSyncSpec{
			Mobilizer: m.Name, Parameters: m.Parameters, Volumes: vs,
		}))
	}
	return list
}

func (s *state) keptSyncs() []*api.DataSync {
	var list []*api.DataSync
	for _, d := range s.syncs {
		list = append(list, s.dataSync(d.Name, d.Spec))
	}
	return list
}

// dataSync desires the fields that are ours; request belongs to the operator.
func (s *state) dataSync(name string, spec api.DataSyncSpec) *api.DataSync {
	return &api.DataSync{
		TypeMeta: hooks.KindDataSync.TypeMeta(),
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: s.pair.Namespace,
			Labels: map[string]string{api.PairLabel: string(s.pair.UID)},
		},
		Spec: api.DataSyncSpec{
			PairRef:    api.LocalReference{Name: s.pair.Name},
			Mobilizer:  spec.Mobilizer,
			Parameters: spec.Parameters,
			Volumes:    spec.Volumes,
			Sync:       s.pair.Spec.Sync,
			Suspend:    s.pair.Spec.Suspend,
		},
	}
}

// job of a step that is to be created.
func (s *state) job(st *step, account string) (runtime.Object, error) {
	t := jobs.Task(s.pair, st.want.Step, s.config)
	if m := s.switches.Committed; m != nil && st.want.Step == task.VerbWatch {
		t.Move.Committed = &task.Object{Name: m.Name, UID: string(m.UID)}
	}
	return s.build(st, t, account)
}

func (s *state) build(st *step, t task.Task, account string) (runtime.Object, error) {
	return jobs.Build(jobs.Spec{
		Subject:     jobs.OfPair(jobs.PrefixPair, s.pair, s.pair),
		Intent:      st.want.Intent,
		Attempt:     st.stepState.Number,
		Task:        t,
		Credentials: t.Move.Mobilizers,
		Account:     account,
		Config:      s.config,
	})
}

// account that a step runs as. A plan runs as the switch, and changes nothing: the API servers and
// their policies judge a dry run by who asks.
func (s *state) account(step task.Verb) string {
	if step == task.VerbPlan {
		return jobs.SwitchAccount(s.pair.Name)
	}
	return jobs.DataAccount(s.pair.Name)
}

// keptJobs are those that stay; a plan with blockers counts as a failure.
func (s *state) keptJobs() []jobs.Attempt {
	rest := slices.DeleteFunc(slices.Clone(s.attempts), func(a jobs.Attempt) bool { return a.Step == task.VerbWatch })
	kept := jobs.Keep(rest, func(a jobs.Attempt) bool {
		return a.Step != task.VerbPlan || !blocked(a)
	})
	return append(kept, keptWatches(s.attempts)...)
}
