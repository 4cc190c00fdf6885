package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEphemeral(t *testing.T) {
	cases := map[string]struct {
		reason string
		// volumes of the Pod, and where its containers mount them.
		volumes, mounts, inits string
		want                   []string
	}{
		"Claims": {
			reason:  "the data of claims moves, and settings are objects of their own",
			volumes: `{name: s, secret: {secretName: x, optional: true}}, {name: c, configMap: {name: x, optional: true}}`,
		},
		"Data": {
			reason:  "what a program keeps where data is kept may be missed",
			volumes: `{name: work, emptyDir: {}}`,
			mounts:  `{name: work, mountPath: /work}`,
			want:    []string{"work (emptyDir)"},
		},
		"OneLine": {
			reason: "a workload has one line, whatever its volumes are",
			volumes: `{name: work, emptyDir: {}}, {name: big, ephemeral: {volumeClaimTemplate: {spec: {}}}}, {name: host,
				hostPath: {path: /srv}}, {name: share, nfs: {server: s, path: /p}}`,
			mounts: `{name: work, mountPath: /work}, {name: big, mountPath: /big}`,
			want:   []string{"big (ephemeral), host (hostPath), share (NFS: the target mounts the same server), work (emptyDir)"},
		},
		"Memory": {
			reason:  "what lies in memory is lost with every Pod",
			volumes: `{name: work, emptyDir: {medium: Memory}}`,
			mounts:  `{name: work, mountPath: /work}`,
		},
		"Scratch": {
			reason: "nothing relies on what is in these folders",
			volumes: `{name: a, emptyDir: {}}, {name: b, emptyDir: {}}, {name: c, emptyDir: {}}, {name: d,
				ephemeral: {volumeClaimTemplate: {spec: {}}}}`,
			mounts: `{name: a, mountPath: /tmp/}, {name: b, mountPath: /var/run/postgresql}, {name: c,
				mountPath: /var/cache/nginx}, {name: d, mountPath: /var/tmp}`,
		},
		"Alike": {
			reason:  "another folder may have a name that begins so",
			volumes: `{name: work, emptyDir: {}}`,
			mounts:  `{name: work, mountPath: /tmpfiles}`,
			want:    []string{"work (emptyDir)"},
		},
		"Both": {
			reason:  "one container that mounts it elsewhere is enough",
			volumes: `{name: work, emptyDir: {}}`,
			mounts:  `{name: work, mountPath: /tmp}`,
			inits:   `{name: work, mountPath: /seed}`,
			want:    []string{"work (emptyDir)"},
		},
		"Host": {
			reason:  "a folder of the node is the node's, wherever it is mounted",
			volumes: `{name: docker, hostPath: {path: /var/run/docker.sock}}`,
			mounts:  `{name: docker, mountPath: /var/run/docker.sock}`,
			want:    []string{"docker (hostPath)"},
		},
		"Device": {
			reason:  "it is not known what is on a volume that is not mounted",
			volumes: `{name: work, ephemeral: {volumeClaimTemplate: {spec: {volumeMode: Block}}}}`,
			want:    []string{"work (ephemeral)"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, runner("web", `containers: [{name: c, volumeMounts: [`+tc.mounts+
				`]}], initContainers: [{name: i, volumeMounts: [`+tc.inits+`]}], volumes: [`+tc.volumes+`]`), nil))
			var got []string
			for _, w := range p.Warnings {
				if text, found := strings.CutPrefix(w, "Deployment.apps/web: the data of these volumes does not move: "); found {
					got = append(got, text)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s\nall: %q", tc.reason, diff, p.Warnings)
			}
		})
	}
}
