package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// outcome is what a test of a plan looks at.
type outcome struct {
	Objects, Stopped, Volumes, Blockers []string
	Warnings                            int
}

func outcomeOf(p *Plan) outcome {
	out := outcome{Blockers: reasons(p.Blockers), Warnings: len(p.Warnings)}
	for _, o := range p.Objects {
		out.Objects = append(out.Objects, o.Ref.String())
	}
	for _, w := range p.Workloads {
		out.Stopped = append(out.Stopped, w.Ref.String())
	}
	for _, v := range p.Volumes {
		out.Volumes = append(out.Volumes, v.Name+" > "+v.Target+": "+string(v.Policy))
	}
	return out
}

func TestNamedClaims(t *testing.T) {
	const alone, copied = "PersistentVolumeClaim/data", "data > data: Copy"
	cases := map[string]struct {
		reason  string
		objects string
		change  func(*Input)
		want    outcome
	}{
		"Alone": {
			reason:  "a claim needs no workload, and nothing else of the namespace moves with it",
			objects: join(bound, `{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: src}}`),
			want:    outcome{Objects: []string{alone}, Volumes: []string{copied}, Blockers: []string{}},
		},
		"Missing": {
			reason:  "a claim that is not there must not be passed over",
			objects: `{apiVersion: v1, kind: ConfigMap, metadata: {name: data, namespace: src}}`,
			want:    outcome{Blockers: []string{"ClaimMissing PersistentVolumeClaim/data"}},
		},
		"Ours": {
			reason:  "what KubeMove made for its work is not to be moved",
			objects: strings.Replace(bound, "namespace: src", "namespace: src, labels: {app.kubernetes.io/managed-by: kubemove}", 1),
			want:    outcome{Blockers: []string{"ClaimMissing PersistentVolumeClaim/data"}},
		},
		"Ephemeral": {
			reason: "the claim of one Pod is gone before it could be switched",
			objects: strings.Replace(bound, "namespace: src",
				"namespace: src, ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u, controller: true}]", 1),
			want: outcome{Blockers: []string{"UnsupportedVolume PersistentVolumeClaim/data"}},
		},
		"MadeByAnOperator": {
			reason: "a claim holds data, no matter which client made it",
			objects: strings.Replace(bound, "namespace: src",
				"namespace: src, ownerReferences: [{apiVersion: a.b/v1, kind: Db, name: x, uid: u, controller: true}]", 1),
			want: outcome{Objects: []string{alone}, Volumes: []string{copied}, Blockers: []string{}},
		},
		"InUse": {
			reason:  "a workload that is not selected would go on writing",
			objects: join(bound, webYAML),
			want:    outcome{Objects: []string{alone}, Volumes: []string{copied}, Blockers: []string{"ClaimShared PersistentVolumeClaim/data"}},
		},
		"UserIsStopped": {
			reason:  "what is stopped writes nothing, and a person may start it again",
			objects: join(bound, webOff),
			want:    outcome{Objects: []string{alone}, Volumes: []string{copied}, Blockers: []string{}, Warnings: 1},
		},
		"WithItsWorkload": {
			reason:  "a claim that a member mounts anyway moves once",
			objects: join(bound, webYAML),
			change: func(in *Input) {
				in.Application.Workloads = []api.WorkloadReference{{Kind: "Deployment", Name: "web"}}
			},
			want: outcome{Objects: []string{alone, "Deployment.apps/web"}, Stopped: []string{"Deployment.apps/web"},
				Volumes: []string{copied}, Blockers: []string{}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, func(in *Input) {
				in.Application = api.Application{Claims: []api.ClaimReference{{Name: "data"}}}
				if tc.change != nil {
					tc.change(in)
				}
			}))
			if diff := cmp.Diff(tc.want, outcomeOf(p)); diff != "" {
				t.Errorf("%s: the plan (-want +got):\n%s\nwarnings %q", tc.reason, diff, p.Warnings)
			}
		})
	}
}
