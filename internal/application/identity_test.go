package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// prepared is a Deployment whose claim is prepared by root and written by a user without rights.
const prepared = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src}, spec: {template: {spec: {
  initContainers: [{name: own, securityContext: {runAsUser: 0}, volumeMounts: [{name: d, mountPath: /d}]}],
  containers: [{name: a, securityContext: {runAsUser: 1001, runAsGroup: 1001}, volumeMounts: [{name: d, mountPath: /d}]}],
  volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}}}`

func TestCandidates(t *testing.T) {
	const template = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src}, spec: {template: {spec: %s}}}`
	const volumes = `volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]`
	root := Identity{UID: new(int64(0)), Capabilities: CopyCapabilities(), Container: "i"}
	cases := map[string]struct {
		reason string
		spec   string
		want   []Candidate
	}{
		"One": {
			reason: "containers that run as the same user are one, and there is nothing to choose",
			spec: `{securityContext: {runAsUser: 7, runAsGroup: 7}, containers: [{name: a, volumeMounts: [{name: d, mountPath: /d}]},
				{name: b, volumeMounts: [{name: d, mountPath: /d}]}, {name: c, securityContext: {runAsUser: 9}}], ` + volumes + `}`,
		},
		"Init": {
			reason: "an init container that prepares the volume has rights that the program lacks",
			spec: `{initContainers: [{name: i, securityContext: {runAsUser: 0}, volumeMounts: [{name: d, mountPath: /d}]}],
				containers: [{name: a, securityContext: {runAsUser: 1001, runAsGroup: 1001}, volumeMounts: [{name: d, mountPath: /d}]}], ` +
				volumes + `}`,
			want: []Candidate{{Identity: Identity{UID: new(int64(1001)), GID: new(int64(1001))}}, {Identity: root}},
		},
		"ReadOnly": {
			reason: "one that only reads the claim is the last to be tried, however it reads only",
			spec: `{containers: [{name: r, securityContext: {runAsUser: 5, runAsGroup: 5}, volumeMounts: [{name: d, mountPath: /d, readOnly: true}]},
				{name: a, securityContext: {runAsUser: 6, runAsGroup: 6}, volumeMounts: [{name: d, mountPath: /d}]}], ` + volumes + `}`,
			want: []Candidate{{Identity: Identity{UID: new(int64(5)), GID: new(int64(5))}, ReadOnly: true},
				{Identity: Identity{UID: new(int64(6)), GID: new(int64(6))}}},
		},
		"ReadOnlyOnce": {
			reason: "a user who writes in one container may write",
			spec: `{securityContext: {runAsGroup: 5},
				containers: [{name: r, securityContext: {runAsUser: 5}, volumeMounts: [{name: d, mountPath: /d, readOnly: true}]},
				{name: w, securityContext: {runAsUser: 5}, volumeMounts: [{name: d, mountPath: /d}]},
				{name: a, securityContext: {runAsUser: 6}, volumeMounts: [{name: d, mountPath: /d}]}], ` + volumes + `}`,
			want: []Candidate{{Identity: Identity{UID: new(int64(5)), GID: new(int64(5))}},
				{Identity: Identity{UID: new(int64(6)), GID: new(int64(5))}}},
		},
		"Unknown": {
			reason: "the image decides: each container is asked for itself, and Kubernetes sees to it that one is not root",
			spec: `{containers: [{name: a, volumeMounts: [{name: d, mountPath: /d}]},
				{name: b, securityContext: {runAsNonRoot: true}, volumeMounts: [{name: d, mountPath: /d}]}], ` + volumes + `}`,
			want: []Candidate{{Identity: Identity{Container: "a", Capabilities: CopyCapabilities()}},
				{Identity: Identity{Container: "b", Capabilities: CopyCapabilities()}, NonRoot: true}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, join(strings.Replace(template, "%s", tc.spec, 1), bound), nil))
			if diff := cmp.Diff(tc.want, p.Volumes[0].Candidates); diff != "" {
				t.Errorf("%s: candidates (-want +got):\n%s", tc.reason, diff)
			}
			if len(p.Warnings) > 0 && strings.Contains(strings.Join(p.Warnings, " "), "different users") {
				t.Errorf("what is found out is no warning: %q", p.Warnings)
			}
		})
	}
}

func TestChoices(t *testing.T) {
	user := func(n int64) Candidate { return Candidate{Identity: Identity{UID: new(n), GID: new(n)}} }
	root := Candidate{Identity: Identity{UID: new(int64(0)), Capabilities: CopyCapabilities()}}
	bare := Candidate{Identity: Identity{UID: new(int64(0))}}
	unknown := Candidate{Identity: Identity{Container: "u", Capabilities: CopyCapabilities()}}
	unknownUser, reader := unknown, user(3)
	unknownUser.NonRoot, reader.ReadOnly = true, true
	cases := map[string]struct {
		reason            string
		candidates, users []Candidate
		want              []Identity
	}{
		"Rights": {"the fewest rights first",
			[]Candidate{root, bare, user(1)}, nil, []Identity{user(1).Identity, bare.Identity, root.Identity}},
		"Order": {"of equal ones the first", []Candidate{user(2), user(1)}, nil, []Identity{user(2).Identity, user(1).Identity}},
		"ReadOnly": {"one that writes goes before one that reads only",
			[]Candidate{reader, root}, nil, []Identity{root.Identity, reader.Identity}},
		"Unknown":    {"that it may be root is only assumed", []Candidate{unknown, root}, nil, []Identity{root.Identity, unknown.Identity}},
		"NotRoot":    {"one that cannot be root is not assumed to be", []Candidate{unknownUser, user(1)}, nil, []Identity{user(1).Identity}},
		"NotRootAll": {"a user has to copy", []Candidate{unknownUser}, nil, []Identity{unknownUser.Identity}},
		"Asked": {"what running containers said counts, and two may turn out to be one",
			[]Candidate{unknown, root, user(1)}, []Candidate{user(1), root, user(1)}, []Identity{user(1).Identity, root.Identity}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Volume{Candidates: tc.candidates, Users: tc.users}.Choices()
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
	only := Volume{Identity: user(4).Identity}
	if diff := cmp.Diff([]Identity{only.Identity}, only.Choices()); diff != "" {
		t.Errorf("where there is one identity, it is the choice (-want +got):\n%s", diff)
	}
}

// TestHashOfChosenUsers: who the workers run as is chosen by what is in the volumes, which changes while the
// application runs. Who they can run as is what was approved.
func TestHashOfChosenUsers(t *testing.T) {
	p := Make(whole(t, join(prepared, bound), nil))
	before := p.Hash()
	p.Volumes[0].Identity = p.Volumes[0].Candidates[1].Identity
	p.Volumes[0].TargetIdentity = &p.Volumes[0].Candidates[0].Identity
	p.Volumes[0].Users = p.Volumes[0].Candidates[:1]
	if p.Hash() != before {
		t.Error("another choice of the users is another plan")
	}
	if p.Volumes[0].Users == nil || p.Volumes[0].TargetIdentity == nil {
		t.Error("Hash has changed the plan")
	}
	p.Volumes[0].Candidates[1].Capabilities = nil
	if p.Hash() == before {
		t.Error("other users to choose from are the same plan")
	}
}

func TestWorkerOfTarget(t *testing.T) {
	root := Identity{UID: new(int64(0)), Capabilities: []corev1.Capability{"CHOWN"}}
	v := Volume{Identity: Identity{UID: new(int64(1001)), FSGroup: new(int64(5))}, TargetIdentity: &root}
	if diff := cmp.Diff(root, v.Worker(true)); diff != "" {
		t.Errorf("at the target (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Identity{UID: new(int64(1001))}, v.Worker(false)); diff != "" {
		t.Errorf("at the source (-want +got):\n%s", diff)
	}
}
