package cutover

import "time"

// note writes the time of an action: once, or once in an epoch.
func (r *Record) note(k Kind, now time.Time) {
	once := func(at **time.Time) {
		if *at == nil {
			*at = &now
		}
	}
	switch k {
	case RecordSuspend:
		once(&r.SuspendedAt)
	case RecordQuiesce:
		once(&r.QuiescedAt)
		if r.Stopping == nil || r.Stopping.Epoch != r.Epoch {
			r.Stopping = &Stop{Epoch: r.Epoch, At: now}
		}
	case RecordStart:
		once(&r.StartedAt)
	case RecordOpen:
		once(&r.OpenedAt)
	}
}

// mergeRecords makes one record out of what the two sides hold. The target's is the main one;
// the source's counts where the target's is missing, and for the commit, which either side
// proves.
func mergeRecords(source, target *Record) Record {
	var out Record
	switch {
	case target != nil:
		out = *target
	case source != nil:
		out = *source
	}
	if source != nil && out.CommittedAt == nil {
		out.CommittedAt = source.CommittedAt
	}
	if source != nil && len(out.Changed) == 0 {
		out.Changed = source.Changed
	}
	return out
}
