package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/version"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/text"
)

// logs is the hint where a program does not work.
const logs = "look at its logs: kubectl --namespace kubemove-system logs deployment/%s --all-containers --tail 50"

// deployment of the hooks; nil: there is none.
func (o Observed) deployment() *appsv1.Deployment {
	for i := range o.Deployments.Value {
		if d := &o.Deployments.Value[i]; d.Name == installation.Deployment || d.Name == installation.SharedDeployment {
			return d
		}
	}
	return nil
}

// isShared says whether the installation uses a Metacontroller of others.
func (o Observed) isShared() bool {
	d := o.deployment()
	return d != nil && container(d.Spec.Template.Spec, installation.MetacontrollerContainer) == nil
}

func container(spec corev1.PodSpec, name string) *corev1.Container {
	i := slices.IndexFunc(spec.Containers, func(c corev1.Container) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &spec.Containers[i]
}

// absent says that there is no installation, or that it may not be read; nil: there is one.
func (o Observed) absent() *finding {
	var f finding
	switch {
	case o.Deployments.Problem != "":
		f = skipped(o.Deployments.Problem)
	case o.deployment() == nil:
		f = skipped("the hooks are not installed")
	default:
		return nil
	}
	return &f
}

func hooksReady(o Observed) finding {
	d := o.deployment()
	switch {
	case o.Deployments.Problem != "":
		return skipped(o.Deployments.Problem)
	case d == nil:
		return failed(fmt.Sprintf("there is no Deployment %s in namespace %s", installation.Deployment, installation.Namespace), install)
	}
	want := int32(1)
	if d.Spec.Replicas != nil {
		want = *d.Spec.Replicas
	}
	hint := fmt.Sprintf(logs, d.Name)
	switch {
	case want == 0:
		return failed("Deployment "+d.Name+" has 0 replicas", "scale it: kubectl --namespace kubemove-system scale deployment/"+d.Name+
			" --replicas 1")
	case d.Status.ReadyReplicas < want:
		return failed(fmt.Sprintf("Deployment %s has %d of %d Pods ready", d.Name, d.Status.ReadyReplicas, want), hint, waiting(o.Pods.Value)...)
	}
	if restarted := restarts(o.Pods.Value, o.Now); len(restarted) > 0 {
		return warning("Deployment "+d.Name+" is ready, and has restarted within the last hour", hint, restarted...)
	}
	return ok(fmt.Sprintf("Deployment %s has %d of %d Pods ready", d.Name, d.Status.ReadyReplicas, want))
}

// waiting containers of Pods, and why.
func waiting(pods []corev1.Pod) (out []string) {
	for i := range pods {
		for _, s := range pods[i].Status.ContainerStatuses {
			if w := s.State.Waiting; w != nil {
				out = append(out, fmt.Sprintf("pod/%s, container %s: %s %s", pods[i].Name, s.Name, w.Reason, w.Message))
			}
		}
	}
	return out
}

// restarts of containers within the last hour.
func restarts(pods []corev1.Pod, now time.Time) (out []string) {
	for i := range pods {
		for _, s := range pods[i].Status.ContainerStatuses {
			if last := s.LastTerminationState.Terminated; last != nil && now.Sub(last.FinishedAt.Time) < time.Hour {
				out = append(out, fmt.Sprintf("pod/%s, container %s: exit code %d, %s, %s ago", pods[i].Name, s.Name, last.ExitCode, last.Reason,
					text.Took(now.Sub(last.FinishedAt.Time))))
			}
		}
	}
	return out
}

// grace is how long an object may be without an answer.
const grace = 2 * time.Minute

// hooksAnswer looks at what the hooks have written last: a move without an answer shows that Metacontroller does not reach them.
func hooksAnswer(o Observed) finding {
	if o.Moves.Problem != "" {
		return skipped(o.Moves.Problem)
	}
	var details []string
	count := len(o.Moves.Value.Engines) + len(o.Moves.Value.Reverses)
	look := func(key string, observed, generation int64, created time.Time) {
		switch {
		case observed == 0 && o.Now.Sub(created) > grace:
			details = append(details, fmt.Sprintf("%s was made %s ago, and has no status", key, text.Took(o.Now.Sub(created))))
		case observed != 0 && observed < generation:
			details = append(details, fmt.Sprintf("%s was changed, and its status is of generation %d of %d", key, observed, generation))
		}
	}
	for i := range o.Moves.Value.Engines {
		m := &o.Moves.Value.Engines[i]
		look("moveengine "+m.Namespace+"/"+m.Name, m.Status.ObservedGeneration, m.Generation, m.CreationTimestamp.Time)
	}
	for i := range o.Moves.Value.Reverses {
		m := &o.Moves.Value.Reverses[i]
		look("movereverse "+m.Namespace+"/"+m.Name, m.Status.ObservedGeneration, m.Generation, m.CreationTimestamp.Time)
	}
	if count == 0 {
		return skipped("there is no move from which it could be told")
	}
	return unless(details, "the status of "+text.Count(count, "move")+" is current",
		warning("a move has no current answer of the hooks", fmt.Sprintf(logs, installation.Deployment)))
}

// taskImage is the variable by which the hooks get the image of the Jobs.
const taskImage = "KUBEMOVE_TASK_IMAGE"

func versionsEqual(o Observed) finding {
	if f := o.absent(); f != nil {
		return *f
	}
	c := container(o.deployment().Spec.Template.Spec, installation.HooksContainer)
	if c == nil {
		return failed("the Deployment has no container "+installation.HooksContainer, install)
	}
	task := ""
	for _, e := range c.Env {
		if e.Name == taskImage {
			task = e.Value
		}
	}
	hooks := installation.Tag(c.Image)
	switch {
	case hooks == "" || installation.Tag(task) == "":
		return skipped(fmt.Sprintf("the images have no versions: hooks %s, task %s", c.Image, task))
	case hooks != installation.Tag(task):
		return warning(fmt.Sprintf("the hooks are %s, and the image of the Jobs is %s", c.Image, task), "set both images to one version")
	}
	return ok("hooks and Jobs are " + hooks)
}

func clientVersion(o Observed) finding {
	if f := o.absent(); f != nil {
		return *f
	}
	c := container(o.deployment().Spec.Template.Spec, installation.HooksContainer)
	if c == nil {
		return skipped("the Deployment has no container " + installation.HooksContainer)
	}
	versions, err := installation.Compare(o.Client, c.Image)
	switch {
	case err != nil:
		return skipped(err.Error())
	case !versions.SameMinor:
		return warning(versions.Text, installation.OtherMinorHint)
	default:
		return ok(versions.Text)
	}
}

// SharedNamespace is that of a Metacontroller that is shared.
const SharedNamespace = "metacontroller"

// program is a Metacontroller that was found.
type program struct {
	name        string
	want, ready int32
	spec        corev1.PodSpec
}

// metacontroller of the installation; nil: there is none.
func (o Observed) metacontroller() *program {
	replicas := func(n *int32) int32 {
		if n == nil {
			return 1
		}
		return *n
	}
	if d := o.deployment(); d != nil && !o.isShared() {
		return &program{"deployment/" + d.Name, replicas(d.Spec.Replicas), d.Status.ReadyReplicas, d.Spec.Template.Spec}
	}
	for i := range o.Shared.Value.StatefulSets {
		if s := &o.Shared.Value.StatefulSets[i]; isMetacontroller(s.Spec.Template.Spec) {
			return &program{"statefulset/" + s.Name, replicas(s.Spec.Replicas), s.Status.ReadyReplicas, s.Spec.Template.Spec}
		}
	}
	for i := range o.Shared.Value.Deployments {
		if d := &o.Shared.Value.Deployments[i]; isMetacontroller(d.Spec.Template.Spec) {
			return &program{"deployment/" + d.Name, replicas(d.Spec.Replicas), d.Status.ReadyReplicas, d.Spec.Template.Spec}
		}
	}
	return nil
}

func isMetacontroller(spec corev1.PodSpec) bool { return metacontrollerOf(spec) != nil }

func metacontrollerOf(spec corev1.PodSpec) *corev1.Container {
	i := slices.IndexFunc(spec.Containers, func(c corev1.Container) bool { return strings.Contains(c.Image, "metacontroller") })
	if i < 0 {
		return nil
	}
	return &spec.Containers[i]
}

// noMetacontroller says why none was found; nil: one was.
func (o Observed) noMetacontroller() *finding {
	if f := o.absent(); f != nil {
		return f
	}
	if o.isShared() && o.Shared.Problem != "" {
		f := skipped(o.Shared.Problem)
		return &f
	}
	if o.metacontroller() == nil {
		f := failed("no Metacontroller was found in namespace "+SharedNamespace,
			"install one there, or KubeMove with its own: kubectl move install")
		return &f
	}
	return nil
}

func metacontrollerRunning(o Observed) finding {
	if f := o.noMetacontroller(); f != nil {
		return *f
	}
	m := o.metacontroller()
	if m.ready < 1 {
		return failed(fmt.Sprintf("%s has %d of %d Pods ready", m.name, m.ready, m.want), "look at its logs, and at kubectl get pods "+
			"--all-namespaces")
	}
	return ok(fmt.Sprintf("%s has %d of %d Pods ready", m.name, m.ready, m.want))
}

// metacontrollerLeads: one without leader election has to be alone, and one with it has to hold its lease.
func metacontrollerLeads(o Observed) finding {
	if f := o.noMetacontroller(); f != nil {
		return *f
	}
	m := o.metacontroller()
	c := metacontrollerOf(m.spec)
	elects := slices.ContainsFunc(slices.Concat(c.Command, c.Args), func(a string) bool {
		return strings.HasPrefix(a, "--leader-election") && a != "--leader-election=false"
	})
	switch {
	case !elects && m.want > 1:
		return failed(fmt.Sprintf("%s has %d replicas without leader election: they work against each other", m.name, m.want),
			"scale it to 1, or add --leader-election")
	case !elects:
		return ok(m.name + " is alone, and needs no election")
	case !o.isShared():
		return skipped("the lease of its leader election is not looked for in namespace " + installation.Namespace)
	}
	for i := range o.Shared.Value.Leases {
		if l := &o.Shared.Value.Leases[i]; isHeld(l, o.Now) {
			return ok(fmt.Sprintf("%s leads by lease/%s", *l.Spec.HolderIdentity, l.Name))
		}
	}
	return failed("no lease of its leader election is held in namespace "+SharedNamespace, "look at the logs of "+m.name)
}

func isHeld(l *coordinationv1.Lease, now time.Time) bool {
	s := l.Spec
	if s.HolderIdentity == nil || *s.HolderIdentity == "" || s.RenewTime == nil || s.LeaseDurationSeconds == nil {
		return false
	}
	return now.Sub(s.RenewTime.Time) < 2*time.Duration(*s.LeaseDurationSeconds)*time.Second
}

// Oldest versions of Metacontroller: with its own a version of any kind works that the manifests could name, a shared one needs
// more.
const (
	oldestMetacontroller = "1.5.20"
	oldestShared         = "4.16"
)

func metacontrollerVersion(o Observed) finding {
	if f := o.noMetacontroller(); f != nil {
		return *f
	}
	m := o.metacontroller()
	image := metacontrollerOf(m.spec).Image
	v, err := version.ParseGeneric(installation.Tag(image))
	if err != nil {
		return skipped("the version of the image cannot be told: " + image)
	}
	oldest := oldestMetacontroller
	if o.isShared() {
		oldest = oldestShared
	}
	if v.LessThan(version.MustParseGeneric(oldest)) {
		return failed(fmt.Sprintf("it is %s, and %s or newer is needed", v, oldest), "upgrade it")
	}
	return ok(fmt.Sprintf("it is %s, and %s or newer is needed", v, oldest))
}

func controllersPresent(o Observed) finding {
	if o.Controllers.Problem != "" {
		return skipped(o.Controllers.Problem)
	}
	kind := "CompositeController"
	details := o.missing(kind, o.Controllers.Value)
	for _, w := range installation.Of(o.Wanted, kind) {
		there := named(o.Controllers.Value, w.GetName())
		if there == nil {
			continue
		}
		have, want := childrenOf(there), childrenOf(&w)
		for _, child := range want {
			if !slices.Contains(have, child) {
				details = append(details, fmt.Sprintf("%s has no child resource %s", w.GetName(), child))
			}
		}
	}
	for i := range o.Controllers.Value {
		c := &o.Controllers.Value[i]
		if worksOnOurs(c) && named(o.Wanted, c.GetName()) == nil {
			details = append(details, c.GetName()+" is not KubeMove's, and works on its kinds too")
		}
	}
	return unless(details, fmt.Sprintf("%d CompositeControllers are there", len(installation.Of(o.Wanted, kind))),
		failed("the CompositeControllers are not those of this version", install))
}

// worksOnOurs says whether the parents of a CompositeController are of KubeMove's kinds.
func worksOnOurs(o *unstructured.Unstructured) bool {
	parent, _, _ := unstructured.NestedString(o.Object, "spec", "parentResource", "apiVersion")
	return parent == api.GroupVersion.String()
}

// childrenOf a CompositeController, by their resources.
func childrenOf(o *unstructured.Unstructured) (out []string) {
	list, _, _ := unstructured.NestedSlice(o.Object, "spec", "childResources")
	for _, c := range list {
		child, _ := c.(map[string]any)
		out = append(out, fmt.Sprintf("%v %v", child["apiVersion"], child["resource"]))
	}
	return out
}
