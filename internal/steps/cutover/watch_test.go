package cutover

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/workload"
	"github.com/kubemove/kubemove/task"
)

func TestRunsAgainJudges(t *testing.T) {
	of := func(kind, name string, change func(w *Workload)) Workload {
		w := Workload{Workload: application.Workload{Ref: application.Ref{Group: "apps", Kind: kind, Name: name}}, Stopped: true}
		if kind == "CronJob" {
			w.Ref.Group = "batch"
		}
		if change != nil {
			change(&w)
		}
		return w
	}
	asks := func(w *Workload) { w.Stopped = false }
	gone := func(w *Workload) { w.Missing, w.Stopped = true, true }
	others := func(w *Workload) { w.Stopped, w.Holder = false, "way-back" }
	pod := corev1.Pod{ObjectMeta: owned("web-1-a", "ReplicaSet", "web-1")}
	web := application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}
	orphan := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-x", Labels: map[string]string{"app": "web"}}}
	for name, tc := range map[string]struct {
		reason    string
		workloads []Workload
		owners    owners
		record    Record
		want      Again
	}{
		"Stopped": {"as the switch has left it", []Workload{of("Deployment", "web", nil)}, owners{}, Record{}, Again{}},
		"Deleted": {"nothing of it is left", []Workload{of("Deployment", "web", gone)}, owners{}, Record{}, Again{}},
		"Scaled": {"the workload is named, and not the Pods that it makes", []Workload{of("Deployment", "web", asks)},
			owners{pods: []corev1.Pod{pod}}, Record{},
			Again{[]string{"Deployment.apps/web"}, "kubectl -n shop scale --replicas=0 deployment/web"}},
		"Several": {"one command stops all that has replicas",
			[]Workload{of("CronJob", "nightly", asks), of("Deployment", "web", asks), of("StatefulSet", "db", asks)}, owners{}, Record{},
			Again{[]string{"CronJob.batch/nightly", "Deployment.apps/web", "StatefulSet.apps/db"},
				"kubectl -n shop scale --replicas=0 deployment/web statefulset/db"}},
		"Resumed": {"a CronJob has no replicas", []Workload{of("Deployment", "web", nil), of("CronJob", "nightly", asks)}, owners{}, Record{},
			Again{[]string{"CronJob.batch/nightly"}, `kubectl -n shop patch cronjob/nightly -p '{"spec":{"suspend":true}}'`}},
		"Pods": {"its Deployment is at zero, and they have not ended", []Workload{of("Deployment", "web", nil)},
			owners{sets: []appsv1.ReplicaSet{set(0, 0, 2)}, pods: []corev1.Pod{pod}}, Record{},
			Again{[]string{"Pod/web-1-a"}, "kubectl -n shop delete pod web-1-a"}},
		"Orphan": {"its workload was deleted without its Pods", []Workload{of("Deployment", "web", gone)},
			owners{pods: []corev1.Pod{orphan}}, Record{Former: []Former{{Ref: web, Selector: "app=web"}}},
			Again{[]string{"Pod/web-x"}, "kubectl -n shop delete pod web-x"}},
		"WayBack": {"another switch has started it, with its Pods", []Workload{of("Deployment", "web", others)},
			owners{sets: []appsv1.ReplicaSet{set(1, 1, 2)}, pods: []corev1.Pod{pod}}, Record{}, Again{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, runsAgain(tc.workloads, &tc.owners, &tc.record, "shop")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// switchOf the pair, with a status.
func switchOf(pair string, status api.MoveSwitchStatus) api.MoveSwitch {
	return api.MoveSwitch{TypeMeta: metav1.TypeMeta{APIVersion: api.GroupVersion.String(), Kind: "MoveSwitch"},
		ObjectMeta: metav1.ObjectMeta{Name: pair, Namespace: "home"},
		Spec:       api.MoveSwitchSpec{PairRef: api.LocalReference{Name: pair}}, Status: status}
}

// reversing is a pair that leads back from these switches.
func reversing(name string, earlier ...string) api.MovePair {
	return api.MovePair{TypeMeta: metav1.TypeMeta{APIVersion: api.GroupVersion.String(), Kind: "MovePair"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "home"},
		Spec:       api.MovePairSpec{Engine: "shop", Reverses: &api.Reversal{Earlier: earlier}}}
}

func TestLaterBegun(t *testing.T) {
	said := func(status metav1.ConditionStatus, reason string) api.MoveSwitchStatus {
		return api.MoveSwitchStatus{Conditions: []metav1.Condition{{Type: api.ConditionSwitched, Status: status, Reason: reason}}}
	}
	for name, tc := range map[string]struct {
		reason  string
		earlier []string
		status  api.MoveSwitchStatus
		want    bool
	}{
		"Waiting":    {"nothing was started yet", []string{"us"}, said("False", api.ReasonWaiting), false},
		"New":        {"it has said nothing yet", []string{"us"}, api.MoveSwitchStatus{}, false},
		"RolledBack": {"the source is stopped again", []string{"us"}, said("False", api.ReasonRolledBack), false},
		"Running":    {"it may start the source at any moment", []string{"us"}, said("False", api.ReasonRunning), true},
		"Stopped":    {"it has stopped the target", []string{"us"}, api.MoveSwitchStatus{Active: api.ActiveNone}, true},
		"Committed":  {"the application is back", []string{"us"}, api.MoveSwitchStatus{CommittedAt: &metav1.Time{}}, true},
		"Switched":   {"the application is back", []string{"us"}, said("True", api.ReasonSucceeded), true},
		"Further":    {"a later one of the lineage", []string{"first", "us", "back"}, said("True", api.ReasonSucceeded), true},
		"Other":      {"the way back of another move", []string{"other"}, said("True", api.ReasonSucceeded), false},
	} {
		t.Run(name, func(t *testing.T) {
			pairs := []api.MovePair{{ObjectMeta: metav1.ObjectMeta{Name: "shop-dst"}}, reversing("back", tc.earlier...)}
			own := switchOf("shop-dst", said("True", api.ReasonSucceeded))
			if got := laterBegun(pairs, []api.MoveSwitch{own, switchOf("back", tc.status)}, "us"); got != tc.want {
				t.Errorf("%s: got %t", tc.reason, got)
			}
		})
	}
}

// watched are clusters in which the switch "us" has led a Deployment with one claim away, and the application is as the case says.
func watched(t *testing.T, replicas int64, mark string, atHome ...any) (*steps.Clusters, *task.Task) {
	t.Helper()
	mapper := plainMapper{meta.NewDefaultRESTMapper(nil)}
	mapper.Add(workload.Named("Deployment").GVK(), meta.RESTScopeNamespace)
	web := stoppedDeployment(3)
	if err := unstructured.SetNestedField(web.Object, replicas, "spec", "replicas"); err != nil {
		t.Fatal(err)
	}
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data", Namespace: "shop", UID: "uid-data"}}
	if mark != "" {
		claim.Annotations = map[string]string{api.ActiveAnnotation: mark}
	}
	kinds := map[schema.GroupVersionResource]string{workload.GVR(workload.Named("Deployment")): "DeploymentList"}
	for resource, list := range map[string]string{"movepairs": "MovePairList", "moveswitches": "MoveSwitchList",
		"moveengines": "MoveEngineList"} {
		kinds[api.GroupVersion.WithResource(resource)] = list
	}
	at := func(side, namespace string) *cluster.Cluster {
		return &cluster.Cluster{Side: side, Namespace: namespace, Kube: fake.NewClientset(), Mapper: mapper,
			Dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds)}
	}
	c := &steps.Clusters{Home: at(cluster.SideHome, "home"), Source: at(cluster.SideSource, "shop"), Target: at(cluster.SideTarget, "shop")}
	c.Source.Kube = fake.NewClientset(claim)
	if _, err := c.Source.Dynamic.Resource(workload.GVR(workload.Named("Deployment"))).Namespace("shop").
		Create(t.Context(), web, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, o := range atHome {
		u, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
		if err != nil {
			t.Fatal(err)
		}
		resource := map[any]string{"MovePair": "movepairs", "MoveSwitch": "moveswitches", "MoveEngine": "moveengines"}[u["kind"]]
		if _, err := c.Home.Dynamic.Resource(api.GroupVersion.WithResource(resource)).Namespace("home").
			Create(t.Context(), &unstructured.Unstructured{Object: u}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return c, &task.Task{Verb: task.VerbWatch, Move: &task.Move{Home: "home", Engine: "shop", Pair: task.Object{Name: "shop-dst", UID: "pair"},
		Committed: &task.Object{Name: "shop-dst", UID: "us"}}}
}

// record of the switch at the target, with the versions that a server gives.
func writeRecord(t *testing.T, c *cluster.Cluster, r Record) {
	t.Helper()
	if _, err := c.WriteRecord(t.Context(), cluster.Holder{UID: "us", Name: "home/shop-dst"}, "", r); err != nil {
		t.Fatal(err)
	}
	cm, err := c.Kube.CoreV1().ConfigMaps(c.Namespace).Get(t.Context(), cluster.RecordName("us"), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cm.ResourceVersion = "1"
	if _, err := c.Kube.CoreV1().ConfigMaps(c.Namespace).Update(t.Context(), cm, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// TestRunsAgain reads the clusters, and changes nothing there.
func TestRunsAgain(t *testing.T) {
	now := time.Unix(1_800_000_000, 0).UTC()
	committed := Record{Switch: "us", CommittedAt: &now, Changed: []application.Ref{{Group: "apps", Kind: "Deployment", Name: "web"}},
		Final: &FinalRun{Fence: Fence{"PersistentVolumeClaim/data": "uid-data"}}}
	uncommitted := committed
	uncommitted.CommittedAt = nil
	engine := func(active api.EngineActive) *api.MoveEngine {
		return &api.MoveEngine{TypeMeta: metav1.TypeMeta{APIVersion: api.GroupVersion.String(), Kind: "MoveEngine"},
			ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "home"}, Status: api.MoveEngineStatus{Active: &active}}
	}
	back, waiting := reversing("back", "us"), switchOf("back", api.MoveSwitchStatus{Active: api.ActiveSource})
	begun := switchOf("back", api.MoveSwitchStatus{Active: api.ActiveTarget})
	since := metav1.NewTime(now)
	for name, tc := range map[string]struct {
		reason   string
		record   *Record
		replicas int64
		mark     string
		home     []any
		want     bool
	}{
		"Stopped":     {"as the switch has left it", &committed, 0, "", nil, false},
		"Scaled":      {"a client has started it", &committed, 2, "", nil, true},
		"NoRecord":    {"the switch was cleaned up, or its record is lost", nil, 2, "", nil, false},
		"Uncommitted": {"it may run", &uncommitted, 2, "", nil, false},
		"WayBack":     {"a way back has begun", &committed, 2, "", []any{&back, &begun}, false},
		"Waits":       {"a way back waits, and has started nothing", &committed, 2, "", []any{&back, &waiting}, true},
		"EngineBack": {"the way back was deleted since, and the engine knows of it", &committed, 2, "",
			[]any{engine(api.EngineActive{Side: api.ActiveSource, Since: &since})}, false},
		"EngineAway": {"the engine knows that it is away", &committed, 2, "",
			[]any{engine(api.EngineActive{Side: api.ActiveTarget, Since: &since})}, true},
		"Marked": {"the claim is in use by a later switch, of which nothing else is left", &committed, 2, "later", nil, false},
		"Own":    {"the mark is this switch's own", &committed, 2, "us", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			c, work := watched(t, tc.replicas, tc.mark, tc.home...)
			if tc.record != nil {
				writeRecord(t, c.Target, *tc.record)
			}
			got, err := RunsAgain(t.Context(), c, work)
			if err != nil {
				t.Fatal(err)
			}
			if runs := len(got.Runs) > 0; runs != tc.want || runs != (got.Stop != "") {
				t.Errorf("%s: got %+v", tc.reason, got)
			}
			for _, a := range c.Source.Kube.(*fake.Clientset).Actions() {
				if a.GetVerb() != "get" && a.GetVerb() != "list" {
					t.Errorf("it has done %s %s at the source", a.GetVerb(), a.GetResource().Resource)
				}
			}
		})
	}
}
