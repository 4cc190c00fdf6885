package outage

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// visibleAfter is how long an outage may last before a status has to name the side.
const visibleAfter = time.Minute

// Sample is what was seen of one move at one moment.
type Sample struct {
	At time.Time
	// Answered: home has answered. Switch is the MoveSwitch then, nil when there is none.
	Answered bool
	Switch   *api.MoveSwitch
	// Stopped: the source's workload asks for no Pods. It was read after the switch.
	Stopped bool
	// Source and Target run processes of the application.
	Source, Target bool
	// Down is since when the API server of the source has not answered; zero while it does.
	Down time.Time
}

// Watch judges the samples of one move, in their order.
type Watch struct {
	// Untrue is what a status has said, or the application has done, that must not be; each kind
	// once, as it was seen first.
	Untrue []string
	// Story is what has changed, for people.
	Story []string

	begun, committed, fenced bool
	told                     map[string]bool
	last                     string
}

var (
	sourceBack  = regexp.MustCompile(`source is (as it was|back)`)
	unreachable = regexp.MustCompile(`(?i)reach|answer|refused|time[d -]*out|deadline`)
)

// See judges the next sample.
func (w *Watch) See(s Sample) {
	w.tell(s)
	if s.Source && s.Target {
		w.wrong(s, "both sides run", "")
	}
	if !s.Answered {
		return
	}
	if s.Switch == nil {
		if w.begun && !w.committed && s.Stopped {
			w.wrong(s, "the switch is gone while the source is stopped", "")
		}
		return
	}
	w.active(s)
	w.conditions(s)
	if !s.Down.IsZero() && s.At.Sub(s.Down) > visibleAfter && !names(s.Switch, api.ConditionStalled) {
		w.wrong(s, "a minute of the outage does not show in Stalled", describe(s.Switch, api.ConditionStalled))
	}
}

// active: what the status has said of the side goes back only with a roll back.
func (w *Watch) active(s Sample) {
	st := s.Switch.Status
	rolledBack := meta.IsStatusConditionTrue(st.Conditions, api.ConditionRolledBack)
	switch {
	case st.Active == api.ActiveNone || st.Active == api.ActiveTarget:
		w.begun = true
	case w.begun && !rolledBack:
		w.wrong(s, "active is Source before a roll back has succeeded", string(st.Active))
	}
	if w.committed && (st.CommittedAt == nil || !meta.IsStatusConditionTrue(st.Conditions, api.ConditionCommitted)) {
		w.wrong(s, "the commit is forgotten", describe(s.Switch, api.ConditionCommitted))
	}
	w.committed = w.committed || st.CommittedAt != nil
}

// conditions that say more than is true while the source is stopped.
func (w *Watch) conditions(s Sample) {
	if !w.begun || !s.Stopped {
		return
	}
	for _, c := range s.Switch.Status.Conditions {
		text := describe(s.Switch, c.Type)
		isTrue := c.Status == metav1.ConditionTrue
		switch {
		case c.Type == api.ConditionRolledBack && isTrue:
			w.wrong(s, "RolledBack is True while the source is stopped", text)
		case sourceBack.MatchString(c.Message):
			w.wrong(s, "the source is said to be back while it is stopped", text)
		case c.Type == api.ConditionSourceFenced && isTrue:
			w.fenced = true
		case c.Type == api.ConditionSourceFenced && w.fenced:
			w.wrong(s, "SourceFenced is no longer True while the source is stopped", text)
		}
	}
}

// names: the condition says that the source cannot be reached.
func names(sw *api.MoveSwitch, kind string) bool {
	c := meta.FindStatusCondition(sw.Status.Conditions, kind)
	return c != nil && c.Status != metav1.ConditionFalse &&
		strings.Contains(c.Message, "source") && unreachable.MatchString(c.Message)
}

func describe(sw *api.MoveSwitch, kind string) string {
	c := meta.FindStatusCondition(sw.Status.Conditions, kind)
	if c == nil {
		return kind + " is not there"
	}
	return fmt.Sprintf("%s=%s %s: %s", kind, c.Status, c.Reason, c.Message)
}

func (w *Watch) wrong(s Sample, kind, detail string) {
	if w.told[kind] {
		return
	}
	if w.told == nil {
		w.told = map[string]bool{}
	}
	w.told[kind] = true
	w.Untrue = append(w.Untrue, strings.TrimSuffix(fmt.Sprintf("%s %s: %s", clock(s), kind, detail), ": "))
}

// tell adds to the story what has changed.
func (w *Watch) tell(s Sample) {
	now := fmt.Sprintf("runs: source %t, target %t; source stopped %t", s.Source, s.Target, s.Stopped)
	switch {
	case !s.Answered:
		now += "; home does not answer"
	case s.Switch == nil:
		now += "; no switch"
	default:
		st := s.Switch.Status
		now += fmt.Sprintf("; active %s, committed %t", st.Active, st.CommittedAt != nil)
		for _, c := range st.Conditions {
			if !slices.Contains([]string{api.ConditionAccepted, api.ConditionApproved}, c.Type) {
				now += "\n      " + describe(s.Switch, c.Type)
			}
		}
		for _, step := range st.Steps {
			if step.State != "Done" {
				now += fmt.Sprintf("\n      step %s %s: %s", step.Name, step.State, step.Message)
			}
		}
	}
	if now != w.last {
		w.last = now
		w.Story = append(w.Story, clock(s)+" "+now)
	}
}

// clock is the time, and that of the outage.
func clock(s Sample) string {
	at := s.At.UTC().Format(time.TimeOnly)
	if !s.Down.IsZero() {
		at += fmt.Sprintf(" (+%.0f s)", s.At.Sub(s.Down).Seconds())
	}
	return at
}
