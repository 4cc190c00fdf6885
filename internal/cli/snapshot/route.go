package snapshot

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Route is the way to one target: its pair, its copies and its switch.
type Route struct {
	// Target by its name in the MoveEngine; of a way back: back.
	Target string `json:"name"`
	// PairName, which the switch has too. It may not exist yet.
	PairName string      `json:"pair"`
	Channel  api.Channel `json:"channel,omitempty"`
	// Endpoint of the target, such as "namespace shop of cluster dst"; dst is the name of the kubeconfig Secret.
	Endpoint string `json:"endpoint,omitempty"`
	// Transport that the newest run uses.
	Transport string `json:"transport,omitempty"`
	// Plan is the newest one; nil: none was made.
	Plan *Plan `json:"plan,omitempty"`
	// LastSuccess is how old the copy is at most; zero: not everything was copied yet.
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	// PredictedDowntimeSeconds of a switch now; 0: it cannot be told. Predicted is what it is the sum of.
	PredictedDowntimeSeconds int64                  `json:"predictedDowntimeSeconds,omitempty"`
	Predicted                *api.PredictedDowntime `json:"predicted,omitempty"`
	// NextRun is when the next run is due; zero: none is.
	NextRun time.Time `json:"nextRun,omitzero"`
	// Run that goes on; nil: none does.
	Run *Run `json:"run,omitempty"`
	// Runs that have ended, the newest first.
	Runs []Run `json:"runs,omitempty"`
	// Volumes that are copied, by name.
	Volumes []Volume `json:"volumes,omitempty"`
	// Sum of the volumes.
	Sum Progress `json:"sum,omitzero"`
	// Switch to this target; nil: there is none.
	Switch *Switch `json:"switch,omitempty"`
	// Stalled of the pair or of a DataSync; nil: neither.
	Stalled *Stall `json:"stalled,omitempty"`

	// Pair, Syncs and MoveSwitch that it was made from; nil where there is none.
	Pair       *api.MovePair   `json:"-"`
	Syncs      []*api.DataSync `json:"-"`
	MoveSwitch *api.MoveSwitch `json:"-"`
}

// Plan is the summary of a plan.
type Plan struct {
	Hash    string    `json:"hash"`
	MadeAt  time.Time `json:"madeAt,omitzero"`
	Objects int64     `json:"objects"`
	Volumes int       `json:"volumes"`
	// Bytes and Files of the volumes, as far as they were looked through; Unknown counts the volumes that were not.
	Bytes   int64 `json:"bytes"`
	Files   int64 `json:"files"`
	Unknown int   `json:"unknownVolumes,omitempty"`
	// EstimatedSeconds of the whole switch, and of it without the application; 0: not known.
	EstimatedSeconds         int64         `json:"estimatedSeconds,omitempty"`
	EstimatedDowntimeSeconds int64         `json:"estimatedDowntimeSeconds,omitempty"`
	Blockers                 []api.Blocker `json:"blockers,omitempty"`
	Warnings                 []string      `json:"warnings,omitempty"`
}

func (x index) route(o metav1.Object, target, name string) Route {
	r := Route{Target: target, PairName: name, Channel: api.ChannelInit, Pair: x.pair(o, name)}
	if r.Pair == nil {
		return r
	}
	p := r.Pair
	r.Channel = cmp.Or(p.Status.Channel, api.ChannelInit)
	r.Endpoint, r.Transport = endpointOf(p.Spec.Target.Endpoint, p.Namespace), p.Status.Transport
	r.LastSuccess = timeOf(p.Status.LastSuccessTime)
	r.PredictedDowntimeSeconds, r.Predicted = p.Status.PredictedDowntimeSeconds, p.Status.PredictedDowntime
	r.Plan = planOf(p.Status.Plan)
	r.Stalled = stallOf(p.Status.Conditions)
	r.Syncs = x.syncs[keyOf(p)]
	slices.SortFunc(r.Syncs, func(a, b *api.DataSync) int { return cmp.Compare(a.Name, b.Name) })
	if m := x.switches[keyOf(p)]; m != nil {
		r.MoveSwitch, r.Switch = m, switchOf(m)
	}
	for _, d := range r.Syncs {
		r.addSync(d)
	}
	// The runs of several mobilizers, the newest first.
	slices.SortStableFunc(r.Runs, func(a, b Run) int { return b.Started.Compare(a.Started) })
	r.Sum = sumOf(r.Volumes, r.Run)
	return r
}

// endpointOf a target, in words.
func endpointOf(e api.Endpoint, namespace string) string {
	if e.Cluster == nil {
		return "namespace " + namespace + " of this cluster"
	}
	return "namespace " + e.Namespace + " of cluster " + e.Cluster.KubeconfigSecretRef.Name
}

func planOf(s *api.PlanStatus) *Plan {
	if s == nil {
		return nil
	}
	p := &Plan{
		Hash: s.Hash, MadeAt: timeOf(s.MadeAt), Objects: s.Objects, Volumes: len(s.Volumes), EstimatedSeconds: s.EstimatedSeconds,
		EstimatedDowntimeSeconds: s.EstimatedDowntimeSeconds, Blockers: s.Blockers, Warnings: s.Warnings,
	}
	for _, v := range s.Volumes {
		if v.UsedBytes == nil {
			p.Unknown++
			continue
		}
		p.Bytes += *v.UsedBytes
		if v.Files != nil {
			p.Files += *v.Files
		}
	}
	return p
}

// Switch is the cutover to a target.
type Switch struct {
	Name string `json:"name"`
	// PlanHash that would be, or was, carried out, and ApprovedPlan that was approved; empty: none.
	PlanHash     string       `json:"planHash,omitempty"`
	ApprovedPlan string       `json:"approvedPlan,omitempty"`
	Approval     api.Approval `json:"approval"`
	Approved     bool         `json:"approved"`
	Desired      api.Desired  `json:"desired,omitempty"`
	// Reason and Message of the condition Switched.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Committed is when the point of no return was passed; zero: it was not.
	Committed time.Time `json:"committed,omitzero"`
	Switched  bool      `json:"switched"`
	// DowntimeSeconds that the switch took; 0: it has not ended.
	DowntimeSeconds int64  `json:"downtimeSeconds,omitempty"`
	Steps           []Step `json:"steps,omitempty"`
	// FinalRun of the data; nil: it has not ended.
	FinalRun *Run   `json:"finalRun,omitempty"`
	Stalled  *Stall `json:"stalled,omitempty"`
}

// Step of a switch.
type Step struct {
	Name string `json:"name"`
	// State: Running, Done or Failed.
	State    string    `json:"state"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Message  string    `json:"message,omitempty"`
}

// The states of a step.
const (
	StepRunning = "Running"
	StepDone    = "Done"
	StepFailed  = "Failed"
)

// Took is how long a step has taken until now.
func (s Step) Took(now time.Time) time.Duration {
	switch {
	case s.Started.IsZero():
		return 0
	case s.Finished.IsZero():
		return max(0, now.Sub(s.Started))
	}
	return max(0, s.Finished.Sub(s.Started))
}

// Begun says whether a switch has done anything that is not rolled back, or is about to.
func (s *Switch) Begun() bool {
	return s != nil && (s.Switched || !s.Committed.IsZero() || begun[s.Reason].IsSwitching())
}

func switchOf(m *api.MoveSwitch) *Switch {
	s := &Switch{
		Name: m.Name, PlanHash: m.Status.PlanHash, ApprovedPlan: m.Spec.ApprovedPlan, Approval: cmp.Or(m.Spec.Approval, api.ApprovalManual),
		Approved: meta.IsStatusConditionTrue(m.Status.Conditions, api.ConditionApproved), Desired: m.Spec.Desired,
		Committed: timeOf(m.Status.CommittedAt), DowntimeSeconds: m.Status.DowntimeSeconds, Stalled: stallOf(m.Status.Conditions),
	}
	if c := meta.FindStatusCondition(m.Status.Conditions, api.ConditionSwitched); c != nil {
		s.Reason, s.Message, s.Switched = c.Reason, c.Message, c.Status == metav1.ConditionTrue
	}
	for _, step := range m.Status.Steps {
		s.Steps = append(s.Steps, Step{Name: step.Name, State: step.State, Started: timeOf(step.StartedAt),
			Finished: timeOf(step.FinishedAt), Message: step.Message})
	}
	if f := m.Status.FinalRun; f != nil {
		run := runOf(*f, "")
		s.FinalRun = &run
	}
	return s
}
