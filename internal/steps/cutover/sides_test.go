package cutover

import (
	"slices"
	"testing"
)

// TestWithoutSource: where the source is lost, nothing is asked of it, and the target's lock and record
// are all that there is.
func TestWithoutSource(t *testing.T) {
	s := fakeSwitcher(t)
	s.source = nil
	if got := s.endpoints(); len(got) != 1 || !s.isTarget(got[0]) || len(s.targetFirst()) != 1 {
		t.Fatalf("the endpoints are %v", got)
	}
	o := &Observed{Us: us}
	for name, read := range map[string]func() error{
		"locks": func() error { return s.observeLocks(t.Context(), o) }, "records": func() error { return s.observeRecords(t.Context(), o) },
		"source": func() error { return s.observeSource(t.Context(), o) },
	} {
		if err := read(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if o.TargetLock != LockFree || o.SourceLock != "" || !o.HasRecord || o.TargetLost || len(o.Workloads) > 0 {
		t.Errorf("observed %+v", o)
	}
}

// TestTargetFirst: what decides is written at the target before the source hears of it.
func TestTargetFirst(t *testing.T) {
	s := fakeSwitcher(t)
	if got := s.targetFirst(); len(got) != 2 || !s.isTarget(got[0]) || s.isTarget(got[1]) {
		t.Errorf("got %v", got)
	}
	if back := s.endpoints(); slices.IndexFunc(back, s.isTarget) != 1 {
		t.Errorf("got %v", back)
	}
}
