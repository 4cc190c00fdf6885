package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/view"
	"github.com/kubemove/kubemove/internal/text"
)

// Fact of a report.
type Fact struct{ Name, Value string }

// Facts of the report, each a name and a value.
func (r Report) Facts() []Fact {
	list := []Fact{
		{"move", r.Kind + " " + r.Name + " in namespace " + r.Namespace + ", " + string(r.Mode)},
		{"made at", stamp(r.Made)},
		{"phase", string(r.Phase)},
		{"said", r.Message},
		{"from", r.Source},
		{"to", r.Target},
		{"plan", r.planText()},
		{"approval", r.approvalText()},
		{"switch began", stamp(r.Began)},
		{"committed", stamp(r.Committed)},
		{"switch ended", stamp(r.Ended)},
		{"downtime", r.downtimeText()},
		{"predicted", r.predictedText()},
		{"transport", r.Transport},
		{"verification", r.verificationText()},
	}
	if r.Stalled != nil {
		list = append(list, Fact{"stalled", r.Stalled.Reason + ": " + r.Stalled.Message})
	}
	var out []Fact
	for _, f := range list {
		if f.Value = text.Plain(f.Value); f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}

func (r Report) planText() string {
	if r.Plan == nil {
		return "none"
	}
	return view.PlanLine(r.Plan)
}

func (r Report) approvalText() string {
	if r.ApprovedPlan == "" {
		return string(r.Approval)
	}
	return string(r.Approval) + ", plan " + r.ApprovedPlan
}

func (r Report) downtimeText() string {
	if r.Downtime.MeasuredSeconds == 0 {
		return "not measured"
	}
	return seconds(r.Downtime.MeasuredSeconds)
}

func (r Report) predictedText() string {
	if r.Downtime.PredictedSeconds == 0 {
		return ""
	}
	out := seconds(r.Downtime.PredictedSeconds)
	if d := r.Downtime.Predicted; d != nil {
		out += fmt.Sprintf(" (stop %d s, copy %d s, own work %d s, start %d s)", d.StopSeconds, d.CopySeconds, d.OwnSeconds, d.StartSeconds)
	}
	return out
}

// verifications in words.
var verifications = map[string]string{
	Verified: "both sides were compared and are equal", Failed: "the comparison has failed", NotYet: "not compared yet",
	NoData: "no data is copied",
}

func (r Report) verificationText() string {
	v := r.Verification
	out := verifications[v.Result]
	if v.Result != NoData {
		out = string(v.Mode) + ": " + out
	}
	if v.Bytes > 0 {
		out += ", " + text.Size(v.Bytes) + " in " + text.Count(int(v.Files), "file")
	}
	if v.Message != "" {
		out += ": " + v.Message
	}
	return out
}

// Table with a title, as a report has several.
type Table struct {
	Title string
	// Rows, the first of which is the head.
	Rows [][]string
}

// Tables of the report.
func (r Report) Tables() []Table {
	var out []Table
	if len(r.Steps) > 0 {
		rows := [][]string{{"STEP", "STATE", "BEGAN", "TOOK", "MESSAGE"}}
		for _, s := range r.Steps {
			rows = append(rows, []string{s.Name, s.State, stamp(s.Started), text.Took(s.Took(r.Made)), s.Message})
		}
		out = append(out, Table{"Steps of the switch", rows})
	}
	if len(r.Volumes) > 0 {
		rows := [][]string{{"CLAIM", "AT THE TARGET", "MOBILIZER", "STAGE", "BYTES", "FILES", "ERROR"}}
		for _, v := range r.Volumes {
			rows = append(rows, []string{v.Claim, v.Target, v.Mobilizer, string(v.Stage), text.Size(v.Done), fmt.Sprint(v.FilesDone), v.Error})
		}
		out = append(out, Table{"Volumes", rows})
	}
	if len(r.Runs) > 0 {
		rows := [][]string{{"RUN", "BEGAN", "TOOK", "COPY", "BYTES", "FILES", "OUTCOME", "MESSAGE"}}
		for _, run := range r.Runs {
			rows = append(rows, []string{string(run.Trigger), stamp(run.Started), seconds(run.Seconds), copyTime(run), text.Size(run.Bytes),
				fmt.Sprint(run.Files), run.Outcome, run.Message})
		}
		out = append(out, Table{"Copies", rows})
	}
	for _, t := range out {
		for _, row := range t.Rows {
			for i := range row {
				row[i] = text.Plain(row[i])
			}
		}
	}
	return out
}

func copyTime(r snapshot.Run) string {
	if r.CopySeconds == 0 {
		return ""
	}
	return seconds(r.CopySeconds)
}

// Text of the report.
func (r Report) Text(o view.Options) string {
	var b strings.Builder
	for _, f := range r.Facts() {
		fmt.Fprintf(&b, "%-14s%s\n", f.Name, f.Value)
	}
	for _, t := range r.Tables() {
		fmt.Fprintf(&b, "\n%s\n%s", t.Title, view.Columns(t.Rows, o, nil))
	}
	if len(r.Warnings) > 0 {
		b.WriteString("\nWarnings\n")
		for _, w := range r.Warnings {
			fmt.Fprintf(&b, "- %s\n", text.Plain(w))
		}
	}
	return b.String()
}

// stamp of a time; empty: it is not known.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

func seconds(n int64) string { return text.Took(time.Duration(n) * time.Second) }
