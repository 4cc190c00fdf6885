package plan

import (
	"context"
	"fmt"
	"strings"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/transfer"
)

// images are those of the workloads, while the target pulls them.
type images struct {
	// pulled says when a set was pulled that is good for a while.
	pulled map[string]time.Time
	// asked are the sets that the target pulls now, and answers what became of them.
	asked   []application.Pull
	answers chan []transfer.Pulled
}

// pullImages lets the target pull the images that it has not pulled lately, while others look
// elsewhere. It does not change the plan.
func pullImages(ctx context.Context, s transfer.Spec, p *application.Plan, known map[string]time.Time) *images {
	out := dueImages(p, known, time.Now())
	go func() { out.answers <- transfer.Pull(ctx, s, out.asked) }()
	return out
}

// dueImages are the sets of the plan that were not pulled lately. Where the target cannot take
// the application, whatever its images are, there are none.
func dueImages(p *application.Plan, known map[string]time.Time, now time.Time) *images {
	out := &images{pulled: map[string]time.Time{}, answers: make(chan []transfer.Pulled, 1)}
	if p.BlockedBy(api.ReasonNamespaceNotFound, api.ReasonTargetIsActive) {
		return out
	}
	for _, set := range p.Pulls() {
		at, there := known[set.Key()]
		if there && now.Sub(at) < freshFor {
			out.pulled[set.Key()] = at
			continue
		}
		out.asked = append(out.asked, set)
	}
	return out
}

// await waits for the answers.
func (i *images) await(r *report.Reporter) []transfer.Pulled {
	select {
	case answers := <-i.answers:
		return answers
	default:
	}
	if len(i.asked) > 0 {
		r.Step("Images", "waiting for the target to pull the images of "+workloads(i.asked...))
	}
	return <-i.answers
}

// judge adds what stands in the way. It returns which sets are good for a while.
func (i *images) judge(p *application.Plan, answers []transfer.Pulled) map[string]time.Time {
	for n, answer := range answers {
		if answer.Fine() {
			i.pulled[i.asked[n].Key()] = time.Now().UTC()
		}
		judgeImages(p, i.asked[n], answer)
	}
	return i.pulled
}

func judgeImages(p *application.Plan, set application.Pull, answer transfer.Pulled) {
	for _, refused := range answer.Refused {
		for _, w := range set.Workloads {
			p.AddBlocker(api.ReasonImageNotPullable, w,
				"the target cannot get the image %s of %s: %s. Push it to a registry that the target reaches, "+
					"load it into the target's nodes, or give the workload a pull secret (imagePullSecrets) that is good for this registry",
				refused.Image, w, refused.Message)
		}
	}
	if len(answer.Pulling) > 0 {
		p.AddWarning(application.Ref{},
			"the target is still pulling images of %s after %s, and goes on: %s. The application starts there only when they are there",
			workloads(set), transfer.PullLimit, strings.Join(answer.Pulling, ", "))
	}
	if answer.Unknown != "" {
		p.AddWarning(application.Ref{}, "it was not checked whether the target gets the images of %s: %s", workloads(set), answer.Unknown)
	}
}

// workloads names the first ones of the sets.
func workloads(sets ...application.Pull) string {
	const most = 3
	var names []string
	for _, set := range sets {
		for _, w := range set.Workloads {
			names = append(names, w.String())
		}
	}
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
