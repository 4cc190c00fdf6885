package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func TestNextLock(t *testing.T) {
	me := Holder{UID: "me", Name: "home/me", Home: "h"}
	other := Holder{UID: "other", Name: "home/other", Home: "h"}
	held := func(h Holder, change func(*coordinationv1.Lease)) *coordinationv1.Lease {
		l := newLock("shop", h)
		l.ResourceVersion = "7"
		if change != nil {
			change(l)
		}
		return l
	}
	force := func(l *coordinationv1.Lease) { l.Annotations[api.ForceUnlockAnnotation] = "true" }
	cases := map[string]struct {
		reason string
		lease  *coordinationv1.Lease
		gone   func(Holder) bool
		done   bool
		locked *Holder
		// taken: an update takes the lock over.
		taken bool
	}{
		"Mine": {
			reason: "A task that was killed after it took the lock finds it and goes on.",
			lease:  held(me, nil), done: true,
		},
		"Other": {
			reason: "No client takes a lock from a holder that may be alive.",
			lease:  held(other, nil), locked: &other,
		},
		"OtherAlive": {
			reason: "A holder that is there keeps its lock.",
			lease:  held(other, nil), gone: func(Holder) bool { return false }, locked: &other,
		},
		"OtherGone": {
			reason: "The lock of a switch that does not exist any more is taken over.",
			lease:  held(other, nil), gone: func(h Holder) bool { return h == other }, taken: true,
		},
		"Forced": {
			reason: "A person has said that the lock may be taken over.",
			lease:  held(other, force), taken: true,
		},
		"NotForced": {
			reason: "Any other value of the annotation means nothing.",
			lease:  held(other, func(l *coordinationv1.Lease) { l.Annotations[api.ForceUnlockAnnotation] = "false" }), locked: &other,
		},
		"Empty": {
			reason: "A lock without a holder is free.",
			lease:  held(other, func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = nil }), taken: true,
		},
		"Bare": {
			reason: "Another client may have removed labels and annotations.",
			lease:  held(other, func(l *coordinationv1.Lease) { l.Annotations, l.Labels, l.Spec.HolderIdentity = nil, nil, nil }), taken: true,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			next, done, locked := nextLock(tc.lease, me, tc.gone)
			var by *Holder
			if locked != nil {
				by = &locked.Holder
			}
			if diff := cmp.Diff([]any{tc.done, tc.locked, tc.taken}, []any{done, by, next != nil}); diff != "" {
				t.Fatalf("%s\n-want +got:\n%s", tc.reason, diff)
			}
			if next == nil {
				return
			}
			if diff := cmp.Diff(&me, HolderOf(next)); diff != "" {
				t.Errorf("%s\nholder: -want +got:\n%s", tc.reason, diff)
			}
			if next.ResourceVersion != "7" || next.Annotations[api.ForceUnlockAnnotation] != "" || next.Spec.LeaseDurationSeconds != nil {
				t.Errorf("%s\nthe update must carry the version, drop the permission and never expire: %v", tc.reason, next)
			}
			if got := HolderOf(tc.lease); got != nil && *got == me {
				t.Errorf("%s\nthe lease that was read was changed", tc.reason)
			}
		})
	}
}
