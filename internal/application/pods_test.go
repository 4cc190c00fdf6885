package application

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// TestPodsThatHang: a switch would wait in vain for a Pod that does not go when it is deleted.
func TestPodsThatHang(t *testing.T) {
	const (
		pod = `{apiVersion: v1, kind: Pod, metadata: {name: web-1, namespace: src, deletionTimestamp: "2026-01-01T11:00:00Z"},
			spec: {nodeName: node-1, volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}, status: {phase: Running}}`
		off = "spec: {nodeName: node-1, volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}"
		its = `ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}], `
		the = "PodNotEnded Pod/web-1"
	)
	with := func(old, now string) string { return strings.Replace(pod, old, now, 1) }
	for name, c := range map[string]struct {
		reason, pod string
		now         time.Time
		want        []string
		says        string
	}{
		"OnAClaim": {"it may write", pod, noon, []string{the}, "was to be gone by 2026-01-01T11:00:00Z"},
		"OfAWorkload": {"the switch waits for it, whatever it mounts",
			strings.Replace(with("namespace: src, ", "namespace: src, "+its), off, "spec: {}", 1), noon, []string{the}, ""},
		"OfAnother": {"nothing waits for it", with(off, "spec: {}"), noon, []string{}, ""},
		"Finalizer": {"the node alone cannot fix it",
			with("namespace: src, ", "namespace: src, finalizers: [a.b/c], "), noon, []string{the}, "finalizers: a.b/c"},
		"InTime":      {"it is ending", with("11:00:00", "11:59:30"), noon, []string{}, ""},
		"InItsGrace":  {"the time of its deletion is one to come", with("11:00:00", "12:30:00"), noon, []string{}, ""},
		"Ended":       {"a finalizer keeps the object, and nothing runs", with("phase: Running", "phase: Succeeded"), noon, []string{}, ""},
		"Lost":        {"one blocker says enough", with("phase: Running", "phase: Failed"), noon, []string{the}, "has failed"},
		"NotDeleted":  {"it is an ordinary Pod", with(`, deletionTimestamp: "2026-01-01T11:00:00Z"`, ""), noon, []string{}, ""},
		"TimeUnknown": {"nothing is late without a clock", pod, time.Time{}, []string{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := whole(t, join(webYAML, bound, c.pod), func(in *Input) {
				in.Application.Selector.MatchLabels = map[string]string{"app": "web"}
				in.Now = c.now
			})
			p := Make(in)
			got := []string{}
			for _, b := range p.Blockers {
				if b.Reason != api.ReasonPodNotEnded {
					continue // Another client's Pod on a claim is a blocker in any case.
				}
				got = append(got, b.Reason+" "+b.Object)
				if !strings.Contains(b.Message, c.says) {
					t.Errorf("the message does not say %q: %s", c.says, b.Message)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: blockers (-want +got):\n%s", c.reason, diff)
			}
			in.Now = noon.Add(24 * time.Hour)
			if p.Hash() != Make(in).Hash() {
				t.Error("a day later the hash is another one")
			}
		})
	}
}
