package application

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/podstate"
	"github.com/kubemove/kubemove/internal/workload"
)

// ReverseInput is what the plan of a way back is made from.
type ReverseInput struct {
	// Engine, Us, the namespaces, the clusters, Data and Mobilizers are as in Input: the source is where the application is
	// now, the target where it came from.
	Engine                           string
	Us                               lineage.Actor
	SourceNamespace, TargetNamespace string
	SourceCluster, TargetCluster     string
	Data                             api.Data
	Mobilizers                       []string
	// Forward is the plan of the switch that is reversed, as it was carried out.
	Forward *Plan
	// Source and Target hold the objects of the two namespaces, of all Kinds. They are not changed.
	Source, Target []unstructured.Unstructured
	// Objects says whether the Changes go back, too.
	Objects api.ReverseObjects
	// Changes of the objects that the forward switch has made, since then.
	Changes []Change
}

// Reverse plans the way back of an application: its data, and the workloads that the forward move has stopped. They start
// again as they were, with the objects that they had: those were left as they are. It depends on nothing but the input.
func Reverse(in ReverseInput) *Plan {
	r := &reverser{in: in, source: byRef(in.Source), target: byRef(in.Target), plan: &Plan{
		Engine: in.Engine, SourceNamespace: in.SourceNamespace, TargetNamespace: in.TargetNamespace,
		SourceCluster: in.SourceCluster, TargetCluster: in.TargetCluster, Data: wayOf(in.Data), Contents: in.Forward.Contents,
		Workloads: []Workload{}, Objects: []Object{}, Volumes: []Volume{},
	}}
	r.refuse()
	for _, v := range in.Forward.Volumes {
		r.volume(v)
	}
	for _, w := range in.Forward.Workloads {
		r.workload(w)
	}
	r.refuseStrangers()
	r.changes()
	r.beside()
	slices.SortFunc(r.plan.Objects, compareObjects)
	r.plan.Report(r.sorted())
	return r.plan
}

type reverser struct {
	Findings
	in             ReverseInput
	source, target map[Ref]*unstructured.Unstructured
	plan           *Plan
}

func byRef(list []unstructured.Unstructured) map[Ref]*unstructured.Unstructured {
	out := make(map[Ref]*unstructured.Unstructured, len(list))
	for i := range list {
		out[RefOf(&list[i])] = &list[i]
	}
	return out
}

// refuse what has no way back yet.
func (r *reverser) refuse() {
	f := r.in.Forward
	if f.Contents == api.ContentsData {
		r.AddBlocker(api.ReasonInvalidSpec, Ref{}, "the move took the data alone (contents: Data), so KubeMove does not know what to stop "+
			"where the data is now: make a MoveEngine from there to here")
	}
	for i := range f.Objects {
		if f.Objects[i].Runs {
			r.AddBlocker(api.ReasonUnsupportedWorkload, f.Objects[i].Ref, "%s is a custom resource whose controller runs Pods, "+
				"and a MoveReverse handles only %s: make a MoveEngine from there to here", f.Objects[i].Ref, workload.Names())
		}
	}
}

// volume turns a volume of the forward move round. What that has not copied is used as it is.
func (r *reverser) volume(f Volume) {
	v := Volume{
		Name: f.Target, Target: f.Name, Policy: api.ClaimSkip,
		Identity: f.Identity, PrivilegedSource: f.PrivilegedTarget, PrivilegedTarget: f.PrivilegedSource,
	}
	if f.TargetIdentity != nil {
		v.Identity, v.TargetIdentity = *f.TargetIdentity, &f.Identity
	}
	here, there := refTo(kindClaim, v.Name), refTo(kindClaim, v.Target)
	if f.Policy == api.ClaimCopy || f.Policy == "" {
		v.Policy, v.Mobilizer = api.ClaimCopy, f.Mobilizer
	}
	if v.Policy == api.ClaimCopy && !slices.Contains(r.in.Mobilizers, v.Mobilizer) {
		r.AddBlocker(api.ReasonUnknownMobilizer, here, "the claim %s was copied by the mobilizer %s, which data.mobilizers does "+
			"not name, or the installation has not registered any more: expected the one that holds its copy", v.Name, v.Mobilizer)
	}
	if claim := r.source[here]; claim != nil {
		v.CapacityBytes = sizeOf(claim)
	} else if v.Policy == api.ClaimCopy {
		r.AddBlocker(api.ReasonClaimMissing, here, "the claim %s, which holds the application's data, is not in the namespace %s any more: "+
			"expected that the application is where the switch has brought it", v.Name, r.in.SourceNamespace)
	}
	r.plan.Volumes = append(r.plan.Volumes, v)
	if v.Policy != api.ClaimCopy {
		r.plan.Requires = append(r.plan.Requires, Required{Ref: there, Why: "the forward move has not copied it"})
		return
	}
	if claim := r.left(there, "claim", "its data is to be copied into"); claim != nil {
		r.plan.Objects = append(r.plan.Objects, r.kept(claim, here, PhaseVolume, nil))
	}
}

// left is an object that the forward move has left at the target; nil, with a blocker: it is gone, or another one.
func (r *reverser) left(ref Ref, what, why string) *unstructured.Unstructured {
	u, gone := r.target[ref], api.ReasonWorkloadNotFound
	if ref.kind() == kindClaim {
		gone = api.ReasonClaimMissing
	}
	switch {
	case u == nil:
		r.AddBlocker(gone, ref, "the %s %s was deleted in the namespace %s since the application has left it: expected the one that "+
			"%s. There is no way back to what is gone; make a MoveEngine from the namespace %s, where the application is",
			what, ref.Name, r.in.TargetNamespace, why, r.in.SourceNamespace)
		return nil
	case !r.in.Us.Left(u.GetUID()):
		r.AddBlocker(api.ReasonNameConflict, ref, "the %s %s in the namespace %s is not the one that the application has left (UID %s): "+
			"it was made anew by another client, and nothing of that is overwritten. Make a MoveEngine from the namespace %s into another one",
			what, ref.Name, r.in.TargetNamespace, u.GetUID(), r.in.SourceNamespace)
		return nil
	}
	return u
}

// kept is an object of the target that is there already, and what it becomes.
func (r *reverser) kept(u *unstructured.Unstructured, from Ref, phase Phase, origin *Origin) Object {
	ref := RefOf(u)
	o := Object{Ref: ref, Phase: phase, Kept: true, Why: "an earlier switch has left it", Origin: origin, Object: *clean(u)}
	if from.Name != ref.Name {
		o.Source = from.Name
	}
	o.Object.SetNamespace(r.in.TargetNamespace)
	return o
}

// workload is stopped where it is now, and its counterpart starts again.
func (r *reverser) workload(f Workload) {
	o := r.in.Forward.ofSource(f.Ref)
	if f.MadeBy != nil || o == nil {
		return // What a custom resource makes is refused already.
	}
	back := r.left(f.Ref, f.Kind, "the switch has stopped")
	if back == nil {
		return
	}
	was := r.values(f, back)
	if !f.Ref.Workload().Stopped(back) && !r.in.Us.Took(back) {
		r.AddBlocker(api.ReasonTargetIsActive, f.Ref, "%s in the namespace %s was started again by another client, and the "+
			"application runs at %s: expected it as the switch has left it. Stop it there first, and save what was written to it",
			f.Ref, r.in.TargetNamespace, r.in.SourceNamespace)
	}
	if holder := lineage.HeldBy(back); holder != "" && !slices.Contains(r.in.Us.Earlier, holder) && !r.in.Us.IsSelf(holder) {
		r.AddBlocker(api.ReasonSourceHeld, f.Ref, "%s in the namespace %s is held by another switch (UID %s): let that one end first",
			f.Ref, r.in.TargetNamespace, holder)
	}
	k := r.kept(back, o.Ref, PhaseStart, o.Origin)
	if err := f.Ref.Workload().Restore(&k.Object, was); err != nil {
		r.AddBlocker(api.ReasonUnsupportedWorkload, f.Ref, "%s cannot be started again: %v", f.Ref, err)
		return
	}
	r.plan.Objects = append(r.plan.Objects, k)
	r.stop(f, o.Ref)
}

// values that the workload had before it was stopped: its ledger has them, else the plan of then.
func (r *reverser) values(f Workload, u *unstructured.Unstructured) workload.Values {
	l, err := lineage.LedgerOf(u)
	if err == nil && l != nil && slices.Contains(r.in.Us.Earlier, l.Switch) {
		return l.Values
	}
	if f.Ref.Workload().Scheduled() {
		return workload.Values{Suspend: &f.Suspended}
	}
	return workload.Values{Replicas: &f.Replicas}
}

// stop the workload that runs now.
func (r *reverser) stop(f Workload, ref Ref) {
	now := r.source[ref]
	if now == nil {
		r.AddWarning(ref, "%s, which the switch has started, was deleted in the namespace %s since: nothing of it is stopped",
			ref, r.in.SourceNamespace)
		return
	}
	ledger, err := lineage.LedgerOf(now)
	if holder := r.in.Us.Holder(now); holder != "" || err != nil {
		r.AddBlocker(api.ReasonSourceHeld, ref, "%s is held by another switch (UID %s): let that one end first, or roll it back",
			ref, cmp.Or(holder, "unknown"))
		return
	}
	v := ref.Workload().Values(now)
	if ledger != nil {
		v.Replicas, v.Suspend = cmp.Or(ledger.Replicas, v.Replicas), cmp.Or(ledger.Suspend, v.Suspend)
	}
	w := Workload{Ref: ref, Autoscaled: f.Autoscaled}
	if v.Replicas != nil {
		w.Replicas = *v.Replicas
	}
	if v.Suspend != nil {
		w.Suspended = *v.Suspend
	}
	r.plan.Workloads = append(r.plan.Workloads, w)
}

// refuseStrangers: a Pod on one of the claims that no workload of the plan runs would never be stopped, and the switch would
// wait for it while the application is down.
func (r *reverser) refuseStrangers() {
	ours := map[Ref]bool{}
	for _, w := range r.plan.Workloads {
		ours[w.Ref] = true
	}
	for _, ref := range slices.SortedFunc(maps.Keys(r.source), compareRefs) {
		u := r.source[ref]
		if ref.kind() != kindPod || lineage.IsWork(u.GetLabels()) {
			continue
		}
		pod, err := decode[corev1.Pod](u.Object)
		top := r.topOf(u)
		if err != nil || podstate.Ended(pod) || ours[top] {
			continue
		}
		for _, v := range r.plan.Volumes {
			if v.Policy == api.ClaimCopy && podstate.Mounts(pod, v.Name) {
				r.AddBlocker(api.ReasonUnsupportedWorkload, ref, "%s uses the claim %s, and belongs to nothing that the switch has started: "+
					"expected that all that uses it is stopped. Remove %s, or let it use no claim of the application", ref, v.Name, top)
			}
		}
	}
}

// topOf is what runs a Pod in the end, as far as it is in the namespace.
func (r *reverser) topOf(u *unstructured.Unstructured) Ref {
	for range 4 {
		owner := metav1.GetControllerOfNoCopy(u)
		if owner == nil {
			break
		}
		next := r.source[ownerRef(owner)]
		if next == nil {
			return ownerRef(owner)
		}
		u = next
	}
	return RefOf(u)
}
