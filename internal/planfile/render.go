package planfile

import (
	"cmp"
	"io"
	"strconv"
	"strings"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/text"
)

// Options of a text.
type Options struct {
	// Diffs: which fields differ from what the target has, and from the plan before.
	Diffs bool
	// Status of the MovePair's plan; nil: not known. When the plan was made, and how long its switch
	// would take, is only said there.
	Status *api.PlanStatus
}

// Render writes the plan for people. The text does not depend on how wide a terminal is.
func Render(w io.Writer, p Plan, o Options) error {
	if p.Plan == nil {
		p.Plan = &application.Plan{}
	}
	out := &page{w: w}
	out.head(p, o.Status)
	out.blockers(p.Blockers)
	out.warnings(p)
	out.objects(p.Entries())
	out.volumes(p)
	if o.Diffs {
		out.differences(p)
		out.changes(p.Former)
	}
	return out.err
}

func (p *page) head(plan Plan, status *api.PlanStatus) {
	p.line("Plan %s of MoveEngine %s", text.Plain(plan.Hash), text.Plain(plan.Engine))
	p.line("from %s", place(plan.SourceNamespace, plan.SourceCluster))
	p.line("to   %s", place(plan.TargetNamespace, plan.TargetCluster))
	if plan.Contents != "" {
		p.line("contents: %s", text.Plain(string(plan.Contents)))
	}
	if status != nil && status.Hash == plan.Hash {
		if status.MadeAt != nil {
			p.line("made at %s", status.MadeAt.UTC().Format(time.RFC3339))
		}
		if s := status.EstimatedSeconds; s > 0 {
			p.line("the switch takes about %s, %s of it without the application",
				text.Estimate(s), text.Estimate(status.EstimatedDowntimeSeconds))
		} else {
			p.line("how long the switch takes is not known yet, as not all volumes were looked into")
		}
	}
	if len(plan.Workloads) > 0 {
		p.line("stopped at the source, in this order: %s", stops(plan.Workloads))
	}
}

func place(namespace, cluster string) string {
	if cluster == "" {
		return "namespace " + text.Plain(namespace)
	}
	return "namespace " + text.Plain(namespace) + " of cluster " + text.Plain(cluster)
}

func stops(workloads []application.Workload) string {
	var out []string
	for _, w := range workloads {
		out = append(out, text.Plain(w.Ref.String())+" ("+running(w)+")")
	}
	return strings.Join(out, ", ")
}

// running is what a workload is at the source.
func running(w application.Workload) string {
	kind := w.Ref.Workload()
	switch {
	case w.Suspended:
		return "suspended"
	case kind != nil && kind.Scheduled():
		return "scheduled"
	case w.Autoscaled:
		return text.Count(int(w.Replicas), "replica") + " now, autoscaled"
	}
	return text.Count(int(w.Replicas), "replica")
}

func (p *page) blockers(blockers []api.Blocker) {
	if len(blockers) == 0 {
		p.title("No blockers.")
		return
	}
	p.title("%s: each forbids the move", text.Count(len(blockers), "blocker"))
	for _, b := range blockers {
		p.line("  %s", strings.TrimSpace(text.Plain(b.Reason)+"  "+text.Plain(b.Object)))
		p.line("    %s", text.Plain(b.Message))
	}
}

func (p *page) warnings(plan Plan) {
	if len(plan.Warnings) > 0 {
		p.title("%s:", text.Count(len(plan.Warnings), "warning"))
		p.list(plan.Warnings)
	}
	if len(plan.Unsure) > 0 {
		p.title("Not known for now: no switch begins on this plan, unless its hash is approved")
		p.list(plan.Unsure)
	}
}

func (p *page) list(items []string) {
	for _, item := range items {
		p.line("  - %s", text.Plain(item))
	}
}

func (p *page) objects(entries []Entry) {
	counts := map[Fate]int{}
	rows := [][]string{{"OBJECT", "FATE", "CREATED", "TARGET HAS", "WHY"}}
	for _, e := range entries {
		counts[e.Fate]++
		rows = append(rows, []string{e.title(), string(e.Fate), e.created(), e.there(), e.Why})
	}
	p.title("Objects: %d moved, %d required at the target, %d left", counts[Moves], counts[Required], counts[Stays])
	if len(entries) > 0 {
		p.table(rows)
	}
}

// title is the object, and its former name if it gets another one.
func (e Entry) title() string {
	if e.Source.Name != e.Ref.Name {
		return e.Ref.String() + " (was " + e.Source.Name + ")"
	}
	return e.Ref.String()
}

// created says when the object is created; empty: it is not.
func (e Entry) created() string {
	if e.Object == nil {
		return ""
	}
	return string(e.Object.Phase)
}

// there says what the target has in its place; empty: nothing is known to be there.
func (e Entry) there() string {
	if e.Present == nil {
		return ""
	}
	return string(e.Present.Standing)
}

func (p *page) volumes(plan Plan) {
	p.title("%s", text.Count(len(plan.Volumes), "volume"))
	if len(plan.Volumes) == 0 {
		return
	}
	rows := [][]string{{"CLAIM", "DATA", "HOLDS", "FILES", "SIZE", "SIZE THERE", "MOBILIZER", "CLASS THERE"}}
	for _, v := range plan.Volumes {
		holds, files := "not known", "not known"
		if v.Usage != nil {
			holds, files = text.Size(v.Usage.Bytes), strconv.FormatInt(v.Usage.Files, 10)
		}
		claim := v.Name
		if v.Target != v.Name {
			claim += " to " + v.Target
		}
		there, class := "", ""
		if plan.Claim(v.Target) != nil {
			there, class = text.Size(plan.ClaimSize(v.Target)), classOf(plan.ClaimClass(v.Target))
		}
		rows = append(rows, []string{claim, string(v.Policy), holds, files, text.Size(v.CapacityBytes), there, v.Mobilizer, class})
	}
	p.table(rows)
}

// classOf a claim that is created: without one it gets the cluster's default.
func classOf(class *string) string {
	switch {
	case class == nil:
		return "the default"
	case *class == "":
		return "none"
	}
	return *class
}

func (p *page) differences(plan Plan) {
	p.title("Differences from what the target has: %s", cmp.Or(differing(plan.Target), "none"))
	for _, there := range plan.Target {
		if len(there.Differs)+there.More+len(there.Fixed) == 0 {
			continue
		}
		p.line("  %s", text.Plain(there.Ref.String()))
		p.fields(there, "    ")
	}
}

// differing counts the objects that differ; empty: none does.
func differing(present []application.Present) string {
	n := 0
	for _, there := range present {
		if there.Standing == application.StandingDifferent {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return text.Count(n, "object")
}

// fields that differ. The values of a Secret are not kept.
func (p *page) fields(there application.Present, indent string) {
	for _, d := range there.Differs {
		if d.There == "" && d.Planned == "" {
			p.line("%s%s", indent, text.Plain(d.Path))
			continue
		}
		p.line("%s%s: there %s, planned %s", indent, text.Plain(d.Path),
			cmp.Or(text.Plain(d.There), "not set"), cmp.Or(text.Plain(d.Planned), "not set"))
	}
	if there.More > 0 {
		p.line("%sand %d more", indent, there.More)
	}
	if len(there.Fixed) > 0 {
		p.line("%simmutable: %s", indent, text.Plain(strings.Join(there.Fixed, ", ")))
	}
}

func (p *page) changes(former *Former) {
	if former == nil {
		return
	}
	p.title("Changed since plan %s: %s", text.Plain(former.Hash), text.Count(len(former.Changes), "difference"))
	p.list(former.Changes)
}
