package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/view"
)

type eventsOptions struct {
	output   kit.Output
	warnings bool
}

func newEventsCommand(k *kit.Kit) *cobra.Command {
	o := &eventsOptions{}
	c := onMove(k, "events [NAME]", "Show the events of a move, and of its Jobs and Pods",
		"Show the events of the objects of a move and of its Jobs and Pods at home, the oldest first. Kubernetes keeps events for an hour.",
		func(ctx context.Context, m snapshot.Move) error { return runEvents(ctx, k, o, m) })
	o.output.AddFlag(c, "table", "json", "yaml")
	c.Flags().BoolVar(&o.warnings, "warnings", false, "only warnings")
	return c
}

// Event of an object of a move.
type Event struct {
	At      time.Time `json:"at"`
	Type    string    `json:"type"`
	Reason  string    `json:"reason"`
	Object  string    `json:"object"`
	Message string    `json:"message"`
	Count   int32     `json:"count"`
}

func runEvents(ctx context.Context, k *kit.Kit, o *eventsOptions, m snapshot.Move) error {
	if err := o.output.Check(); err != nil {
		return err
	}
	jobs, pods, err := work(ctx, k, m)
	if err != nil {
		return err
	}
	var own []metav1.Object
	for i := range jobs {
		own = append(own, &jobs[i])
	}
	for i := range pods {
		own = append(own, &pods[i])
	}
	core, err := k.Core()
	if err != nil {
		return err
	}
	options := metav1.ListOptions{Limit: 500}
	if o.warnings {
		options.FieldSelector = "type=" + corev1.EventTypeWarning
	}
	var all []corev1.Event
	for {
		page, err := core.CoreV1().Events(m.Namespace).List(ctx, options)
		if err != nil {
			return fault.API("cannot list events in namespace "+m.Namespace, err)
		}
		all = append(all, page.Items...)
		if options.Continue = page.Continue; options.Continue == "" {
			break
		}
	}
	events := eventsOf(all, append(own, objects(m)...))
	if done, err := o.output.Print(k, events, nil); done {
		return err
	}
	if len(events) == 0 {
		k.Narrate("There are no events of %s.", m.Key())
		return nil
	}
	rows := [][]string{{"AGE", "TYPE", "REASON", "OBJECT", "MESSAGE"}}
	for _, e := range events {
		rows = append(rows, []string{sinceText(k.Now(), e.At), e.Type, e.Reason, e.Object, e.Message})
	}
	fmt.Fprint(k.Out, view.Columns(rows, k.View(k.Out), nil))
	return nil
}

// objects of KubeMove's kinds that belong to a move.
func objects(m snapshot.Move) []metav1.Object {
	var out []metav1.Object
	switch {
	case m.Engine != nil:
		out = append(out, m.Engine)
	case m.Reverse != nil:
		out = append(out, m.Reverse)
	}
	for _, r := range m.Routes {
		if r.Pair != nil {
			out = append(out, r.Pair)
		}
		for _, d := range r.Syncs {
			out = append(out, d)
		}
		if r.MoveSwitch != nil {
			out = append(out, r.MoveSwitch)
		}
	}
	return out
}

// eventsOf the objects, by their UIDs, the oldest first.
func eventsOf(all []corev1.Event, own []metav1.Object) []Event {
	mine := map[string]bool{}
	for _, o := range own {
		mine[string(o.GetUID())] = true
	}
	out := []Event{}
	for i := range all {
		e := &all[i]
		if !mine[string(e.InvolvedObject.UID)] {
			continue
		}
		out = append(out, Event{At: eventTime(e), Type: e.Type, Reason: e.Reason, Message: e.Message, Count: max(1, e.Count),
			Object: e.InvolvedObject.Kind + "/" + e.InvolvedObject.Name})
	}
	slices.SortStableFunc(out, func(a, b Event) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Object, b.Object)) })
	return out
}

// eventTime is when it was last seen; which field says so depends on who has written it.
func eventTime(e *corev1.Event) time.Time {
	switch {
	case e.Series != nil && !e.Series.LastObservedTime.IsZero():
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	case !e.EventTime.IsZero():
		return e.EventTime.Time
	}
	return e.CreationTimestamp.Time
}
