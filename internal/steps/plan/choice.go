package plan

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// surveyor looks into volumes, as transfer.Survey does.
type surveyor func(volumes []application.Volume) (map[string]*survey.Report, map[string]*transfer.Error)

// surveyChoices surveys the volumes, each as one after the other of the users that its workers can have,
// until one reads everything, and chooses: at the source the first that does, or that misses the fewest
// files, at the target the first who can own all files. The volumes that it returns have the choice, and
// their reports are about it. That a cluster does not let in one user does not keep the others out.
func surveyChoices(
	volumes []application.Volume, look surveyor,
) ([]application.Volume, map[string]*survey.Report, map[string]*transfer.Error) {
	chosen := slices.Clone(volumes)
	reports, failures := map[string]*survey.Report{}, map[string]*transfer.Error{}
	for round := 0; ; round++ {
		due := dueChoices(volumes, reports, round)
		if len(due) == 0 {
			break
		}
		found, failed := look(due)
		for _, v := range due {
			if f := failed[v.Name]; f != nil && failures[v.Name] == nil {
				failures[v.Name] = f
			}
			r, best := found[v.Name], reports[v.Name]
			if r == nil || best != nil && r.Unreadable.Count >= best.Unreadable.Count {
				continue
			}
			reports[v.Name] = r
			i := slices.IndexFunc(volumes, func(o application.Volume) bool { return o.Name == v.Name })
			chosen[i].Identity = v.Identity
		}
	}
	for i := range chosen {
		if r := reports[chosen[i].Name]; r != nil {
			delete(failures, chosen[i].Name)
			chooseTarget(&chosen[i], r)
		}
	}
	return chosen, reports, failures
}

// dueChoices are the volumes for which another user is to be tried, with that one.
func dueChoices(volumes []application.Volume, reports map[string]*survey.Report, round int) []application.Volume {
	var due []application.Volume
	for _, v := range volumes {
		r, choices := reports[v.Name], v.Choices()
		if r != nil && r.Unreadable.Count == 0 || round >= len(choices) || round > 0 && v.PrivilegedSource {
			continue
		}
		v.Identity = choices[round]
		due = append(due, v)
	}
	return due
}

// chooseTarget keeps the user of an earlier plan, whom the target may have been tried with, where it
// can own all files still: its repository belongs to it.
func chooseTarget(v *application.Volume, r *survey.Report) {
	choices := v.Choices()
	if len(v.Candidates) == 0 || len(r.Others) != len(choices) {
		return
	}
	best := 0
	for i := range choices {
		if r.Others[i].Count < r.Others[best].Count {
			best = i
		}
	}
	if former := v.TargetIdentity; former != nil {
		i := slices.IndexFunc(choices, func(c application.Identity) bool { return reflect.DeepEqual(c, *former) })
		if i >= 0 && r.Others[i].Count == r.Others[best].Count {
			best = i
		}
	}
	v.TargetIdentity = &choices[best]
	if !v.PrivilegedTarget {
		r.Foreign = r.Others[best]
	}
}

// recall takes over what an earlier plan has found out about the volumes, where they can have the same
// users: whom its workers run as, and how much they hold. It returns those of several users of which
// nothing is known.
func recall(p *application.Plan, known planfile.Plan) []string {
	var unknown []string
	for i := range p.Volumes {
		v := &p.Volumes[i]
		if v.Policy != api.ClaimCopy {
			continue
		}
		former := known.Volume(v.Name)
		if former != nil && v.Usage == nil {
			v.Usage = former.Usage
		}
		switch {
		case len(v.Candidates) == 0:
		case former == nil || known.Surveys[v.Name].Report == nil || !reflect.DeepEqual(former.Candidates, v.Candidates):
			unknown = append(unknown, v.Name)
		case !takeOver(v, *former):
			unknown = append(unknown, v.Name)
		}
	}
	return unknown
}

// takeOver the choice of an earlier plan. What the containers have said since goes before what they said
// then, so it may be no choice any more; where none can be asked now, they are the same still.
func takeOver(v *application.Volume, former application.Volume) bool {
	users := slices.Clone(v.Candidates)
	for i := range users {
		if len(v.Users) == len(users) && v.Users[i].UID != nil && v.Users[i].GID != nil {
			users[i] = v.Users[i]
		} else if len(former.Users) == len(users) {
			users[i] = former.Users[i]
		}
	}
	v.Users = users
	choices := v.Choices()
	v.Identity = choices[0]
	isChoice := func(id application.Identity) bool {
		return slices.ContainsFunc(choices, func(c application.Identity) bool { return reflect.DeepEqual(c, id) })
	}
	if !isChoice(former.Identity) || former.TargetIdentity != nil && !isChoice(*former.TargetIdentity) {
		return false
	}
	v.Identity, v.TargetIdentity = former.Identity, former.TargetIdentity
	return true
}

// Recall gives the volumes of a plan that was made without a survey what the pair's stored plan knows
// of them. A volume whose user is not chosen yet makes the plan unsure.
func Recall(ctx context.Context, home *cluster.Cluster, pairUID string, p *application.Plan) error {
	known, err := Load(ctx, home, pairUID)
	if err != nil && cluster.KindOf(err) != cluster.NotFound {
		return err
	}
	for _, name := range recall(p, known) {
		p.AddUnsure(claimRef(name),
			"the containers that mount claim %s run as different users, and the stored plan does not say which of them can copy it: "+
				"ask for a new plan (spec.planRequest of the MovePair)", name)
	}
	return nil
}

// BuildAgain is Build for a switch: with what the pair's stored plan knows of the volumes.
func BuildAgain(ctx context.Context, source, target *cluster.Cluster, t *task.Task, switchUID string) (*application.Plan, error) {
	where, err := readPlaces(ctx, source, target)
	if err != nil {
		return nil, err
	}
	p, err := build(ctx, source, target, where, t, switchUID)
	if err != nil {
		return nil, err
	}
	home, err := steps.Home(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("cannot read the stored plan: %w", err)
	}
	if err := Recall(ctx, home, t.Move.Pair.UID, p); err != nil {
		return nil, err
	}
	return p, checkQuota(ctx, transfer.NewSpec(t, source, target), p)
}
