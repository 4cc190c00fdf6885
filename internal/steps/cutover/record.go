package cutover

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
