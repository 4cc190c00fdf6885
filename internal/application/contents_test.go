package application

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func TestContents(t *testing.T) {
	const (
		app = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: app, namespace: src},
			spec: {template: {metadata: {labels: {app: app}},
			spec: {priorityClassName: gold, containers: [{name: c, envFrom: [{secretRef: {name: gone}}, {configMapRef: {name: app}}]}],
			volumes: [{name: d, persistentVolumeClaim: {claimName: data}}, {name: e, emptyDir: {}}]}}}}`
		config  = `{apiVersion: v1, kind: ConfigMap, metadata: {name: app, namespace: src}}`
		service = `{apiVersion: v1, kind: Service, metadata: {name: app, namespace: src}, spec: {type: NodePort, selector: {app: app}}}`
		daemon  = `{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: src},
			spec: {template: {spec: {containers: [{name: c}]}}}}`
		claim = "PersistentVolumeClaim/data"
	)
	skip := []api.ClaimData{{Name: "data", Policy: api.ClaimSkip}}
	stopped := []string{"Deployment.apps/app"}
	rest := []string{"ConfigMap/app", "Service/app", "Deployment.apps/app"}
	objects := func(claims ...string) []string {
		return append(claims, "ConfigMap/app", "Deployment.apps/app", "Service/app")
	}
	cases := map[string]struct {
		reason   string
		objects  string
		contents api.Contents
		change   func(*Input)
		want     outcome
		left     []string
		requires []string
	}{
		"Data": {
			reason:   "claims move, workloads only stop, and what they refer to does not matter",
			objects:  join(app, config, service, bound),
			contents: api.ContentsData,
			want:     outcome{Objects: []string{claim}, Stopped: stopped, Volumes: []string{"data > data: Copy"}, Blockers: []string{}},
			left:     rest,
		},
		"DataBesideADaemonSet": {
			reason:   "what mounts none of the claims need not stop",
			objects:  join(app, bound, daemon),
			contents: api.ContentsData,
			want:     outcome{Objects: []string{claim}, Stopped: stopped, Volumes: []string{"data > data: Copy"}, Blockers: []string{}},
			left:     []string{"Deployment.apps/app", "DaemonSet.apps/agent"},
		},
		"DataOfNothing": {
			reason:   "a switch that only stops the application was not meant",
			objects:  config,
			contents: api.ContentsData,
			want:     outcome{Blockers: []string{"NothingSelected "}},
			left:     []string{"ConfigMap/app"},
		},
		"DataWithoutClaims": {
			reason:   "a switch that only stops the application was not meant",
			objects:  config + "\n---\n" + daemon,
			contents: api.ContentsData,
			change: func(in *Input) {
				in.Application.Exclude = []api.ExcludedObject{{Kind: "DaemonSet"}}
			},
			want: outcome{Blockers: []string{"NothingSelected "}},
			left: []string{"ConfigMap/app", "DaemonSet.apps/agent"},
		},
		"DataOfAnExcludedClaim": {
			reason:   "nothing starts at the target that would need the claim",
			objects:  join(app, bound, config),
			contents: api.ContentsData,
			change: func(in *Input) {
				in.Application.Exclude = []api.ExcludedObject{{Kind: "PersistentVolumeClaim"}}
			},
			want: outcome{Stopped: stopped, Blockers: []string{"NothingSelected "}},
			left: []string{"ConfigMap/app", "PersistentVolumeClaim/data", "Deployment.apps/app"},
		},
		"Objects": {
			reason:   "the default policy of an entry for a claim does not copy it",
			objects:  join(app, config, service, bound),
			contents: api.ContentsObjects,
			change:   func(in *Input) { in.Data.Claims = []api.ClaimData{{Name: "data", Policy: api.ClaimCopy}} },
			want: outcome{Objects: objects(claim), Stopped: stopped, Volumes: []string{"data > data: CreateEmpty"},
				Blockers: []string{}, Warnings: 3},
			requires: []string{"PriorityClass.scheduling.k8s.io/gold"},
		},
		"ObjectsWithAClaimThere": {
			reason:   "a claim that is there is used when the user says so",
			objects:  join(app, config, service, bound),
			contents: api.ContentsObjects,
			change:   func(in *Input) { in.Data.Claims = skip },
			want:     outcome{Objects: objects(), Stopped: stopped, Volumes: []string{"data > data: Skip"}, Blockers: []string{}, Warnings: 2},
			requires: []string{"PriorityClass.scheduling.k8s.io/gold", claim},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, func(in *Input) {
				in.Application.Contents = tc.contents
				if tc.change != nil {
					tc.change(in)
				}
			}))
			var left, requires []string
			for _, l := range p.Left {
				left = append(left, l.Ref.String())
			}
			for _, r := range p.Requires {
				requires = append(requires, r.Ref.String())
			}
			if diff := cmp.Diff(tc.want, outcomeOf(p)); diff != "" {
				t.Errorf("%s: the plan (-want +got):\n%s\nwarnings %q", tc.reason, diff, p.Warnings)
			}
			if diff := cmp.Diff([][]string{tc.left, tc.requires}, [][]string{left, requires}); diff != "" {
				t.Errorf("%s: what is left and required (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestDataOfACustomResource: what it makes has to stop as well, and its definition is not needed.
func TestDataOfACustomResource(t *testing.T) {
	p := Make(whole(t, join(widget, widgetMade, password, controller, bound), func(in *Input) {
		in.Resources = widgets
		in.Application.Contents = api.ContentsData
	}))
	want := planned{
		Moves: []string{"PersistentVolumeClaim/data"},
		Stops: []string{"Deployment.apps/widgets", "Deployment.apps/widget-a of Widget.example.com/a"},
	}
	got := outline(p, nil)
	for _, l := range p.Left {
		if l.Why != byContents {
			t.Errorf("%s is left as %q, want %q", l.Ref, l.Why, byContents)
		}
	}
	got.Left = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the plan (-want +got):\n%s", diff)
	}
	if len(p.Left) != 7 {
		t.Errorf("left is %v, want all but the claim", p.Left)
	}
}

// TestHashFollowsTheContents: also where the two plans do the same.
func TestHashFollowsTheContents(t *testing.T) {
	hash := func(c api.Contents) string {
		return Make(whole(t, webOff, func(in *Input) { in.Application.Contents = c })).Hash()
	}
	if hash("") != hash(api.ContentsAll) {
		t.Error("the default is another plan when it is written down")
	}
	if hash(api.ContentsAll) == hash(api.ContentsObjects) {
		t.Error("other contents are another plan, and the hash is the same")
	}
}

// TestContentsAreParts: data and objects together are what moves as a whole.
func TestContentsAreParts(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		part := func(c api.Contents) *Plan {
			in := w.in
			in.Application.Contents = c
			return Make(in)
		}
		all, data, objects := part(api.ContentsAll), part(api.ContentsData), part(api.ContentsObjects)
		claims := slices.DeleteFunc(slices.Clone(all.Objects), func(o Object) bool { return o.kind() != kindClaim })
		if diff := cmp.Diff(claims, data.Objects); diff != "" {
			t.Errorf("Data creates other claims than All (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(all.Objects, objects.Objects); diff != "" {
			t.Errorf("Objects creates something else than All (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(all.Volumes, data.Volumes); diff != "" {
			t.Errorf("Data copies something else than All (-want +got):\n%s", diff)
		}
		for _, p := range []*Plan{data, objects} {
			if diff := cmp.Diff(all.Workloads, p.Workloads); diff != "" {
				t.Errorf("%s stops something else than All (-want +got):\n%s", p.Contents, diff)
			}
		}
		for _, v := range objects.Volumes {
			if v.Policy == api.ClaimCopy || v.Mobilizer != "" {
				t.Errorf("Objects copies %s", v.Name)
			}
		}
	})
}
