package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// runner is a Deployment of that name and Pod spec.
func runner(name, spec string) string {
	return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: ` + name +
		`, namespace: src}, spec: {replicas: 1, template: {spec: {` + spec + `}}}}`
}

func TestPulls(t *testing.T) {
	const (
		plain    = `containers: [{name: c, image: a, imagePullPolicy: Always}]`
		registry = `{apiVersion: v1, kind: Secret, metadata: {name: registry, namespace: src}, type: ` +
			`kubernetes.io/dockerconfigjson, data: {.dockerconfigjson: e30=}}`
	)
	account := func(name string) string {
		return `{apiVersion: v1, kind: ServiceAccount, metadata: {name: ` + name + `, namespace: src}, imagePullSecrets: [{name: registry}]}`
	}
	images := []Image{{"a", corev1.PullAlways}}
	secret := []PullSecret{{Name: "registry",
		Content: &corev1.Secret{Type: corev1.SecretTypeDockerConfigJson, Data: map[string][]byte{".dockerconfigjson": []byte("{}")}}}}
	by := func(names ...string) []Ref {
		var out []Ref
		for _, n := range names {
			out = append(out, refTo(kindDeployment, n))
		}
		return out
	}
	cases := map[string]struct {
		reason  string
		objects string
		want    []Pull
	}{
		"Nothing": {
			reason:  "what runs no Pods needs no image",
			objects: bound,
		},
		"Containers": {
			reason: "every container counts, the init containers too, and each image once",
			objects: runner("web", `containers: [{name: c, image: a}, {name: d, image: b}], initContainers: [{name: i, image: a},
				{name: j, image: c, imagePullPolicy: Never}]`),
			want: []Pull{{Workloads: by("web"), Images: []Image{{"a", ""}, {"b", ""}, {"c", corev1.PullNever}}, Account: "default"}},
		},
		"Same": {
			reason:  "workloads with the same images at the same places need them once",
			objects: join(runner("one", plain), runner("two", plain), runner("three", plain+`, nodeSelector: {disk: fast}`)),
			want: []Pull{
				{Workloads: by("one", "two"), Images: images, Account: "default"},
				{Workloads: by("three"), Images: images, Account: "default", NodeSelector: map[string]string{"disk": "fast"}},
			},
		},
		"Idle": {
			reason: "what is stopped before the move stays stopped after it",
			objects: join(strings.Replace(runner("web", plain), "replicas: 1", "replicas: 0", 1), `{apiVersion: batch/v1, kind: CronJob,
				metadata: {name: night, namespace: src}, spec: {suspend: true, jobTemplate: {spec: {template: {spec: {`+plain+`}}}}}}`),
		},
		"CronJob": {
			reason: "a CronJob will make Pods",
			objects: `{apiVersion: batch/v1, kind: CronJob, metadata: {name: night, namespace: src},
				spec: {jobTemplate: {spec: {template: {spec: {` + plain + `}}}}}}`,
			want: []Pull{{Workloads: []Ref{refTo(kindCronJob, "night")}, Images: images, Account: "default"}},
		},
		"Place": {
			reason: "an image is pulled where the Pods could run; other Pods are not there yet",
			objects: runner("web", plain+`, runtimeClassName: gvisor, tolerations: [{key: gpu,
				operator: Exists}], affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z}]},
				nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: arch,
				operator: Exists}]}]}}}`),
			want: []Pull{{Workloads: by("web"), Images: images, Account: "default", RuntimeClass: new("gvisor"),
				Tolerations: []corev1.Toleration{{Key: "gpu", Operator: corev1.TolerationOpExists}},
				NodeAffinity: &corev1.NodeAffinity{
					RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
						NodeSelectorTerms: []corev1.NodeSelectorTerm{{
							MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "arch", Operator: corev1.NodeSelectorOpExists}}}}}}}},
		},
		"Secret": {
			reason:  "a pull secret that moves is not at the target yet; one that is missing may be",
			objects: join(registry, runner("web", plain+`, imagePullSecrets: [{name: registry}, {name: other}]`)),
			want:    []Pull{{Workloads: by("web"), Images: images, Secrets: append(secret[:1:1], PullSecret{Name: "other"})}},
		},
		"Account": {
			reason:  "the Secrets of the account count where the Pods name none",
			objects: join(registry, account("own"), runner("web", plain+`, serviceAccountName: own`)),
			want:    []Pull{{Workloads: by("web"), Images: images, Secrets: secret}},
		},
		"PodFirst": {
			reason:  "and do not where the Pods name some",
			objects: join(registry, account("own"), runner("web", plain+`, serviceAccountName: own, imagePullSecrets: [{name: other}]`)),
			want:    []Pull{{Workloads: by("web"), Images: images, Secrets: []PullSecret{{Name: "other"}}}},
		},
		"DefaultAccount": {
			reason:  "the target's default account is not ours, but has to name the same Secrets",
			objects: join(registry, account("default"), runner("web", plain)),
			want:    []Pull{{Workloads: by("web"), Images: images, Secrets: secret}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.objects, nil))
			before, hash := encode(t, p), p.Hash()
			got := p.Pulls()
			for i := range got {
				for j := range got[i].Secrets {
					if c := got[i].Secrets[j].Content; c != nil {
						got[i].Secrets[j].Content = &corev1.Secret{Type: c.Type, Data: c.Data}
					}
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if before != encode(t, p) || hash != p.Hash() {
				t.Error("asking for the images changes the plan")
			}
		})
	}
}

// TestPullKey: a set that was pulled says nothing about another one, and its name nothing about
// what is secret.
func TestPullKey(t *testing.T) {
	set := Pull{Images: []Image{{"a", corev1.PullAlways}}, Secrets: []PullSecret{{Name: "s"}}}
	same := set
	same.Workloads = []Ref{refTo(kindDeployment, "web")}
	same.Secrets = []PullSecret{{Name: "s", Content: &corev1.Secret{Data: map[string][]byte{"x": []byte("hush")}}}}
	if set.Key() != same.Key() {
		t.Error("who needs the images, or what a Secret holds, changes the key")
	}
	for name, change := range map[string]func(*Pull){
		"image":   func(p *Pull) { p.Images = []Image{{"b", corev1.PullAlways}} },
		"policy":  func(p *Pull) { p.Images = []Image{{"a", corev1.PullNever}} },
		"secret":  func(p *Pull) { p.Secrets = nil },
		"account": func(p *Pull) { p.Account = "x" },
		"node":    func(p *Pull) { p.NodeSelector = map[string]string{"a": "b"} },
		"runtime": func(p *Pull) { p.RuntimeClass = new("x") },
	} {
		other := set
		change(&other)
		if set.Key() == other.Key() {
			t.Errorf("another %s has the same key", name)
		}
	}
}
