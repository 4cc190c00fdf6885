package open

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/steps/plan"
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// probeTarget finds out for each volume whether its worker can write to a new volume of the target. Of
// several users that it can have, the first who can is taken, and kept in the stored plan. It fails
// with the first volume that none of them can write to.
func probeTarget(ctx context.Context, c *steps.Clusters, t *task.Task, stored *planfile.Plan, r *report.Reporter) error {
	if err := transfer.ForgetProbes(ctx, c.Target, t.Move.Pair.UID); err != nil {
		return err
	}
	classes, err := plan.ReadClasses(ctx, c.Target)
	if err != nil {
		return err
	}
	privileged, err := plan.Privileged(ctx, c.Target)
	if err != nil {
		return err
	}
	probes := newProbes(stored, classes, privileged)
	r.Step("Probe", fmt.Sprintf("trying whether the workers of %d volumes can write to new volumes of the target", len(probes)))
	changed := choose(probes, func(tryouts []transfer.Tryout) []transfer.Tried {
		return transfer.TryTargets(ctx, transfer.NewSpec(t, c.Source, c.Target), tryouts)
	})
	for _, p := range probes {
		if p.untried != "" {
			r.Warn(fmt.Sprintf("it was not tried whether the worker of claim %s can write to a new volume: %s", p.name, p.untried))
		}
		if p.failed != nil {
			return p.failed
		}
	}
	if !changed {
		return nil
	}
	for _, p := range probes {
		i := slices.IndexFunc(stored.Volumes, func(v application.Volume) bool { return v.Name == p.name })
		if p.chosen != nil {
			stored.Volumes[i].TargetIdentity = p.chosen
		}
	}
	return plan.Rewrite(ctx, c.Home, t, *stored)
}

// probe is what is known of the worker of a volume at the target.
type probe struct {
	name   string
	tryout transfer.Tryout
	// choices are the users that it can have, the one of the plan first, and chosen is the one
	// that it gets in its place; nil: that of the plan.
	choices []application.Identity
	chosen  *application.Identity
	// sure: nothing has to be tried, or was tried with success. untried says why it could not be, and
	// failed is why the first of the users cannot write.
	sure    bool
	untried string
	failed  *transfer.Error
}

func newProbes(stored *planfile.Plan, classes plan.Classes, privileged bool) []*probe {
	var out []*probe
	for _, v := range stored.Volumes {
		if v.Policy != api.ClaimCopy {
			continue
		}
		v.PrivilegedTarget = v.PrivilegedTarget || privileged
		claim := stored.Claim(v.Target)
		p := &probe{name: v.Name, choices: stored.TargetChoices(v)}
		p.tryout = transfer.Tryout{Volume: v, Class: stored.ClaimClass(v.Target), Size: stored.ClaimSize(v.Target), Modes: modesOf(claim),
			Owners: ownersOf(stored, v.Name)}
		if v.PrivilegedTarget {
			p.choices = p.choices[:1]
		}
		if why := classes.Unprobed(claim); why != "" {
			p.sure = true // The plan has warned of it.
			p.guess()
		}
		out = append(out, p)
	}
	return out
}

// choose tries the users of all volumes, in rounds, and says whether another user than that of the plan
// was taken for one of them.
func choose(probes []*probe, try func([]transfer.Tryout) []transfer.Tried) (changed bool) {
	for round := 0; ; round++ {
		var due []*probe
		var tryouts []transfer.Tryout
		for _, p := range probes {
			if p.sure || p.untried != "" || round >= len(p.choices) {
				continue
			}
			p.tryout.Volume.TargetIdentity = &p.choices[round]
			due, tryouts = append(due, p), append(tryouts, p.tryout)
		}
		if len(due) == 0 {
			break
		}
		for i, tried := range try(tryouts) {
			due[i].note(round, tried)
		}
	}
	return slices.ContainsFunc(probes, func(p *probe) bool { return p.chosen != nil })
}

// note the answer about one of the users.
func (p *probe) note(round int, tried transfer.Tried) {
	switch {
	case tried.Untried != "":
		p.untried = tried.Untried
		p.guess()
	case tried.Err == nil:
		p.sure, p.failed = true, nil
		if round > 0 {
			p.chosen = &p.choices[round]
		}
	default:
		if p.failed == nil {
			p.failed = tried.Err
		}
		if r := tried.Err.Reason; r != api.ReasonNeedsPrivilegedMover && r != api.ReasonRejected {
			p.choices = p.choices[:round+1] // Another user would fare no better.
		}
	}
}

// guess takes the first user that can write to a new volume of most drivers, which belongs to root, or
// to the fsGroup.
func (p *probe) guess() {
	p.failed = nil
	for i, id := range p.choices {
		if id.FSGroup != nil || id.UID == nil || *id.UID == 0 {
			if i > 0 {
				p.chosen = &p.choices[i]
			}
			return
		}
	}
}

func modesOf(claim *unstructured.Unstructured) []corev1.PersistentVolumeAccessMode {
	if claim == nil {
		return nil
	}
	names, _, _ := unstructured.NestedStringSlice(claim.Object, "spec", "accessModes")
	var out []corev1.PersistentVolumeAccessMode
	for _, n := range names {
		out = append(out, corev1.PersistentVolumeAccessMode(n))
	}
	return out
}

// ownersOf the files of a volume, as its survey has found them.
func ownersOf(stored *planfile.Plan, volume string) []survey.Owner {
	if k := stored.Surveys[volume]; k.Report != nil {
		return k.Report.Owners
	}
	return nil
}
