package movepair

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// Each account has its own role, in the home namespace only, and no token is mounted by itself.
func TestAccounts(t *testing.T) {
	labels := map[string]string{api.ManagedByLabel: api.ManagedByValue, api.PairLabel: "uid"}
	got := map[string]string{}
	for _, o := range given().accounts() {
		switch x := o.(type) {
		case *corev1.ServiceAccount:
			if x.AutomountServiceAccountToken == nil || *x.AutomountServiceAccountToken || !cmp.Equal(labels, x.Labels) || x.Namespace != "home" {
				t.Errorf("account %+v", x)
			}
			got[x.Name] += "account "
		case *rbacv1.RoleBinding:
			if !cmp.Equal(labels, x.Labels) || x.Namespace != "home" {
				t.Errorf("binding %+v", x)
			}
			want := []rbacv1.Subject{{Kind: "ServiceAccount", Name: x.Name, Namespace: "home"}}
			if d := cmp.Diff(want, x.Subjects); d != "" {
				t.Errorf("subjects: -want +got\n%s", d)
			}
			got[x.Name] += x.RoleRef.APIGroup + " " + x.RoleRef.Kind + " " + x.RoleRef.Name
		}
	}
	want := map[string]string{
		"shop-a-data":   "account rbac.authorization.k8s.io ClusterRole kubemove-data",
		"shop-a-switch": "account rbac.authorization.k8s.io ClusterRole kubemove-switch",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestDataSyncs(t *testing.T) {
	two := func(s *state) {
		s.pair.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "other"}, {Name: "restic", Parameters: map[string]string{"k": "v"}}}
	}
	old := func(s *state) {
		s.syncs = []*api.DataSync{{Spec: api.DataSyncSpec{Mobilizer: "old", Request: "one", Volumes: []api.SyncVolume{{Name: "x"}}}}}
		s.syncs[0].Name = "shop-a-old"
	}
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   string
	}{
		"NotReady": {"data cannot flow", []func(*state){planned}, ""},
		"Ready": {"one a mobilizer that has volumes, and these sorted; one without a mobilizer is not copied",
			[]func(*state){two, planned, opened}, "shop-a-restic restic: data>d wal>w k=v"},
		"Old":          {"what the plan has not is not desired", []func(*state){old, planned, opened}, "shop-a-restic restic: data>d wal>w"},
		"OldNotReady":  {"while the plan is not known to be good, what exists stays", []func(*state){old, planned}, "shop-a-old old: x>"},
		"OldBusy":      {"a switch uses it", []func(*state){old, planned, opened, busy}, "shop-a-old old: x>"},
		"OldCommitted": {"a switch has used it", []func(*state){old, planned, opened, committed}, "shop-a-old old: x>"},
		"PairSuspended": {"it goes to the DataSync", []func(*state){planned, opened, suspended},
			"shop-a-restic restic: data>d wal>w (suspended)"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, d := range given(c.given...).dataSyncs() {
				text := d.Name + " " + d.Spec.Mobilizer + ":"
				for _, v := range d.Spec.Volumes {
					text += " " + v.Name + ">" + v.Target
				}
				for k, v := range d.Spec.Parameters {
					text += " " + k + "=" + v
				}
				if d.Spec.Suspend {
					text += " (suspended)"
				}
				if d.Spec.Request != "" || d.Spec.PairRef.Name != "shop-a" || d.Labels[api.PairLabel] != "uid" || d.Namespace != "home" {
					t.Errorf("%s: %+v %+v", c.reason, d.ObjectMeta, d.Spec)
				}
				got = append(got, text)
			}
			if d := cmp.Diff(c.want, strings.Join(got, ", ")); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

// A plan runs as the switch, and opening as what carries data.
func TestJob(t *testing.T) {
	s := given(func(s *state) {
		m := s.config.Mobilizers["restic"]
		m.Spec.Credentials = []string{"key"}
		s.config.Mobilizers["restic"] = m
		s.pair.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "restic", CredentialsSecretRef: &api.LocalReference{Name: "s3"}}}
	}, planned)
	for _, c := range []struct {
		step                   *step
		account, name, attempt string
	}{
		{&s.plan, "shop-a-switch", "plan", "2"},
		{&s.open, "shop-a-data", "open", "1"},
	} {
		o, err := s.job(c.step, s.account(c.step.want.Step))
		if err != nil {
			t.Fatal(err)
		}
		j := o.(*batchv1.Job)
		if got := j.Spec.Template.Spec.ServiceAccountName; got != c.account {
			t.Errorf("%s runs as %s, want %s", c.name, got, c.account)
		}
		if got := j.Labels[api.AttemptLabel]; got != c.attempt {
			t.Errorf("%s is attempt %s, want %s", c.name, got, c.attempt)
		}
		if pod := j.Spec.Template.Spec; pod.Containers[0].Image != "task:1" || !strings.Contains(fmt.Sprint(pod.Volumes), "s3") {
			t.Errorf("%s: %+v", c.name, pod)
		}
		if j.Labels[api.StepLabel] != c.name || j.Labels[api.IntentLabel] != c.step.want.Intent || !strings.HasPrefix(j.Name,
			jobs.PrefixPair+"-shop-a-") {
			t.Errorf("%s: %s %v", c.name, j.Name, j.Labels)
		}
	}
}

// Of plans with blockers as many are kept as of failures, besides the newest good one.
func TestKeptJobs(t *testing.T) {
	withPlan := attempt(task.VerbOpen, jobs.Succeeded, with(blockedPlan)) // It is no plan, whatever it says.
	s := given(slices.Concat([]func(*state){planned}, slices.Repeat([]func(*state){blockedBy}, 4), []func(*state){withPlan})...)
	var got []string
	for _, a := range s.keptJobs() {
		text := string(a.Step)
		if blocked(a) {
			text += " blocked"
		}
		got = append(got, text)
	}
	if d := cmp.Diff("plan, plan blocked, plan blocked, plan blocked, open blocked", strings.Join(got, ", ")); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
