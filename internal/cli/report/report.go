// Package report is what is kept of a move when it is over: what was moved, how it was verified, how long each part took and how
// long the application was down, as a value that is shown as text, as JSON or as one page of HTML.
package report

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// Report of a move to one target.
type Report struct {
	// Made is when it was.
	Made      time.Time      `json:"made"`
	Kind      string         `json:"kind"`
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	Mode      api.MoveMode   `json:"mode"`
	Phase     snapshot.Phase `json:"phase"`
	// Message of the phase.
	Message string `json:"message,omitempty"`
	// Source and Target endpoints in words.
	Source string `json:"source"`
	Target string `json:"target"`
	// Active side of the application.
	Active snapshot.Active `json:"active"`
	// Plan that was, or would be, carried out, and the one that was approved; empty: none.
	Plan         *snapshot.Plan `json:"plan,omitempty"`
	ApprovedPlan string         `json:"approvedPlan,omitempty"`
	Approval     api.Approval   `json:"approval,omitempty"`
	// Transport of the data.
	Transport string `json:"transport,omitempty"`
	// Verification of the final run.
	Verification Verification `json:"verification"`
	// Downtime of the application.
	Downtime Downtime `json:"downtime"`
	// Began, Committed and Ended are the times of the switch; zero: not yet.
	Began     time.Time         `json:"began,omitzero"`
	Committed time.Time         `json:"committed,omitzero"`
	Ended     time.Time         `json:"ended,omitzero"`
	Steps     []snapshot.Step   `json:"steps,omitempty"`
	Volumes   []snapshot.Volume `json:"volumes,omitempty"`
	Runs      []snapshot.Run    `json:"runs,omitempty"`
	// Warnings of the plan and of the final run.
	Warnings []string        `json:"warnings,omitempty"`
	Stalled  *snapshot.Stall `json:"stalled,omitempty"`
}

// Verification says how both sides were compared.
type Verification struct {
	// Mode: Metadata or Checksum.
	Mode api.Verification `json:"mode"`
	// Result: Verified, Failed, or NotYet.
	Result string `json:"result"`
	// Bytes and Files that were compared, and Message with more.
	Bytes   int64  `json:"bytes,omitempty"`
	Files   int64  `json:"files,omitempty"`
	Message string `json:"message,omitempty"`
}

// The results of a verification.
const (
	Verified = "Verified"
	Failed   = "Failed"
	NotYet   = "NotYet"
	NoData   = "NoData"
)

// Downtime in seconds; 0: not known.
type Downtime struct {
	PredictedSeconds int64                  `json:"predictedSeconds,omitempty"`
	Predicted        *api.PredictedDowntime `json:"predicted,omitempty"`
	MeasuredSeconds  int64                  `json:"measuredSeconds,omitempty"`
}

// New report of a move and one of its targets.
func New(m snapshot.Move, r *snapshot.Route, now time.Time) Report {
	out := Report{
		Made: now, Kind: m.Kind, Namespace: m.Namespace, Name: m.Name, Mode: m.Mode, Phase: m.Phase, Message: m.Message,
		Source: source(m, r), Target: r.Endpoint, Active: m.Active, Plan: r.Plan, Transport: r.Transport,
		Downtime: Downtime{PredictedSeconds: r.PredictedDowntimeSeconds, Predicted: r.Predicted},
		Volumes:  r.Volumes, Runs: r.Runs, Stalled: m.Stalled, Verification: verification(r),
	}
	if r.Plan != nil {
		out.Warnings = append(out.Warnings, r.Plan.Warnings...)
	}
	s := r.Switch
	if s == nil {
		return out
	}
	out.ApprovedPlan, out.Approval, out.Committed = s.ApprovedPlan, s.Approval, s.Committed
	out.Downtime.MeasuredSeconds, out.Steps = s.DowntimeSeconds, s.Steps
	if n := len(s.Steps); n > 0 {
		out.Began, out.Ended = s.Steps[0].Started, s.Steps[n-1].Finished
	}
	if s.FinalRun != nil {
		out.Warnings = append(out.Warnings, s.FinalRun.Warnings...)
	}
	return out
}

// source of a route in words.
func source(m snapshot.Move, r *snapshot.Route) string {
	if r.Pair == nil || r.Pair.Spec.Source == nil || r.Pair.Spec.Source.Cluster == nil {
		return "namespace " + m.Namespace + " of this cluster"
	}
	s := r.Pair.Spec.Source
	return "namespace " + s.Namespace + " of cluster " + s.Cluster.KubeconfigSecretRef.Name
}

func verification(r *snapshot.Route) Verification {
	v := Verification{Mode: api.VerificationMetadata, Result: NotYet}
	if r.Pair != nil && r.Pair.Spec.Data.Verification != "" {
		v.Mode = r.Pair.Spec.Data.Verification
	}
	if len(r.Syncs) == 0 {
		v.Result = NoData
		return v
	}
	if r.Switch != nil && r.Switch.FinalRun != nil {
		run := r.Switch.FinalRun
		v.Bytes, v.Files, v.Message = run.Bytes, run.Files, run.Message
		if v.Result = Failed; run.Outcome == snapshot.Succeeded {
			v.Result = Verified
		}
		return v
	}
	for _, d := range r.Syncs {
		if c := meta.FindStatusCondition(d.Status.Conditions, api.ConditionVerified); c != nil && c.Status == metav1.ConditionFalse &&
			c.Reason == api.ReasonMismatch {
			v.Result, v.Message = Failed, c.Message
		}
	}
	return v
}
