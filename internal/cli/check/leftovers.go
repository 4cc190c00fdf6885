package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/text"
)

// each object of KubeMove's kinds, by its kind in lower case.
func each(o snapshot.Objects, f func(kind string, m metav1.Object)) {
	for i := range o.Engines {
		f("moveengine", &o.Engines[i])
	}
	for i := range o.Reverses {
		f("movereverse", &o.Reverses[i])
	}
	for i := range o.Pairs {
		f("movepair", &o.Pairs[i])
	}
	for i := range o.Syncs {
		f("datasync", &o.Syncs[i])
	}
	for i := range o.Switches {
		f("moveswitch", &o.Switches[i])
	}
}

func ref(kind string, m metav1.Object) string {
	return kind + " " + m.GetNamespace() + "/" + m.GetName()
}

// childrenParents looks for what no object leads to any more. A MovePair of a user has no owner, and is none of them.
func childrenParents(o Observed) finding {
	if o.Moves.Problem != "" {
		return skipped(o.Moves.Problem)
	}
	uids := map[types.UID]bool{}
	pairs := map[string]bool{}
	count := 0
	each(o.Moves.Value, func(kind string, m metav1.Object) {
		count++
		uids[m.GetUID()] = true
		if kind == "movepair" {
			pairs[m.GetNamespace()+"/"+m.GetName()] = true
		}
	})
	var details []string
	each(o.Moves.Value, func(kind string, m metav1.Object) {
		if owner := metav1.GetControllerOfNoCopy(m); owner != nil && strings.HasPrefix(owner.APIVersion, api.GroupVersion.Group+"/") &&
			!uids[owner.UID] {
			details = append(details, fmt.Sprintf("%s was made by the %s %s, which is gone", ref(kind, m), owner.Kind, owner.Name))
		}
	})
	for i := range o.Moves.Value.Syncs {
		if s := &o.Moves.Value.Syncs[i]; !pairs[s.Namespace+"/"+s.Spec.PairRef.Name] {
			details = append(details, fmt.Sprintf("%s is for the MovePair %s, which is gone", ref("datasync", s), s.Spec.PairRef.Name))
		}
	}
	for i := range o.Moves.Value.Switches {
		if s := &o.Moves.Value.Switches[i]; !pairs[s.Namespace+"/"+s.Spec.PairRef.Name] {
			details = append(details, fmt.Sprintf("%s is for the MovePair %s, which is gone", ref("moveswitch", s), s.Spec.PairRef.Name))
		}
	}
	return unless(details, text.Count(count, "object")+" looked at", warning("an object belongs to no move",
		"delete it when you know that no move needs it: kubectl delete KIND NAME"))
}

// stuck is how long a deletion may take that cleans two clusters up.
const stuck = 15 * time.Minute

func deletionsStuck(o Observed) finding {
	if o.Moves.Problem != "" {
		return skipped(o.Moves.Problem)
	}
	var details []string
	each(o.Moves.Value, func(kind string, m metav1.Object) {
		if at := m.GetDeletionTimestamp(); at != nil && o.Now.Sub(at.Time) > stuck {
			details = append(details, fmt.Sprintf("%s has been going for %s; its finalizers are %s", ref(kind, m), text.Took(o.Now.Sub(at.Time)),
				strings.Join(m.GetFinalizers(), ", ")))
		}
	})
	return unless(details, "no deletion takes long", warning("a deletion does not come to its end",
		"see why: kubectl describe KIND NAME; what the clean-up waits for may be given up with the annotation "+api.ForceDeleteAnnotation))
}

func deletionsForced(o Observed) finding {
	if o.Moves.Problem != "" {
		return skipped(o.Moves.Problem)
	}
	var details []string
	each(o.Moves.Value, func(kind string, m metav1.Object) {
		if api.IsForceDeleted(m) && m.GetDeletionTimestamp() == nil {
			details = append(details, ref(kind, m)+" would be deleted without a clean-up")
		}
	})
	return unless(details, "no object has the annotation "+api.ForceDeleteAnnotation, warning("an annotation of a former deletion is left",
		"remove it: kubectl annotate KIND NAME "+api.ForceDeleteAnnotation+"-"))
}

// locksHeld looks for locks of switches that are gone. A switch of another home is not known here.
func locksHeld(o Observed) finding {
	switch {
	case o.Locks.Problem != "":
		return skipped(o.Locks.Problem)
	case o.Moves.Problem != "":
		return skipped(o.Moves.Problem)
	case o.UID.Problem != "":
		return skipped("whose locks they are cannot be told: " + o.UID.Problem)
	}
	var details []string
	for i := range o.Locks.Value {
		l := &o.Locks.Value[i]
		h := cluster.HolderOf(l)
		if h == nil || h.Home != o.UID.Value {
			continue
		}
		if !slices.ContainsFunc(o.Moves.Value.Switches, func(s api.MoveSwitch) bool { return string(s.UID) == h.UID }) {
			details = append(details, fmt.Sprintf("namespace %s is locked for the MoveSwitch %s, which is gone", l.Namespace, h.Name))
		}
	}
	return unless(details, text.Count(len(o.Locks.Value), "lock")+" looked at", warning("a lock is of no move",
		"let the next switch take it over: kubectl annotate lease "+api.LockName+" "+api.ForceUnlockAnnotation+"=true"))
}

// lineages that there are: the UIDs of the pairs, and the lineages of their channels.
func (o Observed) lineages() map[string]bool {
	out := map[string]bool{}
	for i := range o.Moves.Value.Pairs {
		out[string(o.Moves.Value.Pairs[i].UID)] = true
	}
	for i := range o.Work.Value {
		if w := &o.Work.Value[i]; w.Kind == "Secret" && w.Labels[LineageLabel] != "" && out[w.Labels[api.PairLabel]] {
			out[w.Labels[LineageLabel]] = true
		}
	}
	return out
}

// another is why an object may be in use that nothing here uses.
const another = "; KubeMove of another home cluster may use it, so look there first"

func repositoryClaims(o Observed) finding {
	return o.unused("repository claim", "delete it when no move needs it: kubectl delete pvc NAME"+another,
		isRepository)
}

func workersLeft(o Observed) finding {
	return o.unused("Pod or Secret of a worker", "delete it when no move needs it: kubectl delete KIND NAME"+another,
		func(w *metav1.PartialObjectMetadata) bool {
			return !isRepository(w) && o.Now.Sub(w.CreationTimestamp.Time) > stuck
		})
}

func isRepository(w *metav1.PartialObjectMetadata) bool {
	return w.Kind == "PersistentVolumeClaim" && w.Labels[ClaimLabel] == "true"
}

// unused objects that KubeMove made for a pair that is gone.
func (o Observed) unused(what, hint string, counts func(*metav1.PartialObjectMetadata) bool) finding {
	switch {
	case o.Work.Problem != "":
		return skipped(o.Work.Problem)
	case o.Moves.Problem != "":
		return skipped(o.Moves.Problem)
	}
	known := o.lineages()
	var details []string
	for i := range o.Work.Value {
		w := &o.Work.Value[i]
		if counts(w) && !known[w.Labels[api.PairLabel]] && w.DeletionTimestamp == nil {
			details = append(details, fmt.Sprintf("%s is of a pair that is not there", ref(strings.ToLower(w.Kind), w)))
		}
	}
	return unless(details, "each belongs to a move", warning("a "+what+" belongs to no move", hint))
}
