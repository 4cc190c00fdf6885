package movepair

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/jobs"
	"github.com/kubemove/kubemove/task"
)

// kinds and names of children that are neither accounts nor their bindings.
func listed(children []runtime.Object) string {
	var list []string
	for _, o := range children {
		kind := o.GetObjectKind().GroupVersionKind().Kind
		if kind == "ServiceAccount" || kind == "RoleBinding" {
			continue
		}
		name := o.(metav1.Object).GetName()
		if step, ok := o.(metav1.Object).GetLabels()[api.StepLabel]; ok {
			name = "new " + step
		}
		list = append(list, kind+" "+name)
	}
	return strings.Join(list, ", ")
}

func TestFinalize(t *testing.T) {
	holding := func(s *state) { s.switches.Holding = &api.MoveSwitch{ObjectMeta: metav1.ObjectMeta{Name: "m"}} }
	deleted := func(ago time.Duration) func(s *state) {
		return func(s *state) { s.pair.DeletionTimestamp = &metav1.Time{Time: now.Add(-ago)} }
	}
	synced := func(s *state) { s.syncs = []*api.DataSync{{ObjectMeta: metav1.ObjectMeta{Name: "d"}}} }
	cleanup := func(state jobs.State) func(s *state) {
		return attempt(task.VerbCleanup, state, func(a *jobs.Attempt) {
			a.Intent, a.Finished = jobs.Intent("uid", "cleanup"), now.Add(-time.Second)
			a.Result.Message = "because"
		})
	}
	deletes := func(s *state) { s.pair.Spec.DeletionPolicy = api.DeletionDelete }
	cleanedUp := func(intent ...any) func(s *state) {
		return attempt(task.VerbCleanup, jobs.Succeeded, func(a *jobs.Attempt) {
			a.Intent, a.Result.Message = jobs.Intent("uid", intent...), "because"
		})
	}
	const goesOn = "cleans up source and target; given up at 08:10:00 UTC"
	for name, c := range map[string]struct {
		reason         string
		given          []func(s *state)
		children, says string
		gone           bool
	}{
		"Switch": {"a switch needs all that is there", []func(*state){deleted(time.Hour), planned, opened, synced, holding},
			"Job plan-job, Job open-job, DataSync d", "waits for MoveSwitch m, which needs the pair", false},
		"NothingDone": {"nothing was left in the clusters", []func(*state){deleted(0), planned}, "Job plan-job", "cleaned up", true},
		"DataSync":    {"it ends first", []func(*state){deleted(0), planned, opened, synced}, "", "waits for DataSync d to end", false},
		"Running": {"a Job ends first", []func(*state){deleted(0), planned, attempt(task.VerbOpen, jobs.Running)}, "",
			"waits for Job open-job to end", false},
		"CleanUp":    {"then it is cleaned up", []func(*state){deleted(0), planned, opened}, "Job new cleanup", goesOn, false},
		"CleaningUp": {"by one Job", []func(*state){deleted(0), opened, cleanup(jobs.Running)}, "Job cleanup-job", goesOn, false},
		"CleanUpFailed": {"it waits before the next try", []func(*state){deleted(0), opened, cleanup(jobs.Failed)}, "Job cleanup-job", goesOn,
			false},
		"CleanedUp": {"that was the last", []func(*state){deleted(0), opened, cleanup(jobs.Succeeded)}, "Job open-job, Job cleanup-job",
			"cleaned up", true},
		"Deleted": {"what became of the copies is told", []func(*state){deleted(0), opened, deletes, cleanedUp("cleanup", "Delete")},
			"Job open-job, Job cleanup-job", "cleaned up: because", true},
		"DeletesToo": {"the policy was changed after a clean-up without it", []func(*state){deleted(0), opened, deletes, cleanedUp("cleanup")},
			"Job cleanup-job, Job new cleanup", goesOn, false},
		"BackDeletes": {"a way back has no copies", []func(*state){deleted(0), opened, deletes, cleanedUp("cleanup"),
			func(s *state) { s.pair.Spec.Reverses = &api.Reversal{} }}, "Job open-job, Job cleanup-job", "cleaned up", true},
		"GivenUpCopies": {"the copies may be there", []func(*state){deleted(time.Hour), opened, deletes}, "",
			"the clean-up was given up: worker Pods, Secrets and repository claims with the label kubemove.io/pair=uid " +
				"may be left in source and target, and copies, which are claims with the annotation kubemove.io/created-by=uid, at the target", true},
		"GivenUp": {"it has taken too long", []func(*state){deleted(time.Hour), opened}, "",
			"the clean-up was given up: worker Pods, Secrets and repository claims with the label kubemove.io/pair=uid " +
				"may be left in source and target", true},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := given(c.given...).finalize()
			if err != nil {
				t.Fatal(err)
			}
			got := []any{listed(d.Children), said(d.Status.(api.MovePairStatus).Conditions, api.ConditionReady), d.Finalized}
			if d := cmp.Diff([]any{c.children, "False Deleting: " + c.says, c.gone}, got); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
			if len(d.Children) < 4 {
				t.Errorf("%s: the accounts go before the rest: %v", c.reason, d.Children)
			}
		})
	}
}

// The channel may have left something when there is any sign of it.
func TestOpened(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		given  func(s *state)
		want   bool
	}{
		"Never":    {"there is no sign", planned, false},
		"Tried":    {"half of it may have been done", attempt(task.VerbOpen, jobs.Failed), true},
		"DataSync": {"the channel was open before", func(s *state) { s.syncs = []*api.DataSync{{}} }, true},
		"Told":     {"there was one", func(s *state) { s.pair.Status.DataSyncs = []string{"d"} }, true},
		"Active":   {"the status says so", func(s *state) { s.pair.Status.Channel = api.ChannelActive }, true},
		"Complete": {"the status says so", func(s *state) { s.pair.Status.Channel = api.ChannelComplete }, true},
		"Ready":    {"the status says so", was(api.ConditionReady), true},
		"Lost": {"it was open when an endpoint was lost", func(s *state) {
			was(api.ConditionPlanned)(s)
			s.pair.Status.Channel = api.ChannelUnknown
		}, true},
		"NeverReached": {"it was never planned", func(s *state) { s.pair.Status.Channel = api.ChannelUnknown }, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := given(c.given).opened(); got != c.want {
				t.Errorf("%s: got %t", c.reason, got)
			}
		})
	}
}

// A pair that is being deleted is looked at again when its clean-up is given up, and its status keeps what it knew.
func TestLeaving(t *testing.T) {
	// The Jobs that have said it are gone.
	s := given(func(s *state) {
		s.pair.Status.Conditions = []metav1.Condition{{Type: api.ConditionConnected, Status: "True", Reason: "x"},
			{Type: api.ConditionPlanned, Status: "True", Reason: "x"}}
		s.pair.DeletionTimestamp = &metav1.Time{Time: now.Add(-9 * time.Minute)}
		s.pair.Status.Channel, s.pair.Status.DataSyncs = api.ChannelActive, []string{"d"}
	})
	d, err := s.finalize()
	if err != nil {
		t.Fatal(err)
	}
	if d.ResyncAfter != time.Minute {
		t.Errorf("it is looked at again after %s", d.ResyncAfter)
	}
	st := d.Status.(api.MovePairStatus)
	if st.Channel != api.ChannelActive || len(st.DataSyncs) != 1 || st.ObservedGeneration != 2 {
		t.Errorf("got %+v", st)
	}
	for kind, want := range map[string]string{api.ConditionAccepted: "True ", api.ConditionConnected: "True ", api.ConditionPlanned: "True ",
		api.ConditionStalled: "False "} {
		if got := said(st.Conditions, kind); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

// The clean-up is asked for the copies only by the policy, and never by that of a way back.
func TestCleanupTask(t *testing.T) {
	deletes := func(s *state) { s.pair.Spec.DeletionPolicy = api.DeletionDelete }
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		want   bool
	}{
		"Default": {"copies stay", nil, false},
		"Retain":  {"copies stay", []func(*state){func(s *state) { s.pair.Spec.DeletionPolicy = api.DeletionRetain }}, false},
		"Delete":  {"the user has asked for it", []func(*state){deletes}, true},
		"Back": {"its target is where the application came from",
			[]func(*state){deletes, func(s *state) { s.pair.Spec.Reverses = &api.Reversal{} }}, false},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := given(append(c.given, opened)...).finalize()
			if err != nil {
				t.Fatal(err)
			}
			var got []task.Task
			for _, o := range d.Children {
				if j, ok := o.(*batchv1.Job); ok {
					x, err := task.Decode([]byte(j.Spec.Template.Annotations[task.TaskAnnotation]))
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, *x)
				}
			}
			if len(got) != 1 || got[0].Verb != task.VerbCleanup || got[0].Move.DeleteCopies != c.want {
				t.Errorf("%s: got %+v", c.reason, got)
			}
		})
	}
}

// A switch that is committed while the pair is being deleted is remembered when it is gone: the clean-up reads it.
func TestLeavingRemembersCommit(t *testing.T) {
	d, err := given(opened, committed, func(s *state) { s.pair.Status.Channel = api.ChannelActive }).finalize()
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Status.(api.MovePairStatus).Channel; got != api.ChannelComplete {
		t.Errorf("the channel is %s", got)
	}
}
