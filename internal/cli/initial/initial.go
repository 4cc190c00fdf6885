// Package initial writes the first MoveEngine of an application: from the workloads and claims that are there, and the targets that
// were added, to YAML with comments. It is pure.
package initial

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
)

// Objects of a namespace, as they were read.
type Objects struct {
	Deployments  []appsv1.Deployment
	StatefulSets []appsv1.StatefulSet
	ReplicaSets  []appsv1.ReplicaSet
	CronJobs     []batchv1.CronJob
	DaemonSets   []appsv1.DaemonSet
	Claims       []corev1.PersistentVolumeClaim
}

// Workload that can move.
type Workload struct {
	// Kind and Name, such as Deployment and shop.
	Kind, Name string
	// Note for people, such as "2 replicas".
	Note string
	// Claims that its Pods mount, by name.
	Claims []string
	// Engine that its annotations name; empty: none.
	Engine string
}

// Ref is KIND/NAME in lower case, as kubectl takes it.
func (w Workload) Ref() string { return strings.ToLower(w.Kind) + "/" + w.Name }

// Claim of the namespace.
type Claim struct {
	Name, Size, Class string
	Modes             []corev1.PersistentVolumeAccessMode
	// MountedBy are the workloads that mount it, by their refs.
	MountedBy []string
}

// Application is what there is in a namespace.
type Application struct {
	// Workloads, by kind and name.
	Workloads []Workload
	// Claims by name.
	Claims []Claim
	// Left are workloads that do not move, by their refs.
	Left []string
}

// Read what there is. What another workload has made is a part of that.
func Read(o Objects) Application {
	var a Application
	add := func(kind string, m *metav1.ObjectMeta, replicas *int32, pod *corev1.PodTemplateSpec, templates []corev1.PersistentVolumeClaim) {
		owner := metav1.GetControllerOfNoCopy(m)
		if owner != nil && (owner.Kind == "Deployment" && kind == "ReplicaSet") {
			return
		}
		w := Workload{Kind: kind, Name: m.Name, Claims: mounted(m.Name, pod, templates, o.Claims), Engine: engineOf(m.Annotations)}
		if replicas != nil {
			w.Note = fmt.Sprintf("%d replicas", *replicas)
			if *replicas == 1 {
				w.Note = "1 replica"
			}
		}
		if owner != nil {
			w.Note = strings.TrimPrefix(w.Note+fmt.Sprintf(", made by %s/%s, which moves with it", strings.ToLower(owner.Kind), owner.Name), ", ")
		}
		a.Workloads = append(a.Workloads, w)
	}
	for i := range o.Deployments {
		d := &o.Deployments[i]
		add("Deployment", &d.ObjectMeta, d.Spec.Replicas, &d.Spec.Template, nil)
	}
	for i := range o.StatefulSets {
		s := &o.StatefulSets[i]
		add("StatefulSet", &s.ObjectMeta, s.Spec.Replicas, &s.Spec.Template, s.Spec.VolumeClaimTemplates)
	}
	for i := range o.ReplicaSets {
		r := &o.ReplicaSets[i]
		add("ReplicaSet", &r.ObjectMeta, r.Spec.Replicas, &r.Spec.Template, nil)
	}
	for i := range o.CronJobs {
		c := &o.CronJobs[i]
		add("CronJob", &c.ObjectMeta, nil, &c.Spec.JobTemplate.Spec.Template, nil)
	}
	for i := range o.DaemonSets {
		a.Left = append(a.Left, "daemonset/"+o.DaemonSets[i].Name)
	}
	slices.SortFunc(a.Workloads, func(x, y Workload) int {
		return cmp.Or(strings.Compare(x.Kind, y.Kind), strings.Compare(x.Name, y.Name))
	})
	a.addClaims(o.Claims)
	return a
}

// mounted are the claims that Pods of a template mount. Those of a StatefulSet's claim templates end with a number.
func mounted(owner string, pod *corev1.PodTemplateSpec, templates, all []corev1.PersistentVolumeClaim) (out []string) {
	for i := range pod.Spec.Volumes {
		if c := pod.Spec.Volumes[i].PersistentVolumeClaim; c != nil && !slices.Contains(out, c.ClaimName) {
			out = append(out, c.ClaimName)
		}
	}
	for i := range templates {
		numbered := regexp.MustCompile("^" + regexp.QuoteMeta(templates[i].Name+"-"+owner) + "-[0-9]+$")
		for j := range all {
			if numbered.MatchString(all[j].Name) {
				out = append(out, all[j].Name)
			}
		}
	}
	slices.Sort(out)
	return out
}

func engineOf(annotations map[string]string) string {
	if annotations[api.ApplyAnnotation] == "true" || annotations[api.EnableAnnotation] == "true" {
		return annotations[api.EngineAnnotation]
	}
	return ""
}

func (a *Application) addClaims(claims []corev1.PersistentVolumeClaim) {
	for i := range claims {
		p := &claims[i]
		if p.Labels[api.ManagedByLabel] == api.ManagedByValue {
			continue // KubeMove's own, such as a repository.
		}
		c := Claim{Name: p.Name, Modes: p.Spec.AccessModes}
		size := p.Spec.Resources.Requests[corev1.ResourceStorage]
		if has := p.Status.Capacity[corev1.ResourceStorage]; has.Cmp(size) > 0 {
			size = has
		}
		c.Size = size.String()
		if p.Spec.StorageClassName != nil {
			c.Class = *p.Spec.StorageClassName
		}
		for _, w := range a.Workloads {
			if slices.Contains(w.Claims, p.Name) {
				c.MountedBy = append(c.MountedBy, w.Ref())
			}
		}
		a.Claims = append(a.Claims, c)
	}
	slices.SortFunc(a.Claims, func(x, y Claim) int { return strings.Compare(x.Name, y.Name) })
}

// kinds that a workload may be named by, as kubectl takes them.
var kinds = map[string]string{
	"deployment": "Deployment", "deployments": "Deployment", "deploy": "Deployment",
	"statefulset": "StatefulSet", "statefulsets": "StatefulSet", "sts": "StatefulSet",
	"replicaset": "ReplicaSet", "replicasets": "ReplicaSet", "rs": "ReplicaSet",
	"cronjob": "CronJob", "cronjobs": "CronJob", "cj": "CronJob",
}

// Choose the workloads that a user names: NAME or KIND/NAME. Without a name it is all of them.
func (a Application) Choose(namespace string, names []string) ([]Workload, error) {
	if len(names) == 0 {
		return slices.Clone(a.Workloads), nil
	}
	var out []Workload
	for _, text := range names {
		kind, name, both := strings.Cut(text, "/")
		if !both {
			kind, name = "", text
		}
		known := kinds[strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(kind, ".apps"), ".batch"))]
		if both && known == "" {
			return nil, fault.Badly("%q names no workload that moves: expected NAME, or KIND/NAME with the kind deployment, statefulset, "+
				"replicaset "+
				"or cronjob", text)
		}
		var found []Workload
		for _, w := range a.Workloads {
			if w.Name == name && (known == "" || known == w.Kind) {
				found = append(found, w)
			}
		}
		switch {
		case len(found) == 0:
			return nil, fault.New(fault.Failed, fmt.Sprintf("there is no workload %s in namespace %s", text, namespace), "%s", a.has())
		case len(found) > 1:
			return nil, fault.Badly("%q is the name of %s: write which of them is meant", text, refs(found))
		case !slices.ContainsFunc(out, func(w Workload) bool { return w.Ref() == found[0].Ref() }):
			out = append(out, found[0])
		}
	}
	return out, nil
}

func (a Application) has() string {
	if len(a.Workloads) == 0 {
		return "it has no Deployment, StatefulSet, ReplicaSet or CronJob"
	}
	return "it has " + refs(a.Workloads)
}

// refs of workloads, ten at most.
func refs(list []Workload) string {
	const most = 10
	var out []string
	for _, w := range list[:min(len(list), most)] {
		out = append(out, w.Ref())
	}
	if len(list) > most {
		out = append(out, fmt.Sprintf("and %d more", len(list)-most))
	}
	return strings.Join(out, ", ")
}
