package main

import (
	"strings"
	"testing"
)

func TestReady(t *testing.T) {
	widget := &object{}
	widget.Spec.Replicas, widget.Metadata.Generation = 2, 3
	deployment := func(observed, updated, available int64) *object {
		d := &object{}
		d.Metadata.Generation = 5
		d.Status.ObservedGeneration, d.Status.UpdatedReplicas, d.Status.AvailableReplicas = observed, updated, available
		return d
	}
	cases := map[string]struct {
		reason     string
		deployment *object
		want       string
	}{
		"ready":        {"all replicas of the newest template are available", deployment(5, 2, 2), "True"},
		"stale":        {"its controller has not seen the newest template", deployment(4, 2, 2), "False"},
		"old replicas": {"those that are available are of an older template", deployment(5, 1, 2), "False"},
		"too few":      {"one replica is not available", deployment(5, 2, 1), "False"},
		"stopped":      {"a move has scaled it to zero", deployment(5, 0, 0), "False"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := ready(widget, c.deployment)
			if got.Status != c.want || got.ObservedGeneration != 3 {
				t.Errorf("got %+v, want %s at generation 3: %s", got, c.want, c.reason)
			}
		})
	}
	old := ready(widget, deployment(5, 2, 2))
	old.LastTransitionTime = "2026-01-02T03:04:05Z"
	widget.Status.Conditions = []condition{old}
	if got := ready(widget, deployment(5, 2, 2)); got != old {
		t.Errorf("got %+v, want %+v: nothing has changed, so nothing is written", got, old)
	}
	if got := ready(widget, deployment(5, 2, 1)); got.LastTransitionTime == old.LastTransitionTime {
		t.Errorf("got %+v: it has changed since", got)
	}
}

func TestMadeIsTwoObjects(t *testing.T) {
	var text strings.Builder
	if err := made.Execute(&text, &object{}); err != nil {
		t.Fatal(err)
	}
	config, workload, _ := strings.Cut(text.String(), "\n---\n")
	if !strings.Contains(config, "\nkind: ConfigMap\n") || !strings.Contains(workload, "\nkind: Deployment\n") {
		t.Errorf("made.yaml holds\n%s\nwant a ConfigMap and a Deployment", text.String())
	}
}
