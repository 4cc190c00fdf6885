package cutover

import "slices"

// recordLost names the record that is missing although the switch is under way; empty: none is. The
// target's record is written first and deleted last, and both are written before anything is changed.
func (o *Observed) recordLost() string {
	switch {
	case o.TargetLost:
		return "the record at the target"
	case o.HasRecord && o.Record.begun() && o.PlanLost:
		return "the plan of this switch, a Secret at home,"
	case o.HasRecord && o.Record.begun() && !o.Pinned:
		return "the record at the source"
	case !o.HasRecord && o.holdsWorkloads():
		return "the record on both sides"
	}
	return ""
}

// progressLost: the times in the target's record are gone, and how far the switch was is not known.
func (o *Observed) progressLost() bool { return o.TargetLost || !o.HasRecord && o.holdsWorkloads() }

// holdsWorkloads: a workload of the source carries this switch's ledger.
func (o *Observed) holdsWorkloads() bool {
	return slices.ContainsFunc(o.Workloads, func(w Workload) bool { return w.Ledger })
}

// unrecorded: what this switch has at the target is not what its record says: it was killed between
// the two, or an object is gone.
func (o *Observed) unrecorded() bool {
	return slices.ContainsFunc(o.Objects, func(b Object) bool { return b.Recorded != (b.Exists && b.Mine) && (b.Mine || !b.Exists) })
}

// sourceRuns names what of the application asks for Pods or has some at the source.
func (o *Observed) sourceRuns() []string {
	var out []string
	for _, w := range o.Workloads {
		if !w.Missing && !w.Stopped {
			out = append(out, w.Ref.String())
		}
	}
	return append(out, o.SourcePods...)
}
