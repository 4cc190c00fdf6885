package page

import (
	"bytes"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/report"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/view"
	"github.com/kubemove/kubemove/internal/planfile"
)

// Plan as a whole.
type Plan struct {
	Move Link
	// Target that it is for, and the hash.
	Target, Hash string
	Text         Lines
	// Incomplete says why it is only what the status has of it; empty: it is the whole.
	Incomplete string
	Approve    *Action
}

// NewPlan is the page of the stored plan of a route.
func NewPlan(m snapshot.Move, r *snapshot.Route, plan planfile.Plan, at time.Time, o Options) (*Page, error) {
	var status *api.PlanStatus
	if r.Pair != nil {
		status = r.Pair.Status.Plan
	}
	var b bytes.Buffer
	if err := planfile.Render(&b, plan, planfile.Options{Status: status}); err != nil {
		return nil, err
	}
	return planPage(m, r, at, &Plan{Hash: plan.Hash, Text: Lines(b.String()), Approve: approve(m, r, plan.Hash, o)}), nil
}

// NewSummary is the page of a plan that cannot be read whole, for that reason.
func NewSummary(m snapshot.Move, r *snapshot.Route, reason string, at time.Time) *Page {
	p := &Plan{Incomplete: reason}
	for _, line := range view.Summary(r) {
		p.Text += Lines(line + "\n")
	}
	if r.Plan != nil {
		p.Hash = r.Plan.Hash
		for _, b := range r.Plan.Blockers {
			p.Text += Lines("blocker: " + b.Reason + " " + b.Object + ": " + b.Message + "\n")
		}
	}
	return planPage(m, r, at, p)
}

func planPage(m snapshot.Move, r *snapshot.Route, at time.Time, p *Plan) *Page {
	p.Move, p.Target = Link{m.Name, Path("moves", m)}, r.Target
	return &Page{Title: m.Name + ": plan", At: stamp(at), Plan: p}
}

// Report of a move to one target.
type Report struct {
	Move     Link
	Target   string
	Facts    []report.Fact
	Tables   []report.Table
	Warnings []string
	// File is the path of the report as one page that can be kept.
	File string
}

// NewReport is the page of a report.
func NewReport(m snapshot.Move, r *snapshot.Route, at time.Time) *Page {
	rep := report.New(m, r, at)
	return &Page{Title: m.Name + ": report", At: stamp(at), Report: &Report{
		Move: Link{m.Name, Path("moves", m)}, Target: r.Target, Facts: rep.Facts(), Tables: rep.Tables(), Warnings: rep.Warnings,
		File: Path("report", m, r.Target, "file"),
	}}
}
