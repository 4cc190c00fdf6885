package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// Run carries out the verb plan. A plan with blockers is a success: it was found out what
// stands in the way.
func Run(ctx context.Context, t *task.Task, r *report.Reporter) task.Result {
	c, err := steps.Connect(ctx, t)
	if err != nil {
		return steps.Failure(err)
	}
	seen := &task.Watch{Expires: cluster.Expiries(t)}
	r.Update(func(st *task.Status) { st.Watch = seen })
	p := &application.Plan{Engine: t.Move.Engine, SourceNamespace: t.Source.Namespace, TargetNamespace: t.Target.Namespace}
	where, err := readPlaces(ctx, c.Source, c.Target)
	if err != nil {
		return steps.Failure(err)
	}
	if err := precheck(ctx, c, where, p); err != nil {
		return steps.Failure(err)
	}
	if len(p.Blockers) > 0 {
		summary := Summary(p)
		summary.Hash = "" // Nothing was captured.
		return planned(r, summary)
	}
	t, at, err := withTimeouts(ctx, c.Home, t)
	if err != nil {
		return steps.Failure(err)
	}
	r.Step("Plan", "capturing the application and checking the target")
	made, err := build(ctx, c.Source, c.Target, where, t, switchUID(t))
	if err != nil {
		return steps.Failure(err)
	}
	if t.Move.Reverses == nil { // The way forward again leads to where the first move has led.
		if err := checkNeighbours(ctx, c.Home, t.Move.Pair, made); err != nil {
			return steps.Failure(err)
		}
	}
	warnExpiry(made, t, seen, at, time.Now())
	for _, w := range append(p.Warnings, append(c.Source.Warnings, c.Target.Warnings...)...) {
		made.AddWarning(application.Ref{}, "%s", w)
	}
	stored, err := surveyed(ctx, c, t, r, made)
	if err != nil {
		return steps.Failure(err)
	}
	summary := Summary(made)
	if summary.SecretName, err = store(ctx, c.Home, t, stored); err != nil {
		return steps.Failure(err)
	}
	summary.Warnings = fewWarnings(made.Warnings, summary.SecretName)
	return planned(r, summary)
}

func switchUID(t *task.Task) string {
	if s := t.Subject(); s.Kind == task.KindSwitch {
		return s.UID
	}
	return ""
}

func planned(r *report.Reporter, s *api.PlanStatus) task.Result {
	r.Update(func(st *task.Status) { st.Plan = s })
	message := fmt.Sprintf("objects that move: %d%s, volumes: %d", s.Objects, describeKinds(s.Kinds), len(s.Volumes))
	if len(s.Blockers) > 0 {
		message = fmt.Sprintf("blockers: %d; the first: %s: %s", len(s.Blockers), s.Blockers[0].Reason, s.Blockers[0].Message)
	}
	return task.Succeeded(message)
}

// precheck finds what would make the capture fail: versions that are too old, a source that is
// not there and rights that are missing. It adds blockers.
func precheck(ctx context.Context, c *steps.Clusters, where places, p *application.Plan) error {
	for _, v := range []struct {
		c      *cluster.Cluster
		oldest string
	}{{c.Home, cluster.OldestHome}, {c.Source, cluster.OldestEndpoint}, {c.Target, cluster.OldestEndpoint}} {
		if m := cluster.TooOld(v.c.Side, v.c.Version, v.oldest); m != "" {
			p.AddBlocker(api.ReasonUnsupportedVersion, application.Ref{}, "%s", m)
		}
	}
	if err := checkPlaces(ctx, c, p); err != nil {
		return err
	}
	if where.source.checkSource(p); p.BlockedBy(api.ReasonNamespaceNotFound) {
		return nil // What is said of its content would only be what follows from that.
	}
	reads := make([]cluster.Right, 0, 32)
	for _, gvr := range application.Kinds() {
		reads = append(reads, cluster.Right{Group: gvr.Group, Resource: gvr.Resource, Verb: "list"})
	}
	if err := checkRights(ctx, c.Source, reads, p); err != nil {
		return err
	}
	return checkRights(ctx, c.Target, nil, p)
}

// checkPlaces makes sure that the clusters can be told from each other, as the locks need it,
// and that source and target are two places.
func checkPlaces(ctx context.Context, c *steps.Clusters, p *application.Plan) error {
	var uids []string
	for _, side := range []*cluster.Cluster{c.Home, c.Source, c.Target} {
		uid, err := side.ClusterUID(ctx)
		if cluster.KindOf(err) == cluster.Forbidden {
			p.AddBlocker(api.ReasonForbidden, namespaceRef("kube-system"),
				"the account at the %s may not read the namespace kube-system, whose UID tells one cluster "+
					"from another: grant it `get` on that one namespace with a ClusterRole (resourceNames: [kube-system]) and a ClusterRoleBinding",
				side.Side)
			continue
		}
		if err != nil {
			return err
		}
		uids = append(uids, uid)
	}
	if len(uids) == 3 && uids[1] == uids[2] && c.Source.Namespace == c.Target.Namespace {
		p.AddBlocker(api.ReasonInvalidSpec, application.Ref{}, "source and target are the same namespace %s of the same cluster: "+
			"choose another namespace or another cluster for the target", c.Source.Namespace)
	}
	return nil
}

// checkRights asks for everything that the endpoint's account needs whatever the application
// is. A kubeconfig's account does the switch too; at home the switch has its own.
func checkRights(ctx context.Context, c *cluster.Cluster, more []cluster.Right, p *application.Plan) error {
	rights := slices.Concat(more, cluster.Needs(c.Side, cluster.RoleData))
	if !c.InCluster {
		rights = append(rights, cluster.Needs(c.Side, cluster.RoleSwitch)...)
	}
	missing, err := c.MissingRights(ctx, rights)
	if err != nil {
		return err
	}
	if m := cluster.MissingMessage(c.Side, c.Namespace, missing); m != "" {
		p.AddBlocker(api.ReasonForbidden, application.Ref{}, "%s", m)
	}
	return nil
}

// surveyed looks into the volumes, has the target pull the images and lets it judge the workers.
// It returns the plan for people.
func surveyed(ctx context.Context, c *steps.Clusters, t *task.Task, r *report.Reporter, p *application.Plan) (planfile.Plan, error) {
	known, err := Load(ctx, c.Home, t.Move.Pair.UID)
	if err != nil && cluster.KindOf(err) != cluster.NotFound {
		return planfile.Plan{}, err
	}
	recall(p, known) // Of what is not known a survey is made.
	spec := transfer.NewSpec(t, c.Source, c.Target)
	workers := workerCheck{spec: spec, plan: p, judged: map[string]bool{}}
	if err := workers.run(ctx); err != nil {
		return planfile.Plan{}, err
	}
	images := pullImages(ctx, spec, p, known.Images)
	surveys := look(ctx, spec, p, known.Surveys, r)
	classes, err := ReadClasses(ctx, c.Target)
	if err != nil {
		return planfile.Plan{}, err
	}
	warnUnprobed(p, classes)
	if err := workers.run(ctx); err != nil {
		return planfile.Plan{}, err
	}
	if err := checkMemory(ctx, p, c.Source, c.Target); err != nil {
		return planfile.Plan{}, err
	}
	pulled := images.judge(p, images.await(r))
	if err := checkQuota(ctx, spec, p); err != nil {
		return planfile.Plan{}, err
	}
	if err := checkNodes(ctx, c.Target, p); err != nil {
		return planfile.Plan{}, err
	}
	former := known.Since(p)
	if former != nil {
		others := p.Warnings // It goes before them, as a status holds few.
		p.Warnings = nil
		p.AddWarning(application.Ref{}, "%s%s: %s", api.ChangedSince, former.Hash, firstOf(former.Changes))
		p.Warnings = append(p.Warnings, others...)
	}
	out := planfile.New(p)
	out.Surveys, out.Images, out.Former = surveys, pulled, former
	return out, nil
}

// firstOf some changes, for a line of the plan.
func firstOf(changes []string) string {
	const most = 5
	text := strings.Join(changes[:min(len(changes), most)], "; ")
	if more := len(changes) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
