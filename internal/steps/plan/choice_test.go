package plan

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/internal/transfer"
)

// twoUsers is a volume that root prepares and a user without rights writes.
func twoUsers() application.Volume {
	user := application.Candidate{Identity: application.Identity{UID: num(1001), GID: num(1001)}}
	root := application.Candidate{Identity: application.Identity{UID: num(0), Capabilities: application.CopyCapabilities()}}
	v := application.Volume{Name: "data", Target: "data", Policy: api.ClaimCopy, CapacityBytes: 1,
		Candidates: []application.Candidate{root, user}}
	v.Identity = v.Choices()[0]
	return v
}

func TestSurveyChoices(t *testing.T) {
	found := func(unreadable, foreignUser, foreignRoot int64) *survey.Report {
		return &survey.Report{Unreadable: survey.Paths{Count: unreadable}, Others: []survey.Paths{{Count: foreignUser}, {Count: foreignRoot}}}
	}
	rejected := &transfer.Error{Reason: api.ReasonRejected}
	cases := map[string]struct {
		reason string
		change func(*application.Volume)
		// reports by the user that looked.
		reports        map[int64]*survey.Report
		failures       map[int64]*transfer.Error
		asked          []int64
		source, target int64
		foreign        int64
		failed         bool
	}{
		"Least": {reason: "the user with the fewest rights, if that reads and owns everything",
			reports: map[int64]*survey.Report{1001: found(0, 0, 0)}, asked: []int64{1001}, source: 1001, target: 1001},
		"Unreadable": {reason: "root reads what the user cannot",
			reports: map[int64]*survey.Report{1001: found(3, 0, 0), 0: found(0, 2, 0)}, asked: []int64{1001, 0}, source: 0, target: 0},
		"Foreign": {reason: "the sides are chosen by themselves: the user reads all, and only root can set the owners",
			reports: map[int64]*survey.Report{1001: found(0, 2, 0)}, asked: []int64{1001}, source: 1001, target: 0},
		"Squashed": {reason: "an NFS server that lets root see less than the user",
			reports: map[int64]*survey.Report{1001: found(1, 0, 0), 0: found(5, 0, 0)}, asked: []int64{1001, 0}, source: 1001, target: 1001},
		"Hopeless": {reason: "the report is about the one with the fewest findings",
			reports: map[int64]*survey.Report{1001: found(4, 9, 7), 0: found(2, 9, 7)}, asked: []int64{1001, 0}, source: 0, target: 0, foreign: 7},
		"Refused": {reason: "a namespace that does not let one user in may let in another",
			failures: map[int64]*transfer.Error{1001: rejected}, reports: map[int64]*survey.Report{0: found(0, 0, 0)},
			asked: []int64{1001, 0}, source: 0, target: 1001},
		"AllRefused": {reason: "the first answer counts",
			failures: map[int64]*transfer.Error{1001: rejected, 0: {Reason: "other"}}, asked: []int64{1001, 0}, source: 1001,
			target: -1, failed: true},
		"Kept": {reason: "the user that the target was tried with stays, while it can own all files",
			change:  func(v *application.Volume) { v.TargetIdentity = &v.Candidates[0].Identity },
			reports: map[int64]*survey.Report{1001: found(0, 0, 0)}, asked: []int64{1001}, source: 1001, target: 0},
		"Privileged": {reason: "an administrator has let it read everything",
			change:  func(v *application.Volume) { v.PrivilegedSource = true },
			reports: map[int64]*survey.Report{1001: found(1, 0, 0)}, asked: []int64{1001}, source: 1001, target: 1001},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v := twoUsers()
			if tc.change != nil {
				tc.change(&v)
			}
			var asked []int64
			look := func(volumes []application.Volume) (map[string]*survey.Report, map[string]*transfer.Error) {
				uid := *volumes[0].Identity.UID
				asked = append(asked, uid)
				r, f := map[string]*survey.Report{}, map[string]*transfer.Error{}
				if tc.reports[uid] != nil {
					r["data"] = tc.reports[uid]
				}
				if tc.failures[uid] != nil {
					f["data"] = tc.failures[uid]
				}
				return r, f
			}
			chosen, reports, failures := surveyChoices([]application.Volume{v}, look)
			if diff := cmp.Diff(tc.asked, asked); diff != "" {
				t.Errorf("%s: looked as (-want +got):\n%s", tc.reason, diff)
			}
			target := int64(-1)
			if id := chosen[0].TargetIdentity; id != nil {
				target = *id.UID
			}
			if got := *chosen[0].Identity.UID; got != tc.source || target != tc.target {
				t.Errorf("%s: the source runs as %d and the target as %d, want %d and %d", tc.reason, got, target, tc.source, tc.target)
			}
			if r := reports["data"]; r != nil && r.Foreign.Count != tc.foreign {
				t.Errorf("%s: the report names %d files as foreign, want %d", tc.reason, r.Foreign.Count, tc.foreign)
			}
			if got := failures["data"] != nil; got != tc.failed || got && failures["data"].Reason != api.ReasonRejected {
				t.Errorf("%s: failures %v", tc.reason, failures)
			}
		})
	}
}

// TestRecall: a switch plans without a survey, and its workers run as those of the plan that was read.
func TestRecall(t *testing.T) {
	known := twoUsers()
	known.Identity, known.TargetIdentity = known.Candidates[1].Identity, &known.Candidates[0].Identity
	known.Usage = &application.Usage{Files: 7}
	known.Users = slices.Clone(known.Candidates)
	known.Users[0].GID = num(0)
	known.TargetIdentity = &known.Users[0].Identity
	stored := planfile.Plan{Plan: &application.Plan{Volumes: []application.Volume{known}},
		Surveys: map[string]planfile.Surveyed{"data": {Report: &survey.Report{}}}}
	cases := map[string]struct {
		reason  string
		stored  planfile.Plan
		change  func(*application.Volume)
		target  int64
		usage   *application.Usage
		unknown []string
	}{
		"Same": {"the choice is taken over", stored, func(*application.Volume) {}, 0, known.Usage, nil},
		"Other": {"another workload has other users",
			stored, func(v *application.Volume) { v.Candidates[0].Capabilities = nil }, 1001, known.Usage, []string{"data"}},
		"None": {"the stored plan is gone", planfile.Plan{}, func(*application.Volume) {}, 1001, nil, []string{"data"}},
		"Asked": {"an image that runs as another user now", stored, func(v *application.Volume) {
			v.Users = slices.Clone(v.Candidates)
			v.Users[0].Identity = application.Identity{UID: num(5), GID: num(5)}
		}, 5, known.Usage, []string{"data"}},
		"NotAsked": {"no Pod runs that could say the group",
			stored, func(v *application.Volume) { v.Users = slices.Clone(v.Candidates) }, 0, known.Usage, nil},
		"OneUser": {"there is nothing to choose", planfile.Plan{}, func(v *application.Volume) { v.Candidates = nil }, 1001, nil, nil},
		"Skipped": {"nothing is copied", planfile.Plan{}, func(v *application.Volume) { v.Policy = api.ClaimSkip }, 1001, nil, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v := twoUsers()
			tc.change(&v)
			p := &application.Plan{Volumes: []application.Volume{v}}
			unknown := recall(p, tc.stored)
			if diff := cmp.Diff(tc.unknown, unknown); diff != "" {
				t.Errorf("%s: not known are (-want +got):\n%s", tc.reason, diff)
			}
			if got := *p.Volumes[0].Worker(true).UID; got != tc.target {
				t.Errorf("%s: the target runs as %d, want %d", tc.reason, got, tc.target)
			}
			if diff := cmp.Diff(tc.usage, p.Volumes[0].Usage); diff != "" {
				t.Errorf("%s: usage (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
