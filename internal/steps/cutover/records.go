package cutover

import (
	"context"
	"fmt"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

// update changes the record of one side: read, compute, write what was read and nothing newer.
// create says whether a missing record is made.
func (s *switcher) update(ctx context.Context, c endpoint, create bool, change func(*Record)) error {
	return s.rewrite(ctx, c, func(r *Record, there bool) (bool, error) {
		if !there && !create {
			return false, s.recordGone(c)
		}
		if err := s.superseded(r, c); err != nil {
			return false, err
		}
		change(r)
		return true, nil
	})
}

// rewrite reads the record of one side, has it changed, and writes it if the change says so; again when
// another process has written meanwhile.
func (s *switcher) rewrite(ctx context.Context, c endpoint, change func(r *Record, there bool) (write bool, err error)) error {
	for {
		r, version, there, err := s.readRecord(ctx, c)
		if err != nil {
			return err
		}
		write, err := change(&r, there)
		if err != nil || !write {
			return err
		}
		if _, err = c.WriteRecord(ctx, s.holder(), version, r); cluster.KindOf(err) != cluster.Conflict || ctx.Err() != nil {
			return err
		}
	}
}

// readRecord of one side. One that does not name the switch was emptied by another client: it is as good
// as none, but for its version.
func (s *switcher) readRecord(ctx context.Context, c endpoint) (r Record, version string, there bool, err error) {
	version, err = c.ReadRecord(ctx, s.self(), &r)
	if there = version != "" && r.Switch == s.self(); !there {
		r = Record{Switch: s.self()}
	}
	return r, version, there, err
}

func (s *switcher) recordGone(c endpoint) error {
	return fmt.Errorf("the record (ConfigMap/%s) at the %s is gone: another client has deleted or emptied it",
		cluster.RecordName(s.self()), c.Name())
}

// superseded: another process acts for the switch by now, so that this one must change nothing. The
// record of the target is what they agree by.
func (s *switcher) superseded(r *Record, c endpoint) error {
	switch {
	case s.rollback || !s.isTarget(c):
	case r.RollbackAt != nil:
		return &ending{*failed(api.ReasonRollingBack, "a roll back of this switch has begun meanwhile").Result}
	case r.Process != "" && r.Process != s.process:
		return &ending{task.Failed(api.ReasonLocked, "another process carries this switch out meanwhile", task.RetrySoon)}
	}
	return nil
}

// stillActs reads whether this process is the one that acts for the switch, directly before it changes
// anything but records.
func (s *switcher) stillActs(ctx context.Context) error {
	r, _, there, err := s.readRecord(ctx, s.target)
	if err == nil && !there {
		err = s.recordGone(s.target)
	}
	if err != nil {
		return err
	}
	return s.superseded(&r, s.target)
}

// takeOver lets this process act for the switch.
func (s *switcher) takeOver(ctx context.Context) error {
	return s.rewrite(ctx, s.target, func(r *Record, there bool) (bool, error) {
		r.Process = s.process
		return there && r.RollbackAt == nil, nil // Else the next reading decides.
	})
}

// recordTime writes what belongs to one of the times of the target's record; with the stop goes what
// the workloads were before.
func (s *switcher) recordTime(ctx context.Context, k Kind, o *Observed) error {
	return s.update(ctx, s.target, false, func(r *Record) {
		switch k {
		case RecordSuspend:
			r.Former = o.remember(r, func(Workload) bool { return r.SuspendedAt == nil })
		case RecordQuiesce:
			r.Former = o.remember(r, func(w Workload) bool { return r.QuiescedAt == nil && !isSuspendedFirst(w) })
		}
		r.note(k, time.Now().UTC().Truncate(time.Millisecond))
	})
}

// recordObjects writes down which objects of the target are this switch's.
func (s *switcher) recordObjects(ctx context.Context, objects []Object) error {
	if len(objects) == 0 {
		return nil
	}
	return s.update(ctx, s.target, false, func(r *Record) { r.noteUIDs(objects) })
}

// recordRollback writes the begin of a roll back on both sides, as far as they hold a record. The
// target's decides: a commit and a roll back are two changes of this one object.
func (s *switcher) recordRollback(ctx context.Context) error {
	for _, c := range s.targetFirst() {
		_, _, there, err := s.readRecord(ctx, c)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		committed := false
		err = s.update(ctx, c, false, func(r *Record) {
			if committed = r.CommittedAt != nil; !committed {
				r.note(RecordRollback, time.Now().UTC().Truncate(time.Millisecond))
			}
		})
		if err != nil || committed {
			return err // The next reading decides.
		}
	}
	return nil
}

// commit writes the point of no return, at the target first; the source's copy has the same time. A
// record that is lost once this is passed is made again.
func (s *switcher) commit(ctx context.Context, o *Observed) error {
	at := o.Record.CommittedAt
	if at == nil {
		now := time.Now().UTC().Truncate(time.Millisecond)
		at = &now
	}
	lost := o.Record.CommittedAt != nil
	for _, c := range s.targetFirst() {
		err := s.update(ctx, c, lost, func(r *Record) {
			if r.PlanHash == "" {
				*r = o.Record
			}
			if r.CommittedAt == nil {
				r.CommittedAt = at
			}
			at = r.CommittedAt
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forget deletes the pinned plan, what was read again and the records, the source's first: as long as the target's
// is there, a roll back goes on.
func (s *switcher) forget(ctx context.Context) error {
	for _, name := range []string{s.readingName(), s.planName()} {
		if err := s.home.DeleteBundle(ctx, name); err != nil {
			return err
		}
	}
	for _, c := range s.endpoints() {
		if err := c.DeleteRecord(ctx, s.self()); err != nil {
			return err
		}
	}
	return nil
}
