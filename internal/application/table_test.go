package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
)

// whole selects the namespace src as a whole; change adjusts the input.
func whole(t testing.TB, objects string, change func(*Input)) Input {
	t.Helper()
	in := Input{
		Engine: "e", Us: lineage.Actor{Switch: "switch"}, SourceNamespace: "src", TargetNamespace: "src",
		Application: api.Application{Selector: &metav1.LabelSelector{}},
		Mobilizers:  []string{"restic"},
	}
	for _, text := range strings.Split(objects, "\n---\n") {
		if strings.TrimSpace(text) != "" {
			in.Objects = append(in.Objects, object(t, text))
		}
	}
	if change != nil {
		change(&in)
	}
	return in
}

const (
	webYAML = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src, labels: {app: web}},
		spec: {replicas: 3, template: {metadata: {labels: {app: web}},
		spec: {containers: [{name: c}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}}}`
	webOff = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
		spec: {replicas: 0, template: {spec: {containers: [{name: c}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}}}`
	bound = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: src}, spec: {accessModes: [ReadWriteOnce]},
		status: {phase: Bound}}`
	pending = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: src}, spec: {accessModes: [ReadWriteOnce]},
		status: {phase: Pending}}`
)

func join(objects ...string) string { return strings.Join(objects, "\n---\n") }

// reported is a plan of nothing but these findings.
func reported(found Findings) *Plan {
	p := &Plan{}
	p.Report(found)
	return p
}

func reasons(blockers []api.Blocker) []string {
	out := []string{}
	for _, b := range blockers {
		out = append(out, b.Reason+" "+b.Object)
	}
	return out
}

func TestBlockers(t *testing.T) {
	cases := map[string]struct {
		reason  string
		objects string
		change  func(*Input)
		want    []string
	}{
		"EmptyNamespace": {
			reason: "a move of nothing would look like a success",
			want:   []string{"NothingSelected "},
		},
		"NoSelector": {
			reason:  "an absent selector selects nothing, other than an empty one",
			objects: webYAML,
			change:  func(in *Input) { in.Application.Selector = nil },
			want:    []string{"NothingSelected "},
		},
		"BadSelector": {
			reason:  "a selector that cannot be read must not select everything",
			objects: webYAML,
			change: func(in *Input) {
				in.Application.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}}
			},
			want: []string{"InvalidSpec "},
		},
		"OtherNamespace": {
			reason:  "objects of other namespaces are none of ours",
			objects: strings.ReplaceAll(webYAML, "namespace: src", "namespace: other"),
			want:    []string{"NothingSelected "},
		},
		"Fine": {
			reason:  "an ordinary application has no blockers",
			objects: join(webYAML, bound),
			want:    []string{},
		},
		"HeldByUs": {
			reason:  "the switch that makes the plan may hold the workload",
			objects: join(strings.Replace(webYAML, "src, labels: {app: web}}", "src, annotations: {kubemove.io/held-by: switch}}", 1), bound),
			want:    []string{},
		},
		"LedgerOfAnother": {
			reason: "a ledger alone shows that another switch has stopped it",
			objects: join(strings.Replace(webYAML, "src, labels: {app: web}}", `src, annotations: {kubemove.io/ledger: '{"switch":"x"}'}}`, 1),
				bound),
			want: []string{"SourceHeld Deployment.apps/web"},
		},
		"BrokenLedger": {
			reason:  "without a readable ledger it is not known how many replicas to start",
			objects: join(strings.Replace(webYAML, "src, labels: {app: web}}", `src, annotations: {kubemove.io/ledger: 'x'}}`, 1), bound),
			want:    []string{"SourceHeld Deployment.apps/web"},
		},
		"ActiveSourceClaim": {
			reason:  "the claims of an application that was moved here are active here",
			objects: join(webYAML, strings.Replace(bound, "namespace: src}", "namespace: src, annotations: {kubemove.io/active: x}}", 1)),
			want:    []string{},
		},
		"WorkloadBeingDeleted": {
			reason:  "what is being deleted cannot come back in a roll back",
			objects: join(strings.Replace(webYAML, "name: web,", `name: web, deletionTimestamp: "2026-01-01T00:00:00Z",`, 1), bound),
			want:    []string{"UnsupportedWorkload Deployment.apps/web"},
		},
		"BlockDeviceCreatedEmpty": {
			reason:  "only copies need a file system",
			objects: join(webYAML, strings.Replace(bound, "accessModes", "volumeMode: Block, accessModes", 1)),
			change: func(in *Input) {
				in.Data.Claims = []api.ClaimData{{Name: "data", Policy: api.ClaimCreateEmpty}}
			},
			want: []string{},
		},
		"NoMobilizer": {
			reason:  "without a mobilizer nothing is copied",
			objects: join(webYAML, bound),
			change:  func(in *Input) { in.Mobilizers = nil },
			want:    []string{"UnknownMobilizer PersistentVolumeClaim/data"},
		},
		"UnreadableNeighbour": {
			reason: "what cannot be read might mount our claims",
			objects: join(webYAML, bound,
				`{apiVersion: apps/v1, kind: Deployment, metadata: {name: odd, namespace: src}, spec: {template: {spec: {volumes: 7}}}}`),
			change: func(in *Input) { in.Application.Selector.MatchLabels = map[string]string{"app": "web"} },
			want:   []string{"UnsupportedWorkload Deployment.apps/odd"},
		},
		"Worker": {
			reason: "our own workers mount the claims for us",
			objects: join(webYAML, bound, `{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: src,
				labels: {app.kubernetes.io/managed-by: kubemove}}, spec: {volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}`),
			want: []string{},
		},
		"FinishedNeighbour": {
			reason: "a Pod that has ended writes no more",
			objects: join(webYAML, bound, `{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: src},
				spec: {volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]},
				status: {phase: Failed, containerStatuses: [{name: c, state: {terminated: {exitCode: 1}}}]}}`),
			want: []string{},
		},
		"LostNeighbour": {
			reason: "a Pod on a lost node writes on, and a switch would wait for it in vain",
			objects: join(webYAML, bound, `{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: src}, spec: {nodeName: n1, volumes: [{name: d,
				persistentVolumeClaim: {claimName: data}}]}, status: {phase: Failed, containerStatuses: [{name: c, state: {running: {}}}]}}`),
			want: []string{"PodNotEnded Pod/w"},
		},
		"LostMember": {
			reason: "and so does one of the application itself",
			objects: join(webYAML, bound,
				`{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web-1, namespace: src, ownerReferences: [{apiVersion: apps/v1,
					kind: Deployment, name: web, uid: u, controller: true}]}, spec: {replicas: 1, template: {spec: {containers: [{name: c}]}}}}`,
				`{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: src, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet,
					name: web-1, uid: v, controller: true}]}, spec: {nodeName: n1}, status: {phase: Failed}}`),
			want: []string{"PodNotEnded Pod/w"},
		},
		"LostStranger": {
			reason: "what has nothing of the application is not waited for",
			objects: join(webYAML, bound,
				`{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: src}, spec: {nodeName: n1}, status: {phase: Failed}}`),
			change: func(in *Input) { in.Application.Selector.MatchLabels = map[string]string{"app": "web"} },
			want:   []string{},
		},
		"NeighbourOfAnOperator": {
			reason: "Pods that an operator runs write all the same",
			objects: join(webYAML, bound, `{apiVersion: v1, kind: Pod, metadata: {name: w, namespace: src, ownerReferences: [{apiVersion: a.b/v1,
				kind: Db, name: x, uid: u, controller: true}]}, spec: {volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}`),
			want: []string{"ClaimShared PersistentVolumeClaim/data"},
		},
		"NeighbourSet": {
			reason: "claims of a StatefulSet's templates are mounted by it, too",
			objects: join(`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: src},
				spec: {template: {spec: {containers: [{name: c}]}}, volumeClaimTemplates: [{metadata: {name: d}}]}}`,
				`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: d-db-0, namespace: src, labels: {app: web}}}`),
			change: func(in *Input) { in.Application.Selector.MatchLabels = map[string]string{"app": "web"} },
			want:   []string{"ClaimShared PersistentVolumeClaim/d-db-0"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := reasons(Make(whole(t, tc.objects, tc.change)).Blockers)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: blockers (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestNothingOfOursIsCaptured(t *testing.T) {
	p := Make(whole(t, join(webYAML, bound,
		`{apiVersion: v1, kind: Secret,
			metadata: {name: plan, namespace: src, ownerReferences: [{apiVersion: kubemove.io/v1alpha1, kind: MovePair, name: p, uid: u}]}}`,
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: record, namespace: src, labels: {app.kubernetes.io/managed-by: kubemove}}}`,
		`{apiVersion: v1, kind: ServiceAccount, metadata: {name: p-data, namespace: src,
			ownerReferences: [{apiVersion: kubemove.io/v1alpha1, kind: MovePair, name: p, uid: u, controller: true}]}}`,
		`{apiVersion: batch/v1, kind: Job, metadata: {name: j, uid: j, namespace: src,
			ownerReferences: [{apiVersion: kubemove.io/v1alpha1, kind: MovePair, name: p, uid: u, controller: true}]}, spec: {template: {}}}`,
		`{apiVersion: v1, kind: Pod, metadata: {name: j-1, namespace: src,
			ownerReferences: [{apiVersion: batch/v1, kind: Job, name: j, uid: j, controller: true}]}, spec: {}}`,
		`{apiVersion: v1, kind: Secret, metadata: {name: kubeconfig, namespace: src}}`,
	), func(in *Input) { in.Exclude = []Ref{refTo(kindSecret, "kubeconfig")} }))
	got := []string{}
	for _, o := range p.Objects {
		got = append(got, o.Ref.String())
	}
	if diff := cmp.Diff([]string{"PersistentVolumeClaim/data", "Deployment.apps/web"}, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if len(p.Blockers)+len(p.Warnings) > 0 {
		t.Errorf("blockers %v and warnings %v, expected none", p.Blockers, p.Warnings)
	}
}

func TestPolicyOfUnboundClaims(t *testing.T) {
	cases := map[string]struct {
		reason  string
		objects string
		want    api.ClaimPolicy
	}{
		"Bound":       {"a bound claim is copied", join(webYAML, bound), api.ClaimCopy},
		"Unused":      {"no volume, no data", pending, api.ClaimCreateEmpty},
		"StoppedUser": {"nothing is about to write", join(webOff, pending), api.ClaimCreateEmpty},
		"RunningUser": {"its Pods may be scheduled, and write, before the switch", join(webYAML, pending), api.ClaimCopy},
		"StoppedByUs": {"the plan is the same while its user is stopped by this switch", join(strings.Replace(webOff, "namespace: src}",
			`namespace: src, annotations: {kubemove.io/ledger: '{"switch":"switch","replicas":3}'}}`, 1), pending), api.ClaimCopy},
		"WaitingPod": {"a Pod may be scheduled at any time", join(webOff, pending, `{apiVersion: v1, kind: Pod,
			metadata: {name: p, namespace: src}, spec: {volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}`), api.ClaimCopy},
		"PhaseUnknown": {"without a phase the safe thing is to copy",
			`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: src}}`, api.ClaimCopy},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, nil))
			if len(p.Volumes) != 1 || p.Volumes[0].Policy != tc.want {
				t.Errorf("%s: got %+v, want the policy %s", tc.reason, p.Volumes, tc.want)
			}
		})
	}
}

func TestHashFollowsTheApplication(t *testing.T) {
	const hpa = `{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web, namespace: src},
		spec: {maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}`
	more := strings.Replace(webYAML, "replicas: 3", "replicas: 4", 1)
	hash := func(objects ...string) string { return Make(whole(t, join(objects...), nil)).Hash() }
	if hash(webYAML, bound) == hash(more, bound) {
		t.Error("other replicas are another plan, and the hash is the same")
	}
	if hash(webYAML, bound, hpa) != hash(more, bound, hpa) {
		t.Error("replicas that an autoscaler sets change the hash: a plan could not be approved in time")
	}
	image := strings.Replace(more, "{name: c}", "{name: c, image: new}", 1)
	if hash(webYAML, bound, hpa) == hash(image, bound, hpa) {
		t.Error("another image is another plan, and the hash is the same")
	}
	account := `{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: src}, automountServiceAccountToken: false}`
	if hash(webYAML, bound) == hash(webYAML, bound, account) {
		t.Error("what the target must hold is part of the plan, and the hash is the same")
	}
	for name, change := range map[string]func(*Input){
		"the source's cluster": func(in *Input) { in.SourceCluster = "b" },
		"the target's cluster": func(in *Input) { in.TargetCluster = "b" },
		"the repository": func(in *Input) {
			in.Data.Mobilizers = []api.Mobilizer{{Name: "restic", Parameters: map[string]string{"repository": "s3:b"}}}
		},
		"the verification": func(in *Input) { in.Data.Verification = api.VerificationChecksum },
	} {
		if Make(whole(t, join(webYAML, bound), change)).Hash() == hash(webYAML, bound) {
			t.Errorf("%s is another, and the hash is the same", name)
		}
	}
	limits := api.Limits{BytesPerSecond: 1 << 20, ConcurrentVolumes: 1}
	limited := Make(whole(t, join(webYAML, bound), func(in *Input) { in.Data.Limits = limits }))
	if limited.Hash() != hash(webYAML, bound) {
		t.Error("a limit of the rate is no part of a plan: it would void an approval")
	}
	p := Make(whole(t, join(webYAML, bound, hpa), nil))
	p.Hash()
	if p.Workloads[0].Replicas != 3 {
		t.Error("Hash has changed the plan")
	}
}

func TestIdentity(t *testing.T) {
	one, two, three := int64(1), int64(2), int64(3)
	const template = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src}, spec: {template: {spec: %s}}}`
	const volumes = `volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]`
	cases := map[string]struct {
		reason string
		spec   string
		want   Identity
	}{
		"Unknown": {
			reason: "the image decides: the Pod can be asked",
			spec:   `{containers: [{name: a}, {name: b, volumeMounts: [{name: d, mountPath: /d}]}], ` + volumes + `}`,
			want:   Identity{Container: "b", Capabilities: CopyCapabilities()},
		},
		"Pod": {
			reason: "the Pod's user, with its groups in order",
			spec: `{securityContext: {runAsUser: 1, runAsGroup: 2, fsGroup: 1, supplementalGroups: [3, 2]},
				containers: [{name: a, volumeMounts: [{name: d, mountPath: /d}]}], ` + volumes + `}`,
			want: Identity{UID: &one, GID: &two, Groups: []int64{1, 2, 3}, FSGroup: &one},
		},
		"Container": {
			reason: "the container's own user goes before the Pod's",
			spec: `{securityContext: {runAsUser: 1, runAsGroup: 2},
				containers: [{name: a, securityContext: {runAsUser: 3}, volumeMounts: [{name: d, mountPath: /d}]}], ` + volumes + `}`,
			want: Identity{UID: &three, GID: &two},
		},
		"OrdinaryBeforeInit": {
			reason: "init containers often run as root only to prepare the volume",
			spec: `{initContainers: [{name: i, securityContext: {runAsUser: 1}, volumeMounts: [{name: d, mountPath: /d}]}],
				containers: [{name: a, securityContext: {runAsUser: 2}, volumeMounts: [{name: d, mountPath: /d}]}], ` + volumes + `}`,
			want: Identity{UID: &two, Container: "a"},
		},
		"Root": {
			reason: "root has what its container has",
			spec: `{securityContext: {runAsUser: 0}, containers: [{name: a, securityContext: {capabilities: {drop: [ALL],
				add: [CAP_CHOWN, NET_ADMIN]}}, volumeMounts: [{name: d, mountPath: /d}]}], ` + volumes + `}`,
			want: Identity{UID: new(int64(0)), Capabilities: []corev1.Capability{"CHOWN"}},
		},
		"PrivilegedRoot": {
			reason: "a privileged container has them all, whatever it drops",
			spec: `{securityContext: {runAsUser: 0}, containers: [{name: a, securityContext: {privileged: true, capabilities: {drop: [ALL]}},
				volumeMounts: [{name: d, mountPath: /d}]}], ` + volumes + `}`,
			want: Identity{UID: new(int64(0)), Capabilities: CopyCapabilities()},
		},
		"NotMounted": {
			reason: "a volume that no container mounts has no user",
			spec:   `{containers: [{name: a}], ` + volumes + `}`,
			want:   Identity{},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, join(strings.Replace(template, "%s", tc.spec, 1), bound), nil))
			if diff := cmp.Diff(tc.want, p.Volumes[0].Identity); diff != "" {
				t.Errorf("%s: identity (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestWorker(t *testing.T) {
	user := Identity{UID: new(int64(1000)), GID: new(int64(1000)), Groups: []int64{2000}, FSGroup: new(int64(2000)),
		SELinux: &corev1.SELinuxOptions{Level: "s0"}}
	atSource := user
	atSource.FSGroup = nil
	privileged := Identity{UID: new(int64(0)), GID: new(int64(0)), Capabilities: CopyCapabilities(), SELinux: user.SELinux}
	cases := map[string]struct {
		reason         string
		volume         Volume
		source, target Identity
	}{
		"User":             {"the workload's user; its fsGroup only where files are new", Volume{Identity: user}, atSource, user},
		"Unknown":          {"root reads the most", Volume{}, Identity{UID: new(int64(0))}, Identity{UID: new(int64(0))}},
		"PrivilegedSource": {"each namespace has its own administrator", Volume{Identity: user, PrivilegedSource: true}, privileged, user},
		"PrivilegedTarget": {"each namespace has its own administrator", Volume{Identity: user, PrivilegedTarget: true}, atSource, privileged},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.source, tc.volume.Worker(false)); diff != "" {
				t.Errorf("%s: at the source (-want +got):\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.target, tc.volume.Worker(true)); diff != "" {
				t.Errorf("%s: at the target (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
