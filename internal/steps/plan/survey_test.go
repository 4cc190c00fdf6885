package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/task"
)

func surveyedVolume() application.Volume {
	return application.Volume{Name: "data", Target: "copy", CapacityBytes: 1 << 30,
		Identity: application.Identity{UID: new(int64(1000)), GID: new(int64(1000))}}
}

func claimOf16MiB() application.Object {
	o := application.Object{Ref: application.Ref{Kind: "PersistentVolumeClaim", Name: "copy"}}
	o.Object.Object = map[string]any{"spec": map[string]any{"resources": map[string]any{"requests": map[string]any{"storage": "16Mi"}}}}
	return o
}

type surveyCase struct {
	reason             string
	report             survey.Report
	blockers, warnings []string
}

func (c surveyCase) blockerReason() string {
	switch {
	case c.report.Allocated > 0:
		return api.ReasonClaimTooSmall
	case c.report.TooLong.Count+c.report.Devices > 0:
		return api.ReasonNotCopyable
	}
	return api.ReasonNeedsPrivilegedMover
}

func TestJudgeSurvey(t *testing.T) {
	paths := survey.Paths{Count: 12, First: []string{`"a"`, `"b\n"`}}
	long := survey.Paths{Count: 12}
	for range 10 {
		long.First = append(long.First, `"`+strings.Repeat("d", 120)+`..."`)
	}
	cases := map[string]surveyCase{
		"Whole": {"nothing stands in the way", survey.Report{Files: 3}, nil, nil},
		"Unreadable": {"paths, how many, and the command",
			survey.Report{Unreadable: paths}, []string{`user 1000 at the source`, `12 of its files: "a", "b\n" and 10 more`,
				"kubectl annotate namespace here kubemove.io/privileged-movers=true"}, nil},
		"Foreign": {"the target's administrator decides", survey.Report{Foreign: paths},
			[]string{`user 1000 at the target`, `12 files their owner`, "kubectl annotate namespace there kubemove.io/privileged-movers=true"}, nil},
		"Full": {"numbers, and what to do", survey.Report{Bytes: 20 << 20, Allocated: 20 << 20},
			[]string{"claim data holds 20 MiB", "copy at the target would be made with 16 MiB", "spec.resources.requests.storage"}, nil},
		"Sparse": {"holes take no room", survey.Report{Bytes: 1 << 40, Allocated: 1 << 20}, nil, nil},
		"Holes": {"they are filled until the copy is whole", survey.Report{Bytes: 1 << 30, Allocated: 5 << 20, Filled: 1049 << 20},
			[]string{"claim data holds 5 MiB", "up to 1054 MiB", "made with 16 MiB", "set target.size in data.claims"}, nil},
		"SmallHoles": {"there is room for them", survey.Report{Bytes: 12 << 20, Allocated: 4 << 20, Filled: 8 << 20}, nil, nil},
		"TooLong": {"cause and fix come before the names, which are long", survey.Report{TooLong: long},
			[]string{"12 paths that are longer than the 4095 bytes",
				"/kubemove/volumes/data", "move these folders up in the volume, or shorten their names: \"" + strings.Repeat("d", 120)}, nil},
		"Devices": {"more than can be left out", survey.Report{Special: survey.Paths{Count: 20_000, First: paths.First}, Devices: 10_001},
			[]string{"10001 device nodes", "at most 10000", "policy: CreateEmpty"}, nil},
		"Whiteouts": {"they are left out, and it is said once",
			survey.Report{Special: paths, Devices: 12}, nil, []string{"whiteouts of an overlay file system"}},
		"Demanding": {"not every file system keeps them", survey.Report{Demanding: paths}, nil, []string{"use a StorageClass with XFS"}},
		"Special": {"what means nothing elsewhere is no reason to stop",
			survey.Report{Special: paths}, nil, []string{"12 sockets or device nodes"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := &application.Plan{SourceNamespace: "here", TargetNamespace: "there", Objects: []application.Object{claimOf16MiB()}}
			judgeSurvey(p, surveyedVolume(), &tc.report)
			if len(tc.blockers) > 0 && len(p.Blockers) != 1 || len(tc.blockers) == 0 && len(p.Blockers) > 0 {
				t.Fatalf("%s: blockers %v", tc.reason, p.Blockers)
			}
			for _, want := range tc.blockers {
				b := p.Blockers[0]
				if len(b.Message) > 1024 {
					t.Errorf("%s: the message has %d bytes, a status takes 1024", tc.reason, len(b.Message))
				}
				if tc.blockerReason() != b.Reason || !strings.Contains(b.Message, want) {
					t.Errorf("%s: blocker %+v lacks %q", tc.reason, b, want)
				}
			}
			for i, want := range tc.warnings {
				if len(p.Warnings) != len(tc.warnings) || !strings.Contains(p.Warnings[i], want) {
					t.Errorf("%s: warnings %q lack %q", tc.reason, p.Warnings, want)
				}
			}
		})
	}
}

// TestSurveyKey: what was found for other workers, or another claim, says nothing.
func TestSurveyKey(t *testing.T) {
	v := surveyedVolume()
	same := v
	same.Usage = &application.Usage{Bytes: 1}
	if diff := cmp.Diff(keyOf(v), keyOf(same)); diff != "" {
		t.Errorf("how full the claim is changes the key:\n%s", diff)
	}
	for name, change := range map[string]func(*application.Volume){
		"user":              func(v *application.Volume) { v.Identity.UID = new(int64(1)) },
		"group":             func(v *application.Volume) { v.Identity.GID = nil },
		"groups":            func(v *application.Volume) { v.Identity.Groups = []int64{7} },
		"privileged source": func(v *application.Volume) { v.PrivilegedSource = true },
		"privileged target": func(v *application.Volume) { v.PrivilegedTarget = true },
		"claim":             func(v *application.Volume) { v.CapacityBytes++ },
	} {
		other := v
		change(&other)
		if keyOf(v) == keyOf(other) {
			t.Errorf("another %s has the same key", name)
		}
	}
}

// TestSurveyClean: a survey with findings is made again, as a person may have fixed them.
func TestSurveyClean(t *testing.T) {
	for name, tc := range map[string]struct {
		report *survey.Report
		want   bool
	}{
		"Clean":      {&survey.Report{Files: 1, Special: survey.Paths{Count: 1}}, true},
		"Unreadable": {&survey.Report{Unreadable: survey.Paths{Count: 1}}, false},
		"Foreign":    {&survey.Report{Foreign: survey.Paths{Count: 1}}, false},
		"TooLong":    {&survey.Report{TooLong: survey.Paths{Count: 1}}, false},
		"Devices":    {&survey.Report{Devices: 10_001}, false},
		"None":       {nil, false},
	} {
		if got := clean(planfile.Surveyed{Report: tc.report}); got != tc.want {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
}

func TestKindOfWorker(t *testing.T) {
	base := application.Volume{Name: "data", Mobilizer: "restic"}
	cases := map[string]struct {
		reason string
		change func(*application.Volume)
		// same at the target, and there at the source.
		same, there bool
	}{
		"Name":  {"its name is nothing that a cluster judges", func(v *application.Volume) { v.Name = "wal" }, true, true},
		"Group": {"nor is whom it runs with", func(v *application.Volume) { v.Placement.Group = "data" }, true, true},
		"Nodes": {"a policy may forbid some nodes",
			func(v *application.Volume) { v.Placement.NodeSelector = map[string]string{"pool": "db"} }, false, true},
		"User": {"Pod security may forbid some users", func(v *application.Volume) { v.Identity.UID = new(int64(7)) }, false, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			other := base
			tc.change(&other)
			for role, want := range map[task.Role]bool{task.RoleTarget: tc.same, task.RoleSource: tc.there} {
				a, err := kindOfWorker(base, role)
				if err != nil {
					t.Fatal(err)
				}
				b, err := kindOfWorker(other, role)
				if err != nil {
					t.Fatal(err)
				}
				if got := a == b; got != want {
					t.Errorf("%s: at the %s %q and %q", tc.reason, role, a, b)
				}
			}
		})
	}
}
