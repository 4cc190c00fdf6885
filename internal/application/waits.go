package application

import (
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A program can wait for another object of its namespace by asking the API server for it. At the target
// it waits in vain for what does not move, and until the commit for its own external endpoints. KubeMove
// sees that in two ways: a command line names the object and its kind; or an init container runs before
// everything else, and its account may read such objects and not make them, as a waiter's does and a
// controller's does not.

// checkWaits warns of workloads that may wait at the target for what is not there.
func checkWaits(v *view) (out Findings) {
	if v.dataOnly() {
		return nil
	}
	missing, external := v.absent(), v.externals()
	for _, n := range v.stopped() {
		w := v.waiter(n)
		if waits := w.waitsFor(missing); len(waits) > 0 {
			out.AddWarning(n.ref, "%s may wait in vain at the target for %s: %s. Expected that it needs none of them there; "+
				"take the wait out of it, or create them at the target",
				n.ref, describeWaits(waits), w.why(waits))
		}
		if ref, container := v.lostJob(w); container != "" {
			out.AddWarning(n.ref, "%s waits for %s, which is not at the source any more, nor will it be at the target (its container %s names it): "+
				"what runs has waited before it was deleted, as a hook of Helm is; "+
				"take the wait out of it, or create the Job at the target", n.ref, ref, container)
		}
		if isScheduled(n.ref.kind()) {
			continue // It starts after the commit.
		}
		if waits := w.waitsFor(external); len(waits) > 0 {
			out.AddWarning(n.ref, "%s may wait for %s, which let no traffic in before the commit: %s. "+
				"The switch would wait for it until healthTimeout and roll back; take the wait out of it, "+
				"or name them in application.exclude and create them at the target yourself", n.ref, describeWaits(waits), w.why(waits))
		}
		if gates := gatesOf(n); len(gates) > 0 && len(external) > 0 {
			out.AddWarning(n.ref, "%s may wait for %s, which another controller sets on its Pods (readinessGates): "+
				"that of a balancer does so when it reaches them, after the commit. The switch would wait for it until healthTimeout and roll back; "+
				"take the gate out by a patch of the target's kustomization, if it is one of these", n.ref, few(gates))
		}
	}
	return out
}

var (
	// namedJob is how a command line names a Job.
	namedJob = regexp.MustCompile(`(?:^|[\s"'=,;(])(?:jobs?(?:\.batch)?/|job-w[re] )([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?:$|[\s"',;)])`)
	// makesObjects is a script that may make what it names.
	makesObjects = regexp.MustCompile(`\b(create|apply|replace|run|install|upgrade)\b`)
)

// lostJob is a Job that a container of the workload waits for and that does not exist.
func (v *view) lostJob(w waiter) (ref Ref, container string) {
	for _, c := range w.texts {
		if !asksServer.MatchString(c.text) && !strings.Contains(c.text, "job-w") || makesObjects.MatchString(c.text) {
			continue
		}
		for _, found := range namedJob.FindAllStringSubmatch(c.text, -1) {
			if ref := refTo(kindJob, found[1]); v.x.byRef[ref] == nil {
				return ref, c.container
			}
		}
	}
	return Ref{}, ""
}

// gatesOf a workload are conditions without which its Pods are not ready, whatever their containers say.
func gatesOf(n *node) []string {
	var out []string
	for _, g := range n.template.Spec.ReadinessGates {
		out = append(out, string(g.ConditionType))
	}
	return out
}

// awaited is an object that is not at the target, or not as it is to be, when the workloads start.
type awaited struct {
	ref Ref
	// resource as RBAC names it; empty: not known.
	group, resource string
	// words with which command lines name the kind.
	words []string
	// note says what is special about it.
	note string
	// byRights: that an account may read such objects says something about this one.
	byRights bool
	// selector of a Service; nil: it has none.
	selector map[string]string
	// hosts by which an external endpoint is reached.
	hosts []string
}

// absent are the objects of the namespace that the target will not have.
func (v *view) absent() []awaited {
	var out []awaited
	for _, n := range v.x.nodes {
		if n.own || v.moves(n) || v.isRemade(n) {
			continue
		}
		a := awaited{ref: n.ref, group: n.ref.Group, resource: v.resourceName(n.ref), note: v.left[n.ref]}
		a.words = wordsFor(n.ref, a.resource)
		if n.ref.kind() == kindJob && isFinished(n) {
			a.note = "it has ended and stays"
			a.byRights = metav1.GetControllerOfNoCopy(n.obj) == nil
		}
		out = append(out, a)
	}
	return out
}

// isRemade says whether something makes an object at the target as it did at the source.
func (v *view) isRemade(n *node) bool {
	root, foreign := v.x.root(n)
	switch n.ref.kind() {
	case kindJob:
		if root.ref.kind() == kindCronJob {
			return false // It makes others.
		}
	case "Lease.coordination.k8s.io":
		// The program that holds it takes it at the target as well.
		holder, _, _ := unstructured.NestedString(n.obj.Object, "spec", "holderIdentity")
		return holder != ""
	case "ControllerRevision.apps":
		return true
	}
	return foreign != nil || root != n && (v.moves(root) || isGenerated(n.ref.kind())) || v.isSystem(n) || v.isMade(n)
}

// externals are the external endpoints of the application, by their names at the source.
func (v *view) externals() []awaited {
	var out []awaited
	for i := range v.plan.Objects {
		o := &v.plan.Objects[i]
		if o.Phase != PhaseOpen || isScheduled(o.kind()) {
			continue
		}
		ref := o.SourceRef()
		a := awaited{ref: ref, group: ref.Group, resource: v.resourceName(ref), byRights: true}
		a.words = wordsFor(ref, a.resource)
		if n := v.x.byRef[ref]; n != nil {
			a.hosts = hostsOf(n)
			if ref.kind() == kindService {
				a.selector = read[corev1.Service](n).Spec.Selector
			}
		}
		out = append(out, a)
	}
	return out
}

// resourceName of a kind; empty: not known.
func (v *view) resourceName(r Ref) string {
	for _, k := range kinds {
		if k.name == r.kind() {
			return k.resource
		}
	}
	return v.in.Resources[r.kind()]
}

// shortWords are further words for kinds.
var shortWords = map[string][]string{
	// k8s-wait-for has kinds of its own.
	kindJob:         {"job-wr", "job-we"},
	kindPod:         {"po", "pod-wr", "pod-we"},
	kindService:     {"svc"},
	kindIngress:     {"ing"},
	kindConfigMap:   {"cm"},
	kindClaim:       {"pvc"},
	kindDaemonSet:   {"ds"},
	kindStatefulSet: {"sts"},
	kindDeployment:  {"deploy"},
}

func wordsFor(r Ref, resource string) []string {
	out := append([]string{strings.ToLower(r.Kind)}, shortWords[r.kind()]...)
	if resource != "" {
		out = append(out, resource)
	}
	return out
}

func describeWaits(list []wait) string {
	var out []string
	for _, w := range list {
		text := w.ref.String()
		if w.note != "" {
			text += " (" + w.note + ")"
		}
		out = append(out, text)
	}
	return few(out)
}

// why the workload may wait for them.
func (w waiter) why(list []wait) string {
	if c := list[0].container; c != "" {
		return fmt.Sprintf("its container %s names it", c)
	}
	return fmt.Sprintf("its init containers run first, and its account %s may read %s", w.account, list[0].resource)
}
