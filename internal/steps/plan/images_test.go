package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/transfer"
)

func withImages(t *testing.T) *application.Plan {
	return &application.Plan{Objects: []application.Object{object(t, deployText), object(t, cronText), object(t, secretText)}}
}

func TestDueImages(t *testing.T) {
	now := time.Now()
	web, night := withImages(t).Pulls()[0].Key(), withImages(t).Pulls()[1].Key()
	cases := map[string]struct {
		reason  string
		known   map[string]time.Time
		blocker string
		asked   []string
		pulled  map[string]time.Time
	}{
		"New": {"nothing was pulled yet", nil, "", []string{web, night}, map[string]time.Time{}},
		"Fresh": {"what was pulled a moment ago is there",
			map[string]time.Time{web: now.Add(-time.Minute)}, "", []string{night}, map[string]time.Time{web: now.Add(-time.Minute)}},
		"Stale": {"nodes come and go, and so do images",
			map[string]time.Time{web: now.Add(-freshFor), "another": now}, "", []string{web, night}, map[string]time.Time{}},
		"Blocked":   {"other blockers say nothing about images", nil, api.ReasonNameConflict, []string{web, night}, map[string]time.Time{}},
		"Nowhere":   {"without a namespace there is nothing to ask", nil, api.ReasonNamespaceNotFound, nil, map[string]time.Time{}},
		"MovedThen": {"the application is there already", nil, api.ReasonTargetIsActive, nil, map[string]time.Time{}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := withImages(t)
			if tc.blocker != "" {
				p.Blockers = []api.Blocker{{Reason: tc.blocker}}
			}
			got := dueImages(p, tc.known, now)
			var asked []string
			for _, set := range got.asked {
				asked = append(asked, set.Key())
			}
			if diff := cmp.Diff(tc.asked, asked); diff != "" {
				t.Errorf("%s: asked (-want +got):\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.pulled, got.pulled); diff != "" {
				t.Errorf("%s: pulled (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestJudgeImages(t *testing.T) {
	set := application.Pull{Workloads: []application.Ref{{Group: "apps", Kind: "Deployment", Name: "web"},
		{Group: "batch", Kind: "CronJob", Name: "night"}}}
	cases := map[string]struct {
		reason   string
		answer   transfer.Pulled
		blockers []string
		// says is in each message.
		says []string
		good bool
	}{
		"Fine": {"all images are there", transfer.Pulled{}, nil, nil, true},
		"Refused": {"each workload is told, with the kubelet's words and what to do",
			transfer.Pulled{Refused: []transfer.Refusal{{Image: "a:1", Message: "ErrImagePull: not found"}}},
			[]string{"ImageNotPullable Deployment.apps/web", "ImageNotPullable CronJob.batch/night"},
			[]string{"a:1", "ErrImagePull: not found. ", "pull secret"}, false},
		"Pulling": {"what takes long does not stand in the way", transfer.Pulled{Pulling: []string{"a:1", "b:1"}}, nil,
			[]string{"still pulling", "2m0s", "a:1, b:1", "Deployment.apps/web, CronJob.batch/night"}, false},
		"Unknown": {"nor what cannot be checked",
			transfer.Pulled{Unknown: "0/1 nodes are available"}, nil, []string{"it was not checked", "0/1 nodes are available"}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := &application.Plan{}
			hash := p.Hash()
			asked := images{asked: []application.Pull{set}, pulled: map[string]time.Time{}}
			if _, good := asked.judge(p, []transfer.Pulled{tc.answer})[set.Key()]; good != tc.good {
				t.Errorf("%s: good for a while: %v", tc.reason, good)
			}
			var got, messages []string
			for _, b := range p.Blockers {
				got, messages = append(got, b.Reason+" "+b.Object), append(messages, b.Message)
			}
			if diff := cmp.Diff(tc.blockers, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			messages = append(messages, p.Warnings...)
			for _, part := range tc.says {
				for _, m := range messages {
					if !strings.Contains(m, part) {
						t.Errorf("%s: %q lacks %q", tc.reason, m, part)
					}
				}
			}
			if len(tc.says) > 0 && len(messages) == 0 || p.Hash() != hash {
				t.Errorf("%s: messages %q, and the hash must stay", tc.reason, messages)
			}
		})
	}
}

func TestWorkloadsNamesAFew(t *testing.T) {
	var sets []application.Pull
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		sets = append(sets, application.Pull{Workloads: []application.Ref{{Kind: "K", Name: name}}})
	}
	if diff := cmp.Diff([]string{"K/a, K/b", "K/a, K/b, K/c and 2 more"}, []string{workloads(sets[:2]...), workloads(sets...)}); diff != "" {
		t.Error(diff)
	}
}
