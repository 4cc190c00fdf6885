package plan

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

func parseAs[T any](t *testing.T, text string) *T {
	t.Helper()
	var out T
	if err := yaml.UnmarshalStrict([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

const (
	webText = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop},
		spec: {replicas: 3, template: {spec: {containers: [{name: c, image: i, resources: {requests: {cpu: 500m}}}],
		volumes: [{name: e, ephemeral: {volumeClaimTemplate: {spec: {resources: {requests: {storage: 2Gi}}}}}}]}}}}`
	dbText = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: shop},
		spec: {replicas: 2, template: {spec: {containers: [{name: c, image: i}]}},
		volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 5Gi}}}}]}}`
	claimText = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data-db-0, namespace: shop},
		spec: {resources: {requests: {storage: 5Gi}}}}`
	externalText = `{apiVersion: v1, kind: Service, metadata: {name: external, namespace: shop}, spec: {type: NodePort, ports: [{port: 80}]}}`
)

// TestCheckQuota: one volume with a repository of KubeMove's, which has room for 1 GiB and a
// quarter and 256 MiB more, and a worker that asks for 120m in its two containers.
func TestCheckQuota(t *testing.T) {
	all := []string{webText, dbText, claimText, externalText, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: shop}}`}
	cases := map[string]struct {
		reason  string
		quota   string
		there   []runtime.Object
		present []application.Present
		want    []string
	}{
		"Fits": {reason: "Three Pods and two, two claims and three ephemeral ones and a repository.",
			quota: `{hard: {pods: "5", requests.cpu: 1500m, persistentvolumeclaims: "6", requests.storage: 17920Mi, services.nodeports: "1",
				count/deployments.apps: "1", count/replicasets.apps: "1", count/statefulsets.apps: "1", configmaps: "1"}}`},
		"Pods": {reason: "Each Pod would fit, not all.", quota: `{hard: {pods: "4", requests.cpu: 1400m}}`,
			want: []string{"the application: pods: needs 5, left 4 of 4; requests.cpu: needs 1500m, left 1400m of 1400m"}},
		"Storage": {reason: "The repository and the claims that controllers will make count, too.",
			quota: `{hard: {requests.storage: 17G, persistentvolumeclaims: "5"}}`,
			want:  []string{"the application: persistentvolumeclaims: needs 6, left 5 of 5; requests.storage: needs 17920Mi, left 17G of 17G"}},
		"Counts": {reason: "Numbers of objects.",
			quota: `{hard: {count/configmaps: "0", services.nodeports: "0", count/replicasets.apps: "0"}}`, want: []string{"the application: " +
				"count/configmaps: needs 1, left 0 of 0; count/replicasets.apps: needs 1, left 0 of 0; services.nodeports: needs 1, left 0 of 0"}},
		"Workers": {reason: "The worker Pod asks for limits.",
			quota: `{hard: {limits.cpu: "2"}}`, want: []string{"KubeMove's worker Pods: limits.cpu: needs 6, left 2 of 2"}},
		"OneByOne": {reason: "The worker goes before the application comes: they do not add up.", quota: `{hard: {pods: "5"}}`},
		"WorkerThere": {reason: "A worker that is at work gives its place back.",
			quota: `{hard: {pods: "5"}, used: {pods: "1"}}`, there: []runtime.Object{parseAs[corev1.Pod](t,
				`{metadata: {name: w, namespace: shop, labels: {kubemove.io/pair: uid, kubemove.io/run: r}}}`)}},
		"StrangerThere": {reason: "Another client's Pod stays, and one that has ended holds nothing.",
			quota: `{hard: {pods: "5"}, used: {pods: "1"}}`,
			there: []runtime.Object{parseAs[corev1.Pod](t, `{metadata: {name: w, namespace: shop}}`), parseAs[corev1.Pod](t,
				`{metadata: {name: x, namespace: shop, labels: {kubemove.io/pair: uid, kubemove.io/run: r}}, status: {phase: Succeeded}}`)},
			want: []string{"the application: pods: needs 5, left 4 of 5"}},
		"ClaimThere": {reason: "What is there already is counted by the quota itself.", quota: `{hard: {requests.storage: 13G}}`,
			present: []application.Present{{Ref: application.Ref{Kind: "PersistentVolumeClaim", Name: "data-db-0"}}},
			want:    []string{"the application: requests.storage: needs 12800Mi, left 13G of 13G"}},
		"Unknown": {reason: "What cannot be judged is a warning.", quota: `{hard: {pods: "0"}, scopes: [CrossNamespacePodAffinity]}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p, s := quotaPlan(t, all, tc.quota, tc.there...)
			p.Target = tc.present
			if err := checkQuota(t.Context(), s, p); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, complaints(p)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
			if unknown := strings.Contains(tc.quota, "CrossNamespace"); unknown != (len(p.Warnings) > 0) {
				t.Errorf("%s\ngot warnings %v", tc.reason, p.Warnings)
			}
		})
	}
}

// quotaPlan is a plan of the objects and one volume, and a target with a quota.
func quotaPlan(t *testing.T, objects []string, quota string, there ...runtime.Object) (*application.Plan, transfer.Spec) {
	t.Helper()
	p := &application.Plan{TargetNamespace: "shop", Volumes: []application.Volume{{Name: "data-db-0", Target: "data-db-0", Mobilizer: "restic",
		Policy: api.ClaimCopy, Usage: &application.Usage{Bytes: 1 << 30, Allocated: 1 << 30}}}}
	for _, text := range objects {
		p.Objects = append(p.Objects, object(t, text))
	}
	if quota != "" {
		q := parseAs[corev1.ResourceQuota](t, `{metadata: {name: q, namespace: shop}}`)
		both := parseAs[struct {
			corev1.ResourceQuotaSpec `json:",inline"`
			Used                     corev1.ResourceList `json:"used"`
		}](t, quota)
		q.Spec, q.Status.Used = both.ResourceQuotaSpec, both.Used
		there = append(there, q)
	}
	target := &cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop", Kube: fake.NewClientset(there...), Mapper: newKindsMapper()}
	return p, transfer.Spec{Source: &cluster.Cluster{Side: cluster.SideSource, Namespace: "from", Kube: fake.NewClientset()}, Target: target,
		PairUID: "uid", AgentImage: "agent",
		Mobilizers: []task.Mobilizer{{Name: "restic", Image: "ddm", State: true}}}
}

// complaints are the blockers in few words: for whom there is no room, and of what.
func complaints(p *application.Plan) []string {
	var out []string
	for _, b := range p.Blockers {
		_, text, _ := strings.Cut(b.Message, "is too small for ")
		text, _, _ = strings.Cut(text, ". Raise it")
		who, what, _ := strings.Cut(text, ": ")
		who, _, _ = strings.Cut(who, ",")
		out = append(out, who+": "+what)
	}
	return out
}

// TestQuotaSaysItOnce: what a dry run has said of a quota goes when the sum says it.
func TestQuotaSaysItOnce(t *testing.T) {
	p, s := quotaPlan(t, []string{webText}, `{hard: {pods: "0"}}`)
	rejected := func(message string) api.Blocker { return api.Blocker{Reason: api.ReasonRejected, Message: message} }
	p.Blockers = []api.Blocker{rejected(`pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0`),
		rejected(`pods "x" is forbidden: exceeded quota: other, requested: pods=1`), rejected("violates PodSecurity")}
	if err := checkQuota(t.Context(), s, p); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range p.Blockers {
		got = append(got, b.Reason+" "+b.Object)
	}
	want := []string{"RejectedByTarget ", "RejectedByTarget ", "QuotaExceeded ResourceQuota/q", "QuotaExceeded ResourceQuota/q"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestQuotaUnseen: who may not look says so, once.
func TestQuotaUnseen(t *testing.T) {
	for _, kind := range []string{"resourcequotas", "limitranges"} {
		p, s := quotaPlan(t, []string{webText}, `{hard: {pods: "0"}}`)
		s.Target.Kube.(*fake.Clientset).PrependReactor("list", kind, func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: kind}, "", nil)
		})
		if err := checkQuota(t.Context(), s, p); err != nil || len(p.Blockers) > 0 || len(p.Warnings) != 1 {
			t.Errorf("without the right to list %s it is not known: got error %v, blockers %v, warnings %v", kind, err, p.Blockers, p.Warnings)
		}
	}
}

// TestRefusedByLimitRange: the server's own words tell what a LimitRange allows.
func TestRefusedByLimitRange(t *testing.T) {
	p := &application.Plan{}
	err := apierrors.NewForbidden(schema.GroupResource{Resource: "persistentvolumeclaims"}, "data",
		errors.New("maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi"))
	target := &cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop"}
	judge(p, application.Ref{Kind: "PersistentVolumeClaim", Name: "data"}, target.Wrap("create PersistentVolumeClaim/data", err))
	if len(p.Blockers) != 1 || p.Blockers[0].Object != "PersistentVolumeClaim/data" ||
		!strings.Contains(p.Blockers[0].Message, "is 1Gi, but request is 2Gi") {
		t.Errorf("got %v", p.Blockers)
	}
}
