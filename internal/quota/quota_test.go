package quota

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

func parse[T any](t *testing.T, text string) *T {
	t.Helper()
	var out T
	if err := yaml.UnmarshalStrict([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

// describe is one line for each shortage.
func describe(list []Shortage) []string {
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprintf("%s needs %s left %s of %s", s.Resource, s.Needs.String(), s.Left.String(), s.Hard.String()))
	}
	return out
}

const (
	small = `{containers: [{name: a, resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 2Gi}}}]}`
	plain = `{containers: [{name: a}]}`
	// start needs more than the two containers together, which have a sidecar.
	initial = `{initContainers: [{name: big, resources: {requests: {cpu: "3"}}},
		{name: side, restartPolicy: Always, resources: {requests: {cpu: "1"}}}],
		containers: [{name: a, resources: {requests: {cpu: 500m}}}, {name: b, resources: {requests: {cpu: 500m}}}], overhead: {cpu: 250m}}`
)

func TestShortagesOfPods(t *testing.T) {
	cases := map[string]struct {
		reason string
		spec   string
		count  int64
		limits string
		quota  string
		want   []string
	}{
		"Fits": {"Exactly what is left is enough.",
			small, 2, "", `{spec: {hard: {requests.cpu: "2", pods: "5"}}, status: {used: {requests.cpu: "1", pods: "3"}}}`, nil},
		"Sum": {"Each Pod would fit, three do not.", small, 3, "",
			`{spec: {hard: {requests.cpu: "2"}}, status: {used: {requests.cpu: "1"}}}`, []string{"requests.cpu needs 1500m left 1 of 2"}},
		"Names": {"A resource has several names in quotas.",
			small, 2, "", `{spec: {hard: {cpu: 1m, memory: 1Ki, limits.memory: 1Gi, limits.cpu: 1m, count/pods: "1"}}}`,
			[]string{"count/pods needs 2 left 1 of 1", "cpu needs 1 left 1m of 1m", "limits.memory needs 4Gi left 1Gi of 1Gi",
				"memory needs 2Gi left 1Ki of 1Ki"}},
		"Over": {"A quota that was lowered below what is used has nothing left.",
			small, 1, "", `{spec: {hard: {pods: "1"}}, status: {used: {pods: "4"}}}`, []string{"pods needs 1 left 0 of 1"}},
		"None": {"What is not asked for cannot be exceeded.",
			plain, 9, "", `{spec: {hard: {requests.cpu: "0"}}, status: {used: {requests.cpu: "1"}}}`, nil},
		"NoPods": {"A workload without replicas takes nothing.", small, 0, "", `{spec: {hard: {pods: "0"}}}`, nil},
		"Init": {"Init containers run one after the other, sidecars beside everything, and the runtime takes its part.",
			initial, 1, "", `{spec: {hard: {requests.cpu: "2"}}}`, []string{"requests.cpu needs 3250m left 2 of 2"}},
		"Defaults": {"A LimitRange fills in what a container does not say.",
			plain, 3, `[{type: Container, default: {memory: 2Gi}, defaultRequest: {memory: 1Gi}}, {type: Pod, max: {memory: 1Gi}}]`,
			`{spec: {hard: {requests.memory: 1Gi, limits.memory: 1Gi}}}`,
			[]string{"limits.memory needs 6Gi left 1Gi of 1Gi", "requests.memory needs 3Gi left 1Gi of 1Gi"}},
		"OwnFirst": {"What a container says itself counts, and its limit before the namespace's default.",
			`{containers: [{name: a, resources: {limits: {memory: 3Gi}}}]}`, 1,
			`[{type: Container, default: {memory: 2Gi}, defaultRequest: {memory: 1Gi}}]`,
			`{spec: {hard: {requests.memory: 1Gi, limits.memory: 1Gi}}}`,
			[]string{"limits.memory needs 3Gi left 1Gi of 1Gi", "requests.memory needs 3Gi left 1Gi of 1Gi"}},
		"Extended": {"Resources of providers have quotas of requests.",
			`{containers: [{name: a, resources: {requests: {nvidia.com/gpu: "1"}, limits: {nvidia.com/gpu: "1"}}}]}`, 2, "",
			`{spec: {hard: {requests.nvidia.com/gpu: "1"}}}`, []string{"requests.nvidia.com/gpu needs 2 left 1 of 1"}},
		"PodLevel": {"Requests of the whole Pod go before those of its containers.",
			`{resources: {requests: {cpu: "4"}}, containers: [{name: a, resources: {requests: {cpu: "1"}}}]}`, 1, "",
			`{spec: {hard: {requests.cpu: "2"}}}`, []string{"requests.cpu needs 4 left 2 of 2"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var limits []corev1.LimitRange
			if tc.limits != "" {
				limits = []corev1.LimitRange{{Spec: corev1.LimitRangeSpec{Limits: *parse[[]corev1.LimitRangeItem](t, tc.limits)}}}
			}
			spec := parse[corev1.PodSpec](t, tc.spec)
			before := spec.DeepCopy()
			short, ok := Shortages(parse[corev1.ResourceQuota](t, tc.quota), []Item{Pod(spec, tc.count, limits)}, nil)
			if diff := cmp.Diff(tc.want, describe(short)); diff != "" || !ok {
				t.Errorf("%s\nok %v, -want +got:\n%s", tc.reason, ok, diff)
			}
			if diff := cmp.Diff(before, spec); diff != "" {
				t.Errorf("%s\nthe Pod was changed:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestShortagesOfOthers(t *testing.T) {
	claim := func(class, size string) Item {
		return Claim(parse[corev1.PersistentVolumeClaimSpec](t, `{`+class+`resources: {requests: {storage: `+size+`}}}`), 2)
	}
	service := func(spec string) Item { return Service(parse[corev1.ServiceSpec](t, spec)) }
	cases := map[string]struct {
		reason string
		items  []Item
		hard   string
		want   []string
	}{
		"Claims": {"Claims take a number and storage.", []Item{claim("", "3Gi")}, `{persistentvolumeclaims: "1", requests.storage: 5Gi}`,
			[]string{"persistentvolumeclaims needs 2 left 1 of 1", "requests.storage needs 6Gi left 5Gi of 5Gi"}},
		"Class": {"A class may have its own quota.", []Item{claim("storageClassName: fast, ", "3Gi")},
			`{fast.storageclass.storage.k8s.io/requests.storage: 5Gi, fast.storageclass.storage.k8s.io/persistentvolumeclaims: "1"}`,
			[]string{"fast.storageclass.storage.k8s.io/persistentvolumeclaims needs 2 left 1 of 1",
				"fast.storageclass.storage.k8s.io/requests.storage needs 6Gi left 5Gi of 5Gi"}},
		"OtherClass": {"The quota of another class is none of its business.",
			[]Item{claim("storageClassName: slow, ", "3Gi")}, `{fast.storageclass.storage.k8s.io/requests.storage: 5Gi}`, nil},
		"ClusterIP": {"A Service without an external endpoint needs no port.",
			[]Item{service(`{ports: [{port: 1}]}`)}, `{services.nodeports: "0", services.loadbalancers: "0"}`, nil},
		"NodePort": {"Each port of a Service counts.", []Item{service(`{type: NodePort, ports: [{port: 1}, {port: 2}]}`)},
			`{services.nodeports: "1"}`, []string{"services.nodeports needs 2 left 1 of 1"}},
		"LoadBalancer": {"A balancer has node ports, too.",
			[]Item{service(`{type: LoadBalancer, ports: [{port: 1}]}`)}, `{services.nodeports: "0", services.loadbalancers: "0", services: "0"}`,
			[]string{"services needs 1 left 0 of 0", "services.loadbalancers needs 1 left 0 of 0", "services.nodeports needs 1 left 0 of 0"}},
		"NoPorts": {"But for one that wants none.",
			[]Item{service(`{type: LoadBalancer, allocateLoadBalancerNodePorts: false, ports: [{port: 1}]}`)}, `{services.nodeports: "0"}`, nil},
		"Core": {"Objects of the core group have two names.", []Item{Objects(schema.GroupResource{Resource: "secrets"}, 3)},
			`{secrets: "2", count/secrets: "1"}`, []string{"count/secrets needs 3 left 1 of 1", "secrets needs 3 left 2 of 2"}},
		"Group": {"The others have one, with the group.", []Item{Objects(schema.GroupResource{Group: "apps", Resource: "deployments"}, 3)},
			`{count/deployments.apps: "2", deployments: "0"}`, []string{"count/deployments.apps needs 3 left 2 of 2"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			short, ok := Shortages(parse[corev1.ResourceQuota](t, `{spec: {hard: `+tc.hard+`}}`), tc.items, nil)
			if diff := cmp.Diff(tc.want, describe(short)); diff != "" || !ok {
				t.Errorf("%s\nok %v, -want +got:\n%s", tc.reason, ok, diff)
			}
		})
	}
}

// TestHeld: what goes before the rest comes is given back, and no more than was taken.
func TestHeld(t *testing.T) {
	quota := parse[corev1.ResourceQuota](t, `{spec: {hard: {pods: "3"}}, status: {used: {pods: "3"}}}`)
	spec := parse[corev1.PodSpec](t, plain)
	cases := map[string]struct {
		reason       string
		wanted, held int64
		want         []string
	}{
		"Nothing":  {"Nothing is given back.", 1, 0, []string{"pods needs 1 left 0 of 3"}},
		"Enough":   {"The workers go before the application comes.", 2, 2, nil},
		"TooFew":   {"Two places for three.", 3, 2, []string{"pods needs 3 left 2 of 3"}},
		"TooMuch":  {"The quota's controller may lag behind: there is never more than all of it.", 4, 9, []string{"pods needs 4 left 3 of 3"}},
		"AllOfThe": {"All of it is enough for as many.", 3, 9, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			short, _ := Shortages(quota, []Item{Pod(spec, tc.wanted, nil)}, []Item{Pod(spec, tc.held, nil)})
			if diff := cmp.Diff(tc.want, describe(short)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestScopes(t *testing.T) {
	const (
		deadline = `{activeDeadlineSeconds: 5, containers: [{name: a}]}`
		gold     = `{priorityClassName: gold, containers: [{name: a}]}`
		podLevel = `{resources: {limits: {memory: 1Gi}}, containers: [{name: a}]}`
	)
	class := func(operator string) string {
		return `scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: ` + operator + `}]}`
	}
	cases := map[string]struct {
		reason string
		scope  string
		// in and out are Pods that the quota is for, and others.
		in, out []string
		unknown bool
	}{
		"None": {"A quota without scopes is for all.", `scopes: []`, []string{plain, small, deadline, gold}, nil, false},
		"BestEffort": {"Who asks for nothing is served last.",
			`scopes: [BestEffort]`, []string{plain, gold}, []string{small, initial, podLevel}, false},
		"NotBestEffort":  {"The others.", `scopes: [NotBestEffort]`, []string{small, initial, podLevel}, []string{plain}, false},
		"Terminating":    {"Pods with a deadline.", `scopes: [Terminating]`, []string{deadline}, []string{plain, small}, false},
		"NotTerminating": {"The others.", `scopes: [NotTerminating]`, []string{plain, small}, []string{deadline}, false},
		"Both": {"All of the scopes must fit.",
			`scopes: [NotTerminating, BestEffort]`, []string{plain}, []string{small, deadline}, false},
		"In":           {"A class by its name.", class(`In, values: [gold]`), []string{gold}, []string{plain}, false},
		"NotIn":        {"Every other, and none.", class(`NotIn, values: [gold]`), []string{plain}, []string{gold}, false},
		"Exists":       {"Any class.", class(`Exists`), []string{gold}, []string{plain}, false},
		"DoesNotExist": {"No class.", class(`DoesNotExist`), []string{plain}, []string{gold}, false},
		"Unknown":      {"What is not known is not guessed.", `scopes: [CrossNamespacePodAffinity]`, nil, nil, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			quota := parse[corev1.ResourceQuota](t, `{spec: {hard: {pods: "0", persistentvolumeclaims: "0"}, `+tc.scope+`}}`)
			check := func(text string, want bool) {
				short, ok := Shortages(quota, []Item{Pod(parse[corev1.PodSpec](t, text), 1, nil)}, nil)
				if len(short) > 0 != want || ok == tc.unknown {
					t.Errorf("%s\nthe Pod %s: short of %v, known %v", tc.reason, text, describe(short), ok)
				}
			}
			for _, text := range tc.in {
				check(text, true)
			}
			for _, text := range tc.out {
				check(text, false)
			}
			if tc.unknown {
				check(plain, false)
			}
		})
	}
	scoped := parse[corev1.ResourceQuota](t, `{spec: {hard: {persistentvolumeclaims: "0"}, scopes: [BestEffort]}}`)
	if short, _ := Shortages(scoped, []Item{Claim(&corev1.PersistentVolumeClaimSpec{}, 1)}, nil); len(short) > 0 {
		t.Errorf("a quota with scopes is for Pods, not for claims: %v", describe(short))
	}
}
