package application

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// claimOf is a bound claim with an access mode.
func claimOf(name, mode string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: %s, namespace: src}, spec: {accessModes: [%s]},
		status: {phase: Bound}}`, name, mode)
}

// podsWith is the spec of Pods with more fields and claims.
func podsWith(fields string, claims ...string) string {
	var volumes []string
	for _, c := range claims {
		volumes = append(volumes, fmt.Sprintf(`{name: v-%s, persistentVolumeClaim: {claimName: %s}}`, c, c))
	}
	return fmt.Sprintf(`{%s containers: [{name: c}], volumes: [%s]}`, fields, strings.Join(volumes, ", "))
}

func deploymentOf(name string, replicas int, spec string) string {
	return fmt.Sprintf(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: %s, namespace: src},
		spec: {replicas: %d, template: {spec: %s}}}`, name, replicas, spec)
}

func cronJobOf(name, spec string) string {
	return fmt.Sprintf(`{apiVersion: batch/v1, kind: CronJob, metadata: {name: %s, namespace: src},
		spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: %s}}}}}`, name, spec)
}

func setOf(name, spec string, templates ...string) string {
	var list []string
	for _, t := range templates {
		list = append(list, fmt.Sprintf(`{metadata: {name: %s}, spec: {accessModes: [ReadWriteOnce]}}`, t))
	}
	return fmt.Sprintf(`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: %s, namespace: src},
		spec: {replicas: 2, volumeClaimTemplates: [%s], template: {spec: %s}}}`, name, strings.Join(list, ", "), spec)
}

const (
	rwo, rwx = "ReadWriteOnce", "ReadWriteMany"
	onSSD    = `nodeSelector: {disk: ssd},`
)

// made is a workload that the widget makes.
func made(workload string) string {
	return strings.Replace(workload, "namespace: src}",
		"namespace: src, ownerReferences: [{apiVersion: example.com/v1, kind: Widget, name: a, uid: w, controller: true}]}", 1)
}

func groupsOf(p *Plan) map[string]string {
	out := map[string]string{}
	for _, v := range p.Volumes {
		out[v.Target] = v.Placement.Group
	}
	return out
}

func TestGroups(t *testing.T) {
	set := join(claimOf("data-db-0", rwo), claimOf("wal-db-0", rwo), claimOf("data-db-1", rwo), claimOf("wal-db-1", rwo))
	cases := map[string]struct {
		reason  string
		objects string
		change  func(*Input)
		want    map[string]string
	}{
		"Single": {
			reason:  "one claim goes wherever its Pod can run",
			objects: join(deploymentOf("web", 1, podsWith("", "a")), claimOf("a", rwo)),
			want:    map[string]string{"a": ""},
		},
		"Deployment": {
			reason:  "its Pods mount all claims, and those that many nodes can mount must be in their reach too",
			objects: join(deploymentOf("web", 1, podsWith("", "b", "a")), claimOf("a", rwo), claimOf("b", rwx)),
			want:    map[string]string{"a": "a", "b": "a"},
		},
		"NoWorkload": {
			reason:  "no Pod mounts them together",
			objects: join(claimOf("a", rwo), claimOf("b", rwo)),
			want:    map[string]string{"a": "", "b": ""},
		},
		"Ordinals": {
			reason:  "each Pod of a StatefulSet has a node of its own",
			objects: join(setOf("db", podsWith(""), "data", "wal"), set),
			want:    map[string]string{"data-db-0": "data-db-0", "wal-db-0": "data-db-0", "data-db-1": "data-db-1", "wal-db-1": "data-db-1"},
		},
		"SharedByOrdinals": {
			reason:  "what many nodes can mount does not bring all ordinals to one",
			objects: join(setOf("db", podsWith("", "shared"), "data"), claimOf("data-db-0", rwo), claimOf("data-db-1", rwo), claimOf("shared", rwx)),
			want:    map[string]string{"data-db-0": "", "data-db-1": "", "shared": ""},
		},
		"SharedOnce": {
			reason:  "what only one node can mount does: Kubernetes will run all of them there",
			objects: join(setOf("db", podsWith("", "shared"), "data"), claimOf("data-db-0", rwo), claimOf("data-db-1", rwo), claimOf("shared", rwo)),
			want:    map[string]string{"data-db-0": "data-db-0", "data-db-1": "data-db-0", "shared": "data-db-0"},
		},
		"ChainOfWorkloads": {
			reason: "a and b, b and c have to be on one node, so a and c",
			objects: join(deploymentOf("x", 1, podsWith("", "a", "b")), deploymentOf("z", 1, podsWith("", "b", "c")), claimOf("a", rwo),
				claimOf("b", rwo), claimOf("c", rwo)),
			want: map[string]string{"a": "a", "b": "a", "c": "a"},
		},
		"SharedByWorkloads": {
			reason: "what many nodes can mount is a reason to be on one for neither",
			objects: join(deploymentOf("x", 1, podsWith("", "a", "b")), deploymentOf("z", 1, podsWith("", "b", "c")), claimOf("a", rwo),
				claimOf("b", rwx), claimOf("c", rwo)),
			want: map[string]string{"a": "", "b": "", "c": ""},
		},
		"GuestOfOne": {
			reason:  "a workload that has nothing else can go to where the shared claim is",
			objects: join(deploymentOf("x", 1, podsWith("", "a", "b")), cronJobOf("z", podsWith("", "b")), claimOf("a", rwo), claimOf("b", rwx)),
			want:    map[string]string{"a": "a", "b": "a"},
		},
		"OnlyCopied": {
			reason: "an empty claim has no worker, but ties those together that have to be with it",
			objects: join(deploymentOf("x", 1, podsWith("", "a", "b")), deploymentOf("z", 1, podsWith("", "b", "c")), claimOf("a", rwo),
				claimOf("b", rwo), claimOf("c", rwo)),
			change: func(in *Input) {
				in.Data.Claims = []api.ClaimData{{Name: "b", Policy: api.ClaimCreateEmpty}}
			},
			want: map[string]string{"a": "a", "b": "", "c": "a"},
		},
		"OneCopied": {
			reason:  "one worker is alone",
			objects: join(deploymentOf("x", 1, podsWith("", "a", "b")), claimOf("a", rwo), claimOf("b", rwo)),
			change:  func(in *Input) { in.Data.Claims = []api.ClaimData{{Name: "b", Policy: api.ClaimSkip}} },
			want:    map[string]string{"a": "", "b": ""},
		},
		"Idle": {
			reason:  "what does not run does not bring the claims of others to one node",
			objects: join(setOf("db", podsWith(""), "data", "wal"), set, deploymentOf("repair", 0, podsWith("", "data-db-0", "data-db-1"))),
			want:    map[string]string{"data-db-0": "data-db-0", "wal-db-0": "data-db-0", "data-db-1": "data-db-1", "wal-db-1": "data-db-1"},
		},
		"AllIdle": {
			reason:  "it may run again, and then it needs them together",
			objects: join(deploymentOf("web", 0, podsWith("", "a", "b")), claimOf("a", rwo), claimOf("b", rwo)),
			want:    map[string]string{"a": "a", "b": "a"},
		},
		"Renamed": {
			reason:  "the claims are found by the names that they have at the target",
			objects: join(setOf("db", podsWith(""), "data", "wal"), set),
			change: func(in *Input) {
				in.Kustomizations = []api.Kustomization{{NamePrefix: "new-"}}
			},
			want: map[string]string{"data-new-db-0": "data-new-db-0", "wal-new-db-0": "data-new-db-0", "data-new-db-1": "data-new-db-1",
				"wal-new-db-1": "data-new-db-1"},
		},
		"Made": {
			reason:  "a custom resource makes the same workload there as here",
			objects: join(widget, password, controller, made(deploymentOf("web", 1, podsWith("", "a", "b"))), claimOf("a", rwo), claimOf("b", rwo)),
			want:    map[string]string{"a": "a", "b": "a"},
		},
		"DataOnly": {
			reason:  "who makes the workloads at the target makes the same ones, one supposes",
			objects: join(deploymentOf("web", 1, podsWith(onSSD, "a", "b")), claimOf("a", rwo), claimOf("b", rwo)),
			change:  func(in *Input) { in.Application.Contents = api.ContentsData },
			want:    map[string]string{"a": "a", "b": "a"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, groupsOf(Make(whole(t, tc.objects, tc.change)))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestPlacement(t *testing.T) {
	zone := func(zones string) string {
		return `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone,
			operator: In, values: [` + zones + `]}]}]}}},`
	}
	term := func(zones ...[]string) *corev1.NodeSelector {
		var t corev1.NodeSelectorTerm
		for _, z := range zones {
			t.MatchExpressions = append(t.MatchExpressions,
				corev1.NodeSelectorRequirement{Key: "zone", Operator: corev1.NodeSelectorOpIn, Values: z})
		}
		return &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{t}}
	}
	db := corev1.Toleration{Key: "db", Operator: corev1.TolerationOpExists}
	two := func(x, z, mode string) string {
		return join(deploymentOf("x", 1, podsWith(x, "a")), deploymentOf("z", 1, podsWith(z, "a")), claimOf("a", mode))
	}
	cases := map[string]struct {
		reason   string
		objects  string
		change   func(*Input)
		want     Placement
		warnings int
	}{
		"Nothing": {
			reason:  "the Pods can run anywhere",
			objects: join(deploymentOf("x", 1, podsWith("", "a")), claimOf("a", rwo)),
		},
		"Everything": {
			reason:  "the volume has to be where the Pods can run",
			objects: join(deploymentOf("x", 1, podsWith(onSSD+zone("z1")+`tolerations: [{key: db, operator: Exists}],`, "a")), claimOf("a", rwo)),
			want: Placement{NodeSelector: map[string]string{"disk": "ssd"}, NodeAffinity: term([]string{"z1"}),
				Tolerations: []corev1.Toleration{db}},
		},
		"Preferred": {
			reason: "what is only preferred must not keep the worker from starting",
			objects: join(deploymentOf("x", 1, podsWith(`affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1,
				preference: {matchExpressions: [{key: zone, operator: Exists}]}}]}},`, "a")), claimOf("a", rwo)),
		},
		"Kustomized": {
			reason:  "the nodes of the target have labels of their own",
			objects: join(deploymentOf("x", 1, podsWith(onSSD, "a")), claimOf("a", rwo)),
			change: func(in *Input) {
				in.Kustomizations = []api.Kustomization{{Patches: []api.KustomizePatch{{
					Target: &api.KustomizeTarget{Kind: "Deployment", Name: "x"},
					Patch:  "- {op: replace, path: /spec/template/spec/nodeSelector, value: {pool: fast}}",
				}}}}
			},
			want: Placement{NodeSelector: map[string]string{"pool": "fast"}},
		},
		"Made": {
			reason:  "what a custom resource makes there may be for other nodes than here, and the plan does not see it",
			objects: join(widget, password, controller, made(deploymentOf("web", 1, podsWith(onSSD, "a"))), claimOf("a", rwo)),
		},
		"DataOnly": {
			reason:  "it is not known what the workloads of the target ask for",
			objects: join(deploymentOf("x", 1, podsWith(onSSD, "a")), claimOf("a", rwo)),
			change:  func(in *Input) { in.Application.Contents = api.ContentsData },
		},
		"Merged": {
			reason:  "both have to run where the volume is",
			objects: two(onSSD, `nodeSelector: {arch: arm},`, rwo),
			want:    Placement{NodeSelector: map[string]string{"disk": "ssd", "arch": "arm"}},
		},
		"MergedAffinity": {
			reason:  "a node that both select",
			objects: two(zone("z1, z2"), zone("z2"), rwo),
			want:    Placement{NodeAffinity: term([]string{"z1", "z2"}, []string{"z2"})},
		},
		"MergedTolerations": {
			reason: "a taint that one of them does not tolerate keeps it away",
			objects: two(`tolerations: [{key: db, operator: Exists}, {key: gpu, operator: Exists}],`,
				`tolerations: [{key: db, value: main, effect: NoSchedule}],`, rwo),
			want: Placement{Tolerations: []corev1.Toleration{{Key: "db", Value: "main", Effect: corev1.TaintEffectNoSchedule}}},
		},
		"Contradiction": {
			reason:   "no node suits both: the move says it and goes on",
			objects:  two(onSSD, `nodeSelector: {disk: hdd},`, rwo),
			warnings: 1,
		},
		"ContradictionOfMany": {
			reason:  "each mounts it from a node of its own",
			objects: two(onSSD, `nodeSelector: {disk: hdd},`, rwx),
		},
		"AgreementOfMany": {
			reason:  "what all ask for is taken",
			objects: two(onSSD, onSSD, rwx),
			want:    Placement{NodeSelector: map[string]string{"disk": "ssd"}},
		},
		"IdleOther": {
			reason: "what does not run keeps nothing from running",
			objects: join(deploymentOf("x", 1, podsWith(onSSD, "a")),
				deploymentOf("z", 0, podsWith(`nodeSelector: {disk: hdd},`, "a")), claimOf("a", rwo)),
			want: Placement{NodeSelector: map[string]string{"disk": "ssd"}},
		},
		"OfTheGroup": {
			reason: "the claims of a group are on one node, so all users of any of them have a say in all",
			objects: join(deploymentOf("x", 1, podsWith(onSSD, "a", "b")), cronJobOf("z", podsWith(`nodeSelector: {arch: arm},`, "b")),
				claimOf("a", rwo), claimOf("b", rwo)),
			want: Placement{NodeSelector: map[string]string{"disk": "ssd", "arch": "arm"}, Group: "a"},
		},
		"GuestOfTheGroup": {
			reason: "a guest that can mount its claim elsewhere has none",
			objects: join(deploymentOf("x", 1, podsWith(onSSD, "a", "b")), cronJobOf("z", podsWith(`nodeSelector: {disk: hdd},`, "b")),
				claimOf("a", rwo), claimOf("b", rwx)),
			want: Placement{NodeSelector: map[string]string{"disk": "ssd"}, Group: "a"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, tc.change))
			if diff := cmp.Diff(tc.want, p.Volumes[0].Placement); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if len(p.Warnings) != tc.warnings {
				t.Errorf("%s: %d warnings, want %d: %v", tc.reason, len(p.Warnings), tc.warnings, p.Warnings)
			}
		})
	}
}

// TestHashIgnoresPlacements: they follow from the objects, and a plan that was approved stays so
// when they are made in another way.
func TestHashIgnoresPlacements(t *testing.T) {
	p := Make(whole(t, join(deploymentOf("x", 1, podsWith(onSSD, "a")), claimOf("a", rwo)), nil))
	want := p.Hash()
	if p.Volumes[0].Placement.NodeSelector == nil {
		t.Fatal("the volume has no placement")
	}
	p.Volumes[0].Placement = Placement{}
	if got := p.Hash(); got != want {
		t.Errorf("the hash is %s, and %s with the placement", got, want)
	}
}

// TestTeamsAreOnOneNode: in any namespace, claims of one Pod are in one group where they are copied
// and only one node can mount them, and no group has a single member.
func TestTeamsAreOnOneNode(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		p := Make(w.in)
		members := map[string]int{}
		groups := groupsOf(p)
		for _, group := range groups {
			members[group]++
		}
		for group, n := range members {
			if group != "" && n < 2 {
				t.Errorf("the group %s has %d member", group, n)
			}
		}
		for i := range p.Objects {
			o := &p.Objects[i]
			shared, ordinal := "own-"+o.Name, "data-"+o.Name+"-0"
			if _, both := groups[ordinal]; !both || o.kind() != kindStatefulSet {
				continue
			}
			if group, there := groups[shared]; there && mountsShared(o, shared) && (group == "" || group != groups[ordinal]) {
				t.Errorf("%s is in the group %q, and %s in %q", shared, group, ordinal, groups[ordinal])
			}
		}
	})
}

func mountsShared(o *Object, claim string) bool {
	for _, v := range podVolumes(&o.Object) {
		if c, _ := v["persistentVolumeClaim"].(map[string]any); c["claimName"] == claim {
			return true
		}
	}
	return false
}
