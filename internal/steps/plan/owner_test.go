package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/survey"
)

func TestNeedsOwner(t *testing.T) {
	blocker := []api.Blocker{{Reason: api.ReasonUnsupportedVolume, Object: "PersistentVolumeClaim/data"}}
	cases := map[string]struct {
		reason   string
		volume   application.Volume
		blockers []api.Blocker
		want     bool
	}{
		"Unused": {"nothing else tells whose the files are", application.Volume{}, nil, true},
		"Used":   {"the workload's user counts", application.Volume{Identity: application.Identity{UID: num(1)}}, nil, false},
		"Unknown user": {"a running container is asked instead",
			application.Volume{Identity: application.Identity{Container: "c"}}, nil, false},
		"Empty":          {"what is not copied needs no workers", application.Volume{Policy: api.ClaimCreateEmpty}, nil, false},
		"One privileged": {"the other side's worker is not", application.Volume{PrivilegedTarget: true}, nil, true},
		"Privileged": {"privileged workers read and write everything",
			application.Volume{PrivilegedSource: true, PrivilegedTarget: true}, nil, false},
		"Blocked": {"a Pod might wait for the volume for ever", application.Volume{}, blocker, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v := tc.volume
			v.Name = "data"
			if v.Policy == "" {
				v.Policy = api.ClaimCopy
			}
			if got := needsOwner(&application.Plan{Blockers: tc.blockers}, v); got != tc.want {
				t.Errorf("%s: got %v, want %v", tc.reason, got, tc.want)
			}
		})
	}
}

func TestOwnedBy(t *testing.T) {
	cases := map[string]struct {
		reason string
		root   survey.Root
		want   application.Identity
	}{
		"User": {"without its group a new volume could not be written", survey.Root{UID: 1000, GID: 2000, Mode: 0o700},
			application.Identity{UID: num(1000), GID: num(2000), FSGroup: num(2000)}},
		"Root": {"no workload has shown that root may do more here than own files", survey.Root{},
			application.Identity{UID: num(0), GID: num(0)}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, ownedBy(tc.root)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
