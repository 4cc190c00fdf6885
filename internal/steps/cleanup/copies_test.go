package cleanup

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

var theMove = task.Move{Pair: task.Object{Name: "shop-dst", UID: "pair-1"}, DeleteCopies: true}

// theClaim as a run of the pair has created it.
func theClaim(name string) corev1.PersistentVolumeClaim {
	return corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
		Name: name, Namespace: "shop", UID: types.UID("uid-" + name), ResourceVersion: "7",
		Annotations:   map[string]string{api.CreatedByAnnotation: "pair-1", api.CopyAnnotation: "whole/x"},
		ManagedFields: writtenBy(cluster.FieldManager)}}
}

func writtenBy(manager string) []metav1.ManagedFieldsEntry {
	return []metav1.ManagedFieldsEntry{
		{Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1",
			FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{".":{},"f:` + api.CreatedByAnnotation + `":{}}}}`)},
		{Manager: "kube-controller-manager", Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", Subresource: "status"},
	}
}

// passive is a target with two claims that hold copies and nothing else, of a pair that is being deleted.
func passive(changes ...func(o *observed)) *observed {
	now := metav1.Now()
	o := &observed{
		Pair: &api.MovePair{ObjectMeta: metav1.ObjectMeta{Name: "shop-dst", UID: "pair-1", DeletionTimestamp: &now},
			Spec:   api.MovePairSpec{DeletionPolicy: api.DeletionDelete},
			Status: api.MovePairStatus{Channel: api.ChannelActive}},
		Claims: []corev1.PersistentVolumeClaim{theClaim("data"), theClaim("wal")},
	}
	for _, change := range changes {
		change(o)
	}
	return o
}

// claim with another value of an annotation; empty: without it.
func claim(i int, annotation, value string) func(o *observed) {
	return func(o *observed) {
		delete(o.Claims[i].Annotations, annotation)
		if value != "" {
			o.Claims[i].Annotations[annotation] = value
		}
	}
}

// pod that names a claim.
func pod(name, claim string, phase corev1.PodPhase) func(o *observed) {
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.PodStatus{Phase: phase}}
	p.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}}
	return func(o *observed) { o.Pods = append(o.Pods, p) }
}

func workloads(t *testing.T, text string) func(o *observed) {
	return func(o *observed) {
		u := unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
			t.Fatal(err)
		}
		o.Workloads = append(o.Workloads, u)
	}
}

const (
	deployment = `{kind: Deployment, metadata: {name: web}, spec: {replicas: 0, template: {spec: {volumes: [
		{name: v, persistentVolumeClaim: {claimName: data}}]}}}}`
	cronJob = `{kind: CronJob, metadata: {name: web}, spec: {suspend: true, jobTemplate: {spec: {template: {spec: {volumes: [
		{name: v, persistentVolumeClaim: {claimName: data}}]}}}}}}`
	replicaSet = `{kind: ReplicaSet, metadata: {name: web-1, ownerReferences: [{kind: OWNER, name: web, controller: true}]},
		spec: {template: {spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]}}}}`
	statefulSet = `{kind: StatefulSet, metadata: {name: db}, spec: {volumeClaimTemplates: [{metadata: {name: files}}]}}`
)

// reasons of a verdict in one line: why none may go, or which claim goes next and which stay.
func reasons(v verdict) string {
	next := "none"
	if v.Next != nil {
		next = v.Next.Name
	}
	return strings.TrimSuffix(v.Forbidden+"; next "+next+"; stay "+strings.Join(v.Stay, ", "), "; stay ")
}

// TestForbidden: what is said here is said of all copies of a pair.
func TestForbidden(t *testing.T) {
	pair := func(change func(p *api.MovePair)) *observed { return passive(func(o *observed) { change(o.Pair) }) }
	annotated := func(value string) *observed {
		return pair(func(p *api.MovePair) { p.Annotations = map[string]string{api.ForceDeleteAnnotation: value} })
	}
	records := func(list ...record) *observed { return passive(func(o *observed) { o.Records = list }) }
	const goes = "; next data"
	for name, c := range map[string]struct {
		reason string
		given  *observed
		want   string
	}{
		"Passive":  {"copies that are not in use go", passive(), goes},
		"None":     {"there is nothing to say of no copies", passive(func(o *observed) { o.Claims, o.Pair = nil, nil }), "; next none"},
		"PairGone": {"the clean-up was given up", passive(func(o *observed) { o.Pair = nil }), "not there any more"},
		"Replaced": {"it is another one of its name", pair(func(p *api.MovePair) { p.UID = "pair-9" }), "not there any more"},
		"Living":   {"its clean-up is not due", pair(func(p *api.MovePair) { p.DeletionTimestamp = nil }), "not being deleted"},
		"Retain":   {"it was edited since", pair(func(p *api.MovePair) { p.Spec.DeletionPolicy = api.DeletionRetain }), "Retain by now"},
		"NoPolicy": {"the default is Retain", pair(func(p *api.MovePair) { p.Spec.DeletionPolicy = "" }), "Retain by now"},
		"Forced":   {"the hook waits for nothing", annotated("true"), "by force"},
		"Unforced": {"the annotation says so", annotated("false"), goes},
		"Complete": {"also after a way back, which takes the marks away",
			pair(func(p *api.MovePair) { p.Status.Channel = api.ChannelComplete }), "has switched to this target"},
		"LeadsBack":  {"its target is the application's home", pair(func(p *api.MovePair) { p.Spec.Reverses = &api.Reversal{} }), "leads back"},
		"Switch":     {"it may start the application", passive(func(o *observed) { o.Switches = []string{"x"} }), "MoveSwitch x names"},
		"Followed":   {"another pair of the lineage uses them", passive(func(o *observed) { o.Followed = true }), "another MovePair"},
		"Active":     {"one in use says it of all", passive(claim(1, api.ActiveAnnotation, "switch-1")), "claim wal is in use"},
		"Record":     {"a switch that was given up may have started it", records(record{Name: "r", Claims: []string{"wal"}}), "ConfigMap/r"},
		"Unreadable": {"what it says is not known", records(record{Name: "r", Unreadable: true}), "ConfigMap/r"},
		"Unrelated":  {"another application's", records(record{Name: "r", Claims: []string{"else"}}), goes},
	} {
		t.Run(name, func(t *testing.T) {
			got := reasons(judge(c.given, &theMove, nil))
			if forbidden := strings.HasSuffix(got, "; next none"); !strings.Contains(got, c.want) || forbidden == (c.want == goes) {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
	back := theMove
	back.Reverses = &task.Reverse{}
	if got := reasons(judge(passive(), &back, nil)); !strings.Contains(got, "leads back") {
		t.Errorf("the task of a way back deletes: %s", got)
	}
}

// TestKeeps: what is said here is said of the claim data alone.
func TestKeeps(t *testing.T) {
	now := metav1.Now()
	data := func(change func(c *corev1.PersistentVolumeClaim)) *observed {
		return passive(func(o *observed) { change(&o.Claims[0]) })
	}
	named := func(name string) *observed {
		return passive(workloads(t, statefulSet), func(o *observed) { o.Claims = []corev1.PersistentVolumeClaim{theClaim(name)} })
	}
	owned := func(kind string) *observed {
		return passive(workloads(t, strings.ReplaceAll(replicaSet, "OWNER", kind)))
	}
	work := map[string]string{api.ManagedByLabel: api.ManagedByValue, api.PairLabel: "pair-1"}
	operator := []metav1.OwnerReference{{Kind: "Cluster", Name: "db"}}
	const anew = "; next wal; stay data (another client has made it anew)"
	const ofPod = "; next wal; stay data (Pod/web mounts it)"
	for name, c := range map[string]struct {
		reason string
		given  *observed
		want   string
	}{
		"Copy":       {"nothing uses it", passive(), "; next data"},
		"RolledBack": {"a roll back takes the marks away", passive(claim(0, api.CopyAnnotation, "")), "; next data"},
		"Foreign":    {"it was there before", passive(claim(0, api.CreatedByAnnotation, "")), "; next wal"},
		"OfAnother":  {"another pair has made it", passive(claim(0, api.CreatedByAnnotation, "pair-2")), "; next wal"},
		"OfSwitch":   {"it has no signature of the pair's", passive(claim(0, api.CreatedByAnnotation, "switch-1")), "; next wal"},
		"Work":       {"it goes by another rule", data(func(c *corev1.PersistentVolumeClaim) { c.Labels = work }), "; next wal"},
		"Going":      {"an earlier try has deleted it", data(func(c *corev1.PersistentVolumeClaim) { c.DeletionTimestamp = &now }), "; next wal"},
		"Restored": {"a backup has the signature, too",
			data(func(c *corev1.PersistentVolumeClaim) { c.ManagedFields = writtenBy("velero") }), anew},
		"NoManagers": {"it cannot be shown whose it is", data(func(c *corev1.PersistentVolumeClaim) { c.ManagedFields = nil }), anew},
		"Owned": {"an operator has taken it over", data(func(c *corev1.PersistentVolumeClaim) { c.OwnerReferences = operator }),
			"; next wal; stay data (it belongs to Cluster/db)"},
		"Pod":      {"it is in use", passive(pod("web", "data", corev1.PodRunning)), ofPod},
		"Pending":  {"it is about to be", passive(pod("web", "data", corev1.PodPending)), ofPod},
		"Ended":    {"it was used by another client", passive(pod("web", "data", corev1.PodSucceeded)), ofPod},
		"OtherPod": {"that mounts another one", passive(pod("web", "else", corev1.PodRunning)), "; next data"},
		"All": {"each has its reason", passive(pod("web", "data", corev1.PodRunning), pod("db", "wal", corev1.PodRunning)),
			"; next none; stay data (Pod/web mounts it), wal (Pod/db mounts it)"},
		"Deployment":  {"its Pods may come", passive(workloads(t, deployment)), "; next wal; stay data (Deployment/web mounts it)"},
		"CronJob":     {"so may those of a schedule", passive(workloads(t, cronJob)), "; next wal; stay data (CronJob/web mounts it)"},
		"ReplicaSet":  {"its Deployment counts, and without that it goes", owned("Deployment"), "; next data"},
		"OfRollout":   {"another controller keeps it", owned("Rollout"), "; next wal; stay data (ReplicaSet/web-1 mounts it)"},
		"StatefulSet": {"its Pods find claims by name", named("files-db-0"), "; next none; stay files-db-0 (StatefulSet/db mounts it)"},
		"OtherSet":    {"the name is no ordinal's", named("files-db-x"), "; next files-db-x"},
		"NoOrdinal":   {"the name is no ordinal's", named("files-db-"), "; next files-db-"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, reasons(judge(c.given, &theMove, nil))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}

func TestOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		given  outcome
		want   string
	}{
		"Retain":  {"nothing else was asked for", outcome{}, "nothing is left of the pair but the copies"},
		"None":    {"there were none", outcome{Asked: true}, "nothing is left of the pair; the target has no copies"},
		"Deleted": {"all are gone", outcome{Asked: true, Deleted: []string{"a", "b"}}, "nothing is left of the pair; deleted copies: a, b"},
		"Forbidden": {"one reason for all", outcome{Asked: true, verdict: verdict{Forbidden: "x"}},
			"nothing is left of the pair; the copies at the target stay: x"},
		"Some": {"a reason each", outcome{Asked: true, Deleted: []string{"a"}, verdict: verdict{Stay: []string{"b (x)", "c (y)"}}},
			"nothing is left of the pair; deleted copies: a; these copies stay: b (x), c (y)"},
	} {
		if diff := cmp.Diff(c.want, c.given.String()); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, c.reason, diff)
		}
	}
}
