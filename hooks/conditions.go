package hooks

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/task"
)

// Conditions builds the conditions of a status. A condition keeps its transition time until
// its status changes, so that the same observations give the same bytes.
type Conditions struct {
	previous   []metav1.Condition
	generation int64
	now        metav1.Time
	list       []metav1.Condition
}

// NewConditions starts from the conditions of the previous status.
func NewConditions(previous []metav1.Condition, generation int64, now time.Time) *Conditions {
	return &Conditions{
		previous:   previous,
		generation: generation,
		now:        metav1.NewTime(now.UTC().Truncate(time.Second)),
	}
}

// Set adds a condition.
func (c *Conditions) Set(kind string, status metav1.ConditionStatus, reason, message string) {
	x := metav1.Condition{
		Type:               kind,
		Status:             status,
		ObservedGeneration: c.generation,
		LastTransitionTime: c.now,
		Reason:             reason,
		Message:            task.Cut(message, task.MaxMessage),
	}
	if old := c.Previous(kind); old != nil && old.Status == status {
		x.LastTransitionTime = old.LastTransitionTime
	}
	meta.RemoveStatusCondition(&c.list, kind)
	c.list = append(c.list, x)
}

// True sets a condition to True.
func (c *Conditions) True(kind, reason, message string) {
	c.Set(kind, metav1.ConditionTrue, reason, message)
}

// False sets a condition to False.
func (c *Conditions) False(kind, reason, message string) {
	c.Set(kind, metav1.ConditionFalse, reason, message)
}

// Unknown sets a condition to Unknown.
func (c *Conditions) Unknown(kind, reason, message string) {
	c.Set(kind, metav1.ConditionUnknown, reason, message)
}

// Keep adds conditions as they were; those that were not set are left out.
func (c *Conditions) Keep(kinds ...string) {
	for _, kind := range kinds {
		if old := c.Previous(kind); old != nil {
			c.Set(kind, old.Status, old.Reason, old.Message)
		}
	}
}

// Previous returns the condition of the previous status, or nil.
func (c *Conditions) Previous(kind string) *metav1.Condition {
	return meta.FindStatusCondition(c.previous, kind)
}

// WasTrue says whether the condition was True in the previous status.
func (c *Conditions) WasTrue(kind string) bool {
	return meta.IsStatusConditionTrue(c.previous, kind)
}

// ReasonIfTrue is the reason of a condition that was set to True; empty: it is not True. Printer
// columns cannot choose by type and status at once.
func (c *Conditions) ReasonIfTrue(kind string) string {
	if x := meta.FindStatusCondition(c.list, kind); x != nil && x.Status == metav1.ConditionTrue {
		return x.Reason
	}
	return ""
}

// List returns the conditions in the order they were set.
func (c *Conditions) List() []metav1.Condition { return c.list }

// Now is the time of the decision.
func (c *Conditions) Now() time.Time { return c.now.Time }

// Warned is the end of a message about a run that has warned: how often, the first warning, and the
// field that holds all.
func Warned(warnings []string, field string) string {
	const most = 400
	if len(warnings) == 0 {
		return ""
	}
	count := "1 warning"
	if n := len(warnings); n > 1 {
		count = fmt.Sprintf("%d warnings, the first", n)
	}
	return fmt.Sprintf(", with %s: %s (%s)", count, task.Cut(warnings[0], most), field)
}
