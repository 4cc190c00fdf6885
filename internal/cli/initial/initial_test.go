package initial

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/golden"
)

func meta(name string, change ...func(*metav1.ObjectMeta)) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Name: name, Namespace: "shop"}
	for _, c := range change {
		c(&m)
	}
	return m
}

func ownedBy(kind, name string) func(*metav1.ObjectMeta) {
	yes := true
	return func(m *metav1.ObjectMeta) {
		m.OwnerReferences = []metav1.OwnerReference{{APIVersion: "x/v1", Kind: kind, Name: name, Controller: &yes}}
	}
}

func pod(claims ...string) (out corev1.PodTemplateSpec) {
	for _, c := range claims {
		out.Spec.Volumes = append(out.Spec.Volumes, corev1.Volume{Name: c, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: c}}})
	}
	return out
}

func claim(name, size, class string, change ...func(*metav1.ObjectMeta)) corev1.PersistentVolumeClaim {
	c := corev1.PersistentVolumeClaim{ObjectMeta: meta(name, change...)}
	c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
	if class != "" {
		c.Spec.StorageClassName = &class
	}
	return c
}

func replicas(n int32) *int32 { return &n }

// shop is an application with all that init looks at.
func shop() Objects {
	return Objects{
		Deployments: []appsv1.Deployment{
			{ObjectMeta: meta("web"), Spec: appsv1.DeploymentSpec{Replicas: replicas(2), Template: pod("uploads")}},
			{ObjectMeta: meta("db"), Spec: appsv1.DeploymentSpec{Replicas: replicas(1), Template: pod()}},
			{ObjectMeta: meta("made", ownedBy("Widget", "w")), Spec: appsv1.DeploymentSpec{Replicas: replicas(1), Template: pod()}},
			// A name that YAML takes for a number.
			{ObjectMeta: meta("1e3"), Spec: appsv1.DeploymentSpec{Replicas: replicas(1), Template: pod()}},
		},
		StatefulSets: []appsv1.StatefulSet{{ObjectMeta: meta("db"), Spec: appsv1.StatefulSetSpec{Replicas: replicas(2), Template: pod(),
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "data"}}}}}},
		ReplicaSets: []appsv1.ReplicaSet{
			{ObjectMeta: meta("web-5d7", ownedBy("Deployment", "web")), Spec: appsv1.ReplicaSetSpec{Template: pod("uploads")}},
			{ObjectMeta: meta("alone"), Spec: appsv1.ReplicaSetSpec{Replicas: replicas(1), Template: pod()}},
		},
		CronJobs: []batchv1.CronJob{{ObjectMeta: meta("backup"), Spec: batchv1.CronJobSpec{
			JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: pod("uploads")}}}}},
		DaemonSets: []appsv1.DaemonSet{{ObjectMeta: meta("log")}},
		Claims: []corev1.PersistentVolumeClaim{
			claim("uploads", "10Gi", "fast"), claim("data-db-0", "5Gi", "slow"), claim("data-db-1", "5Gi", "slow"), claim("old", "1Gi", ""),
			claim("data-db-x", "1Gi", "slow"),
			claim("kubemove-repository", "1Gi", "",
				func(m *metav1.ObjectMeta) { m.Labels = map[string]string{api.ManagedByLabel: api.ManagedByValue} }),
		},
	}
}

func class(name string, isDefault bool) storagev1.StorageClass {
	c := storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: "example.com/" + name}
	if isDefault {
		c.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
	}
	return c
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dst := Target{Name: "dst", Namespace: "shop", Classes: Classes([]storagev1.StorageClass{class("standard", true), class("fast", false)})}
	far := Target{Name: "far", Key: "config", Namespace: "shop-far",
		Classes: Classes([]storagev1.StorageClass{class("a", false), class("b", false)})}
	for name, c := range map[string]struct {
		reason  string
		objects Objects
		choose  []string
		engine  Engine
	}{
		"all": {"all workloads, of which two have one name", shop(), nil, Engine{Mode: api.ModeOffline, All: true, Targets: []Target{dst}}},
		"live": {"one workload, two targets, one without a class that fits", shop(), []string{"web"},
			Engine{Mode: api.ModeLive, Targets: []Target{far, dst}}},
		"statefulset": {"the claims of its templates, and a target that is not asked", shop(), []string{"sts/db"},
			Engine{Mode: api.ModeOffline, Targets: []Target{{Name: "dst", Namespace: "shop", Problem: "it cannot be\nreached"}}}},
		"missing": {"no target was added yet", shop(), []string{"cronjob/backup"},
			Engine{Mode: api.ModeOffline, Targets: []Target{{Name: "dst", Namespace: "shop", Missing: true}}}},
		"annotated": {"the workloads say that they move", shop(), []string{"deployment/web", "statefulset/db"},
			Engine{Mode: api.ModeOffline, Annotated: true, Targets: []Target{dst}}},
		"claims": {"there is no workload, so claims move alone", Objects{Claims: shop().Claims}, nil,
			Engine{Mode: api.ModeOffline, All: true, Targets: []Target{dst}}},
		"number": {"a name that YAML takes for a number", shop(), []string{"1e3"}, Engine{Mode: api.ModeOffline, Targets: []Target{dst}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := Read(c.objects)
			e := c.engine
			e.Namespace = "shop"
			var err error
			if e.Workloads, err = a.Choose("shop", c.choose); err != nil {
				t.Fatal(err)
			}
			e.Name = DefaultName("shop", e.Workloads)
			got := Write(a, e)
			golden.Compare(t, name+".yaml", got)
			var engine api.MoveEngine
			if err := yaml.UnmarshalStrict([]byte(got), &engine); err != nil {
				t.Fatalf("%s: the API server would refuse it: %v", c.reason, err)
			}
			if engine.Name != e.Name || engine.Namespace != "shop" || engine.Spec.Mode != e.Mode || len(engine.Spec.Targets) != len(e.Targets) {
				t.Errorf("%s: it is another engine: %+v", c.reason, engine)
			}
			for i, line := range strings.Split(got, "\n") {
				if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
					t.Errorf("line %d has a control character: %q", i+1, line)
				}
			}
		})
	}
}

// TestUncommented: what the comments offer is valid, too, when it is taken.
func TestUncommented(t *testing.T) {
	t.Parallel()
	a := Read(shop())
	workloads, err := a.Choose("shop", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := Write(a, Engine{Name: "shop", Namespace: "shop", Mode: api.ModeLive, All: true, Workloads: workloads,
		Targets: []Target{{Name: "dst", Namespace: "shop"}}})
	var lines []string
	for line := range strings.SplitSeq(got, "\n") {
		for _, offer := range []string{"# claims:", "#   - {name", "# storageClasses:", "# - {from"} {
			if rest, ok := strings.CutPrefix(strings.TrimSpace(line), offer); ok {
				indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
				line = indent + strings.TrimPrefix(strings.TrimPrefix(offer, "#"), " ") + rest
				break
			}
		}
		lines = append(lines, line)
	}
	var engine api.MoveEngine
	if err := yaml.UnmarshalStrict([]byte(strings.Join(lines, "\n")), &engine); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(lines, "\n"))
	}
	if len(engine.Spec.Data.Claims) != 3 || len(engine.Spec.Application.Claims) != 2 || len(engine.Spec.Targets[0].StorageClasses) != 2 {
		t.Errorf("it lacks what was offered: %+v", engine.Spec)
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	a := Read(shop())
	for name, c := range map[string]struct {
		reason string
		names  []string
		want   string
		err    string
	}{
		"All": {"without a name", nil, "cronjob/backup, deployment/1e3, deployment/db, deployment/made, deployment/web, " +
			"replicaset/alone, statefulset/db", ""},
		"Name":      {"one has it", []string{"web"}, "deployment/web", ""},
		"Kind":      {"as kubectl takes it", []string{"deploy/db", "StatefulSets.apps/db"}, "deployment/db, statefulset/db", ""},
		"Twice":     {"one is enough", []string{"web", "deployment/web"}, "deployment/web", ""},
		"Ambiguous": {"two have it", []string{"db"}, "", `"db" is the name of deployment/db, statefulset/db: write which of them is meant`},
		"Unknown": {"the user sees what there is", []string{"wbe"}, "", "there is no workload wbe in namespace shop: it has cronjob/backup, " +
			"deployment/1e3, " +
			"deployment/db, deployment/made, deployment/web, replicaset/alone, statefulset/db"},
		"Part":   {"it moves with its Deployment", []string{"rs/web-5d7"}, "", "there is no workload rs/web-5d7 in namespace shop"},
		"NoKind": {"it does not move", []string{"pod/web"}, "", `"pod/web" names no workload that moves`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := a.Choose("shop", c.names)
			if c.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.err) {
					t.Errorf("%s: got %v", c.reason, err)
				}
				return
			}
			if diff := cmp.Diff(c.want, refs(got)); diff != "" || err != nil {
				t.Errorf("%s: %v, -want +got:\n%s", c.reason, err, diff)
			}
		})
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	claims := []Claim{{Name: "a", Class: "fast"}, {Name: "b", Class: "fast"}, {Name: "c"}}
	for name, c := range map[string]struct {
		reason string
		there  []Class
		want   string
	}{
		"Same":    {"it keeps its name", []Class{{Name: "fast"}, {Name: "x", Default: true}}, "fast"},
		"Default": {"the target's own choice", []Class{{Name: "y"}, {Name: "x", Default: true}}, "x"},
		"Only":    {"there is no other", []Class{{Name: "y"}}, "y"},
		"Open":    {"a person knows which", []Class{{Name: "y"}, {Name: "z"}}, ""},
		"None":    {"the target has no class", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := suggest(claims, c.there)
			if len(got) != 1 || got[0].from != "fast" || got[0].to != c.want {
				t.Errorf("%s: got %+v, want %q once", c.reason, got, c.want)
			}
		})
	}
}

func TestAnnotate(t *testing.T) {
	t.Parallel()
	e := Engine{Name: "shop", Namespace: "shop", Workloads: []Workload{{Kind: "Deployment", Name: "web", Engine: "shop"}}}
	if err := e.CheckAnnotated(); err != nil {
		t.Errorf("it is annotated for this engine: %v", err)
	}
	want := "kubectl --namespace shop annotate deployment/web kubemove.io/kubemoveapply=true kubemove.io/engine=shop"
	if diff := cmp.Diff(want, strings.Join(e.AnnotateWords(e.Workloads[0]), " ")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	e.Workloads[0].Engine = "other"
	if err := e.CheckAnnotated(); err == nil {
		t.Error("a workload of another engine is taken from that")
	}
	annotated := Read(Objects{Deployments: []appsv1.Deployment{{ObjectMeta: meta("web", func(m *metav1.ObjectMeta) {
		m.Annotations = map[string]string{api.EnableAnnotation: "true", api.EngineAnnotation: "other"}
	})}}})
	if got := annotated.Workloads[0].Engine; got != "other" {
		t.Errorf("its annotations name the engine other, got %q", got)
	}
}
