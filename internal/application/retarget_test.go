package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

const oldClaim = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: src}, spec: {accessModes: [ReadOnlyMany],
	storageClassName: old, volumeName: pv, selector: {matchLabels: {disk: old}}, resources: {requests: {storage: 1Gi}}},
	status: {phase: Bound, capacity: {storage: 2Gi}}}`

func TestRetarget(t *testing.T) {
	cases := map[string]struct {
		reason   string
		target   api.ClaimTarget
		want     string
		warnings int
	}{
		"Nothing": {
			reason: "the mapping of the target, the size that the source has, and what may stand in the way",
			want: `{accessModes: [ReadOnlyMany], storageClassName: new, selector: {matchLabels: {disk: old}},
				resources: {requests: {storage: 2Gi}}}`,
			warnings: 3,
		},
		"Size": {
			reason: "the size that the user wants goes before what the source has",
			target: api.ClaimTarget{Size: "512Mi"},
			want: `{accessModes: [ReadOnlyMany], storageClassName: new, selector: {matchLabels: {disk: old}},
				resources: {requests: {storage: 512Mi}}}`,
			warnings: 2,
		},
		"Class": {
			reason:   "the class goes before the mapping, and a provisioner takes no selector",
			target:   api.ClaimTarget{StorageClassName: new("fast")},
			want:     `{accessModes: [ReadOnlyMany], storageClassName: fast, resources: {requests: {storage: 2Gi}}}`,
			warnings: 2,
		},
		"NoClass": {
			reason: "without a class it is the selector that finds a volume",
			target: api.ClaimTarget{StorageClassName: new("")},
			want: `{accessModes: [ReadOnlyMany], storageClassName: "", selector: {matchLabels: {disk: old}},
				resources: {requests: {storage: 2Gi}}}`,
			warnings: 3,
		},
		"AccessModes": {
			reason: "the data can be written with another mode",
			target: api.ClaimTarget{AccessModes: []api.ClaimAccessMode{"ReadWriteOnce"}},
			want: `{accessModes: [ReadWriteOnce], storageClassName: new, selector: {matchLabels: {disk: old}},
				resources: {requests: {storage: 2Gi}}}`,
			warnings: 2,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.target.Name = "copy"
			p := Make(whole(t, oldClaim, func(in *Input) {
				in.StorageClasses = []api.StorageClassMapping{{From: "old", To: "new"}}
				in.Data.Claims = []api.ClaimData{{Name: "data", Target: tc.target}}
			}))
			want := object(t, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: copy, namespace: src}, spec: `+tc.want+`}`)
			if diff := cmp.Diff([]Object{{Ref: refTo(kindClaim, "copy"), Source: "data", Phase: PhaseVolume, Why: bySelector, Object: want}},
				p.Objects); diff != "" {
				t.Errorf("%s: the claim at the target (-want +got):\n%s", tc.reason, diff)
			}
			if len(p.Blockers) > 0 || len(p.Warnings) != tc.warnings {
				t.Errorf("%s: got the blockers %v and the warnings %q, want %d warnings", tc.reason, p.Blockers, p.Warnings, tc.warnings)
			}
		})
	}
}

// TestRenamedInCustomResources: what a custom resource says of a claim follows, and what only its
// controller knows cannot.
func TestRenamedInCustomResources(t *testing.T) {
	cases := map[string]struct {
		reason, widget, want string
		blockers             []string
	}{
		"Named": {"as fields for claims do",
			`{storage: {claimName: data, storageName: data}}`, `{storage: {claimName: copy, storageName: data}}`, []string{}},
		"Reference": {"as references do", `{from: [{kind: PersistentVolumeClaim, name: data}, {kind: Secret, name: data}]}`,
			`{from: [{kind: PersistentVolumeClaim, name: copy}, {kind: Secret, name: data}]}`, []string{}},
		"Silent": {"its controller would have the old name mounted", `{}`, `{}`, []string{"InvalidSpec PersistentVolumeClaim/data"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			custom := strings.Replace(widget, `{passwordSecretRef: {name: password}}`, tc.widget, 1)
			p := Make(whole(t, join(custom, widgetMade, password, controller, bound), func(in *Input) {
				in.Resources = widgets
				in.Data.Claims = []api.ClaimData{{Name: "data", Target: api.ClaimTarget{Name: "copy"}}}
			}))
			if diff := cmp.Diff(tc.blockers, reasons(p.Blockers)); diff != "" {
				t.Errorf("%s: blockers (-want +got):\n%s", tc.reason, diff)
			}
			for _, o := range p.Objects {
				if o.Kind != "Widget" {
					continue
				}
				want := object(t, `{apiVersion: v1, kind: X, spec: `+tc.want+`}`)
				if diff := cmp.Diff(want.Object["spec"], o.Object.Object["spec"]); diff != "" {
					t.Errorf("%s: the spec (-want +got):\n%s", tc.reason, diff)
				}
				return
			}
			t.Errorf("%s: the resource does not move", tc.reason)
		})
	}
}

// TestRenamedMounts: Pods mount a claim by the name that it has at the target.
func TestRenamedMounts(t *testing.T) {
	const pods = `{spec: {containers: [{name: c}], volumes: [{name: d, persistentVolumeClaim: {claimName: data, readOnly: true}},
		{name: o, persistentVolumeClaim: {claimName: other}}, {name: e, emptyDir: {medium: Memory}}]}}`
	workloads := map[string]string{
		"Deployment":  `{apiVersion: apps/v1, kind: Deployment, metadata: {name: app, namespace: src}, spec: {template: ` + pods + `}}`,
		"StatefulSet": `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: app, namespace: src}, spec: {template: ` + pods + `}}`,
		"CronJob": `{apiVersion: batch/v1, kind: CronJob, metadata: {name: app, namespace: src}, spec: {jobTemplate: {spec: {template: ` +
			pods + `}}}}`,
	}
	other := strings.Replace(bound, "name: data", "name: other", 1)
	policies := map[string]func(*Input){
		"Copy": func(*Input) {},
		"Skip": func(in *Input) { in.Data.Claims[0].Policy = api.ClaimSkip },
		"Excluded": func(in *Input) {
			in.Application.Exclude = []api.ExcludedObject{{Kind: "PersistentVolumeClaim", Name: "data"}}
		},
	}
	for kind, text := range workloads {
		for policy, change := range policies {
			t.Run(kind+policy, func(t *testing.T) {
				p := Make(whole(t, join(text, bound, other), func(in *Input) {
					in.Data.Claims = []api.ClaimData{{Name: "data", Target: api.ClaimTarget{Name: "copy"}}}
					change(in)
				}))
				var mounted []string
				for i := range p.Objects {
					for _, v := range podVolumes(&p.Objects[i].Object) {
						if name, found, _ := unstructured.NestedString(v, "persistentVolumeClaim", "claimName"); found {
							mounted = append(mounted, name)
						}
					}
				}
				if diff := cmp.Diff([]string{"copy", "other"}, mounted); diff != "" {
					t.Errorf("what the Pods mount (-want +got):\n%s", diff)
				}
				there := p.Claim("copy") != nil
				for _, r := range p.Requires {
					there = there || r.Ref == refTo(kindClaim, "copy")
				}
				if !there || p.Claim("data") != nil || len(p.Blockers)+len(p.Warnings) > 0 {
					t.Errorf("the claim copy is neither created nor required, or data is; blockers %v, warnings %q", p.Blockers, p.Warnings)
				}
			})
		}
	}
}

func TestTargetNames(t *testing.T) {
	const set = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: src},
		spec: {template: {spec: {containers: [{name: c}]}}, volumeClaimTemplates: [{metadata: {name: data}}]}}`
	named := func(name string) string { return strings.Replace(bound, "name: data", "name: "+name, 1) }
	to := func(pairs ...string) []api.ClaimData {
		var out []api.ClaimData
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, api.ClaimData{Name: pairs[i], Target: api.ClaimTarget{Name: pairs[i+1]}})
		}
		return out
	}
	cases := map[string]struct {
		reason   string
		objects  string
		claims   []api.ClaimData
		contents api.Contents
		want     []string
	}{
		"Swapped": {"each has a name of its own", join(named("a"), named("b")), to("a", "b", "b", "a"), "", []string{}},
		"Twice": {"one copy would overwrite the other",
			join(named("a"), named("b")), to("a", "c", "b", "c"), "", []string{"InvalidSpec PersistentVolumeClaim/b"}},
		"AsAnother": {"a name that another claim keeps is taken",
			join(named("a"), named("b")), to("b", "a"), "", []string{"InvalidSpec PersistentVolumeClaim/b"}},
		"OfATemplate": {"the StatefulSet at the target would make an empty claim of the old name",
			join(set, named("data-db-0")), to("data-db-0", "copy"), "", []string{"InvalidSpec PersistentVolumeClaim/data-db-0"}},
		"OnlyItsData": {"the StatefulSet is not made at the target",
			join(set, named("data-db-0")), to("data-db-0", "copy"), api.ContentsData, []string{}},
		"BadSize": {"a size that cannot be read must not become the source's",
			named("a"), []api.ClaimData{{Name: "a", Target: api.ClaimTarget{Size: "much"}}}, "", []string{"InvalidSpec PersistentVolumeClaim/a"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, func(in *Input) {
				in.Data.Claims, in.Application.Contents = tc.claims, tc.contents
			}))
			if diff := cmp.Diff(tc.want, reasons(p.Blockers)); diff != "" {
				t.Errorf("%s: blockers (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
