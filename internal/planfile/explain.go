package planfile

import (
	"cmp"
	"io"
	"strings"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/text"
)

// Render writes the explanation for people.
func (e Explanation) Render(w io.Writer, o Options) error {
	out := &page{w: w}
	if len(e.Entries) == 0 {
		out.line("The plan does not list %s.", text.Plain(e.Ref.String()))
	}
	for i, entry := range e.Entries {
		if i > 0 {
			out.line("")
		}
		out.entry(entry, o)
	}
	if len(e.Leads) > 0 {
		out.line("  leads to: %s", text.Plain(joined(e.Leads)))
	}
	if len(e.Blockers) > 0 {
		out.blockers(e.Blockers)
	}
	if len(e.Warnings) > 0 {
		out.title("%s:", text.Count(len(e.Warnings), "warning"))
		out.list(e.Warnings)
	}
	return out.err
}

func joined(refs []application.Ref) string {
	var out []string
	for _, r := range refs {
		out = append(out, r.String())
	}
	return strings.Join(out, ", ")
}

// sentences of the fates.
var sentences = map[Fate]string{
	Moves: "is created at the target", Required: "must be at the target, and is not created", Stays: "stays at the source",
}

func (p *page) entry(e Entry, o Options) {
	p.line("%s %s", text.Plain(e.title()), sentences[e.Fate])
	p.line("  why: %s", text.Plain(e.Why))
	if obj := e.Object; obj != nil {
		p.line("  created: %s", cmp.Or(moments[obj.Phase], text.Plain(string(obj.Phase))))
		if obj.Written {
			p.line("  content: read again when the application has stopped, as its accounts may write it")
		}
		if obj.Cluster {
			p.line("  cluster-wide: created only where the target has none of its name")
		}
		if obj.Runs {
			p.line("  its controller makes workloads of it")
		}
	}
	if e.Workload != nil {
		p.line("  at the source: %s; the switch stops it", running(*e.Workload))
		if n := e.Workload.TargetReplicas; n != nil {
			p.line("  at the target: %s, by a kustomization", text.Count(int(*n), "replica"))
		}
	}
	if e.Volume != nil {
		p.volume(*e.Volume)
	}
	if e.Present != nil {
		p.line("  the target has one of this name: %s", cmp.Or(standings[e.Present.Standing], text.Plain(string(e.Present.Standing))))
		if o.Diffs {
			p.fields(*e.Present, "    ")
		}
	}
}

// moments of creation.
var moments = map[application.Phase]string{
	application.PhaseVolume: "before data is copied",
	application.PhaseStart:  "when the application starts at the target",
	application.PhaseOpen:   "when the application is healthy and the switch is committed, as it lets traffic in",
}

// standings of what the target has.
var standings = map[application.Standing]string{
	application.StandingOurs:      "this move has created it",
	application.StandingEqual:     "equal, and of another owner",
	application.StandingDifferent: "different, and of another owner",
	application.StandingForeign:   "of another owner, and not compared",
}

func (p *page) volume(v application.Volume) {
	data := string(v.Policy)
	if v.Mobilizer != "" {
		data += " by " + v.Mobilizer
	}
	if v.Usage != nil {
		data += ", " + text.Size(v.Usage.Bytes) + " in " + text.Count(int(v.Usage.Files), "file")
	}
	p.line("  data: %s", text.Plain(data))
}
