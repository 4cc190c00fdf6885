package datasync

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/internal/observed"
	"github.com/kubemove/kubemove/hooks/jobs"
)

// listed are Jobs by name; one that is to be created by its attempt.
func listed(children []runtime.Object) string {
	var list []string
	for _, o := range children {
		name := o.(metav1.Object).GetName()
		if n, ok := o.(metav1.Object).GetLabels()[api.AttemptLabel]; ok {
			name = "new " + n
		}
		list = append(list, name)
	}
	return strings.Join(list, ", ")
}

func TestSync(t *testing.T) {
	for name, c := range map[string]struct {
		reason   string
		given    []func(s *state)
		children string
		again    time.Duration
	}{
		"Quiet":       {"nothing is asked", nil, "", 0},
		"Request":     {"a run begins, and is waited for", []func(*state){request}, "new 1", time.Minute},
		"Done":        {"it was run, and the Job is kept", []func(*state){request, attempt(jobs.Succeeded), there}, "run-1", 0},
		"Waits":       {"it has failed just now", []func(*state){request, attempt(jobs.Failed, justNow), there}, "run-1", 9 * time.Second},
		"Again":       {"it has waited", []func(*state){request, attempt(jobs.Failed), there}, "run-1, new 2", time.Minute},
		"Suspended":   {"no run begins", []func(*state){request, suspended}, "", 0},
		"Busy":        {"the switch copies, and is looked at", []func(*state){busy}, "", hooks.RelatedRecheck},
		"NoPair":      {"the pair may come into sight", []func(*state){request, noPair}, "", hooks.RelatedRecheck},
		"NoPairQuiet": {"nothing waits for it", []func(*state){noPair}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := given(c.given...).sync()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]any{c.children, c.again}, []any{listed(d.Children), d.ResyncAfter}); d != "" {
				t.Errorf("%s: -want +got\n%s", c.reason, d)
			}
		})
	}
}

// there are all Jobs that were observed.
func there(s *state) {
	var list []hooks.Object
	for _, a := range s.attempts {
		list = append(list, hooks.Object{Kind: hooks.KindJob, Name: a.Job.Name})
	}
	s.view.Children, _ = hooks.NewObjects(nil, list)
}

// A spec that is too large for a Job is a mistake in the spec, and no failure of the hook.
func TestSyncTooLarge(t *testing.T) {
	s := given(request, func(s *state) {
		s.pair.Spec.Target.Kustomization = &api.Kustomization{Patches: []api.KustomizePatch{{Patch: strings.Repeat("x", 1<<20)}}}
	})
	d, err := s.sync()
	if err != nil || listed(d.Children) != "" {
		t.Fatalf("%s is desired: %v", listed(d.Children), err)
	}
	if got := said(d.Status.(api.DataSyncStatus).Conditions, api.ConditionAccepted); !strings.HasPrefix(got, "False ") {
		t.Errorf("Accepted: %s", got)
	}
}

// Runs end before the DataSync goes; after ten minutes it goes without.
func TestFinalize(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		given  []func(s *state)
		gone   bool
		again  time.Duration
	}{
		"NoRun": {"nothing is to end", nil, true, 0},
		"Run":   {"it ends first", []func(*state){request, attempt(jobs.Running)}, false, 4 * time.Minute},
		"TooLong": {"it has taken too long",
			[]func(*state){request, attempt(jobs.Running), func(s *state) { s.dataSync.DeletionTimestamp = ago(time.Hour) }}, true, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := given(append([]func(*state){func(s *state) { s.dataSync.DeletionTimestamp = ago(6 * time.Minute) }}, c.given...)...)
			s.view.Finalizing = true
			d := s.finalize()
			if len(d.Children) > 0 || d.Finalized != c.gone || d.ResyncAfter != c.again {
				t.Errorf("%s: gone %t, again after %s, children %s", c.reason, d.Finalized, d.ResyncAfter, listed(d.Children))
			}
			if d.Status.(api.DataSyncStatus).ObservedGeneration != 2 {
				t.Errorf("%s: status %+v", c.reason, d.Status)
			}
		})
	}
}

func TestObserve(t *testing.T) {
	g := given(request)
	g.dataSync.TypeMeta, g.pair.TypeMeta = hooks.KindDataSync.TypeMeta(), hooks.KindMovePair.TypeMeta()
	m := aSwitch(nil)
	m.TypeMeta, m.Namespace, m.Spec.PairRef.Name, m.Status.CommittedAt = hooks.KindMoveSwitch.TypeMeta(), "home", "shop-a", ago(0)
	good := func() hooks.View {
		return hooks.View{Parent: observed.Object(t, g.dataSync), Related: observed.Objects(t, g.pair, m), Finalizing: true}
	}
	s, err := observe(good(), g.config, now)
	if err != nil {
		t.Fatal(err)
	}
	if s.dataSync.Name != "shop-a-restic" || s.pair == nil || s.switches.Committed == nil ||
		s.answered || s.problem != nil || !s.now.Equal(now) || !s.view.Finalizing {
		t.Errorf("got %+v", s)
	}
	// What cannot be read is an error: left out, it would look absent.
	bad := func(k hooks.Kind, name, field string) hooks.Object {
		return hooks.Object{Kind: k, Namespace: "home", Name: name, Fields: []hooks.Field{{Name: field, Value: []byte("1")}}}
	}
	for _, o := range []hooks.Object{bad(hooks.KindDataSync, "d", "spec"), bad(hooks.KindMovePair, "shop-a", "spec"),
		bad(hooks.KindMoveSwitch, "x", "spec"),
		bad(hooks.KindJob, "j", "metadata")} {
		view := good()
		switch o.Kind {
		case hooks.KindDataSync:
			view.Parent = o
		case hooks.KindJob:
			view.Children, _ = hooks.NewObjects(nil, []hooks.Object{o})
		default:
			view.Related, _ = hooks.NewObjects(nil, []hooks.Object{o})
		}
		if _, err := New(config.Config{}).Sync(view, now); err == nil {
			t.Errorf("a %s that cannot be read is no error", o.Kind.Kind)
		}
	}
}
