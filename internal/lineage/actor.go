package lineage

import (
	"cmp"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// Actor is a pair, or a switch of it, that asks whose an object is.
type Actor struct {
	// Lineage is the UID of the first pair of the lineage; empty: the pair is the first.
	Lineage string
	// Pair that acts, or that the switch acts for.
	Pair string
	// Switch that acts; empty: none does, and the pair stands in for it.
	Switch string
	// Earlier are the UIDs of the lineage's switches that are committed; of a first move there are none.
	Earlier []string
	// Recorded are the UIDs that the last commit of the lineage has on record at the side that is the
	// target now; of a first move there are none.
	Recorded map[types.UID]bool
}

// Name of the lineage.
func (a Actor) Name() string { return cmp.Or(a.Lineage, a.Pair) }

// Of a task: the switch of that UID acts for its pair; empty: the pair itself does.
func Of(m *task.Move, switchUID string) Actor {
	a := Actor{Lineage: m.FirstPair().UID, Pair: m.Pair.UID, Switch: switchUID}
	if m.Reverses != nil {
		a.Earlier = m.Reverses.Earlier
	}
	return a
}

// Self is the UID that signs what is stopped, started and made active.
func (a Actor) Self() string { return cmp.Or(a.Switch, a.Pair) }

// IsSelf says whether the UID is that of the switch that acts.
func (a Actor) IsSelf(uid string) bool { return uid != "" && uid == a.Self() }

// maker signs what is created.
func (a Actor) maker(claim bool) string {
	if claim {
		return a.Pair
	}
	return a.Self()
}

// CreatedBy is the UID of the pair or the switch that has created an object; empty: KubeMove has not.
func CreatedBy(o metav1.Object) string { return o.GetAnnotations()[api.CreatedByAnnotation] }

// Sign writes on an object that the actor creates it.
func (a Actor) Sign(o metav1.Object, claim bool) {
	annotate(o, api.CreatedByAnnotation, a.maker(claim))
}

// Owns says whether the actor may do with the object what it does with its own. Of claims it says so
// for all switches of a pair.
func (a Actor) Owns(o metav1.Object, claim bool) bool {
	by := CreatedBy(o)
	return by != "" && by == a.maker(claim) || a.IsSelf(by) || a.recorded(o)
}

// Reapplies lets the actor write objects of these UIDs, too, as the plan that was approved changes what is in them.
func (a Actor) Reapplies(uids []types.UID) Actor {
	if len(uids) == 0 {
		return a
	}
	recorded := maps.Clone(a.Recorded)
	if recorded == nil {
		recorded = map[types.UID]bool{}
	}
	for _, uid := range uids {
		recorded[uid] = true
	}
	a.Recorded = recorded
	return a
}

// Reapply marks an object whose content the actor has changed.
func (a Actor) Reapply(o metav1.Object) { annotate(o, api.ReappliedAnnotation, a.Self()) }

// Reapplied says whether the actor has changed its content.
func (a Actor) Reapplied(o metav1.Object) bool {
	return a.IsSelf(o.GetAnnotations()[api.ReappliedAnnotation])
}

// TakeBack removes that mark.
func TakeBack(o metav1.Object) { remove(o, api.ReappliedAnnotation) }

// Left says whether an earlier switch of the lineage has left the object there: it is no creation of the actor's, and
// never deleted.
func (a Actor) Left(uid types.UID) bool { return uid != "" && a.Recorded[uid] }

// recorded: the lineage has left it there.
func (a Actor) recorded(o metav1.Object) bool { return a.Left(o.GetUID()) }

// Identified corrects by the UID on record whether an object is the actor's own; recorded is empty where
// nothing is on record.
func Identified(owns bool, uid, recorded types.UID) bool {
	if recorded == "" {
		return owns
	}
	return uid == recorded
}

// Holder is the UID of another switch that has stopped or started a workload, and whose it is until
// that switch has ended; empty: there is none. One that the lineage itself has left may be taken over.
func (a Actor) Holder(o metav1.Object) string {
	by := HeldBy(o)
	if a.IsSelf(by) || slices.Contains(a.Earlier, by) && a.recorded(o) {
		return ""
	}
	return by
}

// HeldBy is the UID of the switch that has stopped or started a workload; empty: none has. The ledger
// says it where the annotation was removed.
func HeldBy(o metav1.Object) string {
	if by := o.GetAnnotations()[api.HeldByAnnotation]; by != "" {
		return by
	}
	if l, err := ledgerOf(o); err == nil && l != nil {
		return l.Switch
	}
	return ""
}

// Active is the UID of the switch that has made a claim active; empty: it is passive, and may be
// written.
func Active(claim metav1.Object) string { return claim.GetAnnotations()[api.ActiveAnnotation] }

// Rival is the UID of another switch in the mark of an active claim; empty: there is none.
func (a Actor) Rival(mark string) string {
	if a.IsSelf(mark) {
		return ""
	}
	return mark
}

// Activate marks a claim as active for the switch that acts. What an application writes is no copy.
func (a Actor) Activate(claim metav1.Object) {
	annotate(claim, api.ActiveAnnotation, a.Self())
	remove(claim, api.CopyAnnotation)
}

// Passivate takes the mark away. What an application has written is no copy.
func Passivate(claim metav1.Object) { remove(claim, api.ActiveAnnotation, api.CopyAnnotation) }

// Leaves says whether a claim of the source is marked as active for an earlier switch of the lineage: the mark goes when the
// application has left.
func (a Actor) Leaves(mark string) bool { return mark != "" && slices.Contains(a.Earlier, mark) }

// IsWork says whether KubeMove has made the object with these labels for a run or another step of a
// pair; such an object is there because of the move, and goes with it.
func IsWork(labels map[string]string) bool {
	return labels[api.ManagedByLabel] == api.ManagedByValue && labels[api.PairLabel] != ""
}

// IsWorkOf is IsWork of this pair. Other pairs work with the same claims of the source.
func IsWorkOf(labels map[string]string, pair string) bool {
	return IsWork(labels) && labels[api.PairLabel] == pair
}

func annotate(o metav1.Object, key, value string) {
	a := o.GetAnnotations()
	if a == nil {
		a = map[string]string{}
	}
	a[key] = value
	o.SetAnnotations(a)
}

func remove(o metav1.Object, keys ...string) {
	a := o.GetAnnotations()
	for _, key := range keys {
		delete(a, key)
	}
	o.SetAnnotations(a)
}
