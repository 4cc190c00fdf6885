package cleanup

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/podstate"
	"github.com/kubemove/kubemove/task"
)

// The claims that a pair has created at its target go with it only while everything says that they hold copies that are not in
// use. A claim of which that cannot be shown stays, and the result names it. Claims are all that is left of a move to a target
// that is not active: other objects are removed by the roll back of the switch that has created them, and what is
// cluster-wide is never deleted.

// observed is what decides which claims go. It is read again before each of them goes.
type observed struct {
	// Pair as it is at home; nil: it is gone.
	Pair *api.MovePair
	// Switches that name the pair.
	Switches []string
	// Followed: another pair of the lineage has a channel.
	Followed bool
	// Claims, Pods and Workloads of the target's namespace. The claims are read first, and deleted as they were read.
	Claims    []corev1.PersistentVolumeClaim
	Pods      []corev1.Pod
	Workloads []unstructured.Unstructured
	// Records of switches that lie there.
	Records []record
}

// record of a switch: the claims that it names.
type record struct {
	Name       string
	Unreadable bool
	Claims     []string
}

// verdict on the copies of a pair.
type verdict struct {
	// Next claim to delete; nil: none is.
	Next *corev1.PersistentVolumeClaim
	// Forbidden is why none of them goes; empty: the reasons of each are in Stay.
	Forbidden string
	// Stay are the claims that are not deleted, with the reasons.
	Stay []string
}

// maxTries to delete a claim that changes in between.
const maxTries = 3

// attempts to delete a claim, and why the API server has refused it; empty: it has not.
type attempts struct {
	tries   int
	refused string
}

// judge decides which claim is deleted next.
func judge(o *observed, m *task.Move, tried map[types.UID]attempts) verdict {
	us := lineage.Of(m, "")
	own := slices.DeleteFunc(slices.Clone(o.Claims), func(c corev1.PersistentVolumeClaim) bool {
		return !us.Owns(&c, true) || lineage.IsWork(c.Labels) || c.DeletionTimestamp != nil
	})
	if len(own) == 0 {
		return verdict{}
	}
	if why := o.forbidden(m, own); why != "" {
		return verdict{Forbidden: why}
	}
	var out verdict
	for i := range own {
		c := &own[i]
		why := o.keeps(c)
		switch before := tried[c.UID]; {
		case why != "":
		case before.refused != "":
			why = before.refused
		case before.tries >= maxTries:
			why = "another client keeps changing it"
		}
		switch {
		case why != "":
			out.Stay = append(out.Stay, fmt.Sprintf("%s (%s)", c.Name, why))
		case out.Next == nil:
			out.Next = c
		}
	}
	return out
}

// forbidden is why no copy of the pair may be deleted; empty: each is judged on its own.
func (o *observed) forbidden(m *task.Move, own []corev1.PersistentVolumeClaim) string {
	p := o.Pair
	switch {
	case p == nil || string(p.UID) != m.Pair.UID:
		return fmt.Sprintf("the MovePair %s with the UID %s is not there any more", m.Pair.Name, m.Pair.UID)
	case m.Reverses != nil || p.Spec.Reverses != nil:
		return "the MovePair leads back, and its target is where the application came from"
	case p.DeletionTimestamp == nil:
		return "the MovePair is not being deleted"
	case api.IsForceDeleted(p):
		return "the MovePair is deleted by force"
	case !p.Spec.DeletionPolicy.Deletes():
		return "the deletionPolicy of the MovePair is Retain by now"
	case p.Status.Channel == api.ChannelComplete:
		return "the application has switched to this target"
	case len(o.Switches) > 0:
		return "MoveSwitch " + strings.Join(o.Switches, ", ") + " names the MovePair and may start the application with them"
	case o.Followed:
		return "another MovePair leads back from here, or here again, and may use them"
	}
	for i := range own {
		c := &own[i]
		if by := lineage.Active(c); by != "" {
			return fmt.Sprintf("the application has switched to this target: claim %s is in use since the switch with the UID %s", c.Name, by)
		}
		for _, r := range o.Records {
			if r.Unreadable || slices.Contains(r.Claims, c.Name) {
				return fmt.Sprintf("the record of a switch, ConfigMap/%s, is at the target: that switch has not ended", r.Name)
			}
		}
	}
	return ""
}

// keeps is why this claim stays; empty: it is a copy of the pair's that is not in use.
func (o *observed) keeps(c *corev1.PersistentVolumeClaim) string {
	if !lineage.IsSignedBy(c, cluster.FieldManager) {
		return "another client has made it anew"
	}
	if len(c.OwnerReferences) > 0 {
		return fmt.Sprintf("it belongs to %s/%s", c.OwnerReferences[0].Kind, c.OwnerReferences[0].Name)
	}
	// Also Pods that have ended, and those that were not started yet.
	for i := range o.Pods {
		if podstate.Mounts(&o.Pods[i], c.Name) {
			return fmt.Sprintf("Pod/%s mounts it", o.Pods[i].Name)
		}
	}
	for i := range o.Workloads {
		if w := &o.Workloads[i]; !isDependent(w) && needs(w, c.Name) {
			return fmt.Sprintf("%s/%s mounts it", w.GetKind(), w.GetName())
		}
	}
	return ""
}

// isDependent: the workload is made and removed by a controller of Kubernetes itself, and its owner is looked at.
func isDependent(w *unstructured.Unstructured) bool {
	owner := metav1.GetControllerOf(w)
	if owner == nil {
		return false
	}
	made := w.GetKind() + " of " + owner.Kind
	return made == "ReplicaSet of Deployment" || made == "Job of CronJob"
}

// needs says whether the Pods of a workload mount the claim, though there may be none at present.
func needs(w *unstructured.Unstructured, claim string) bool {
	templates, _, _ := unstructured.NestedSlice(w.Object, "spec", "volumeClaimTemplates")
	for _, t := range templates {
		name, _, _ := unstructured.NestedString(asMap(t), "metadata", "name")
		ordinal, found := strings.CutPrefix(claim, name+"-"+w.GetName()+"-")
		if found && ordinal != "" && strings.Trim(ordinal, "0123456789") == "" {
			return true
		}
	}
	return mentions(w.Object["spec"], claim)
}

// mentions finds a volume with the claim, wherever the template of the Pods is.
func mentions(value any, claim string) bool {
	switch v := value.(type) {
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return mentions(e, claim) })
	case map[string]any:
		if asMap(v["persistentVolumeClaim"])["claimName"] == claim {
			return true
		}
		for _, e := range v {
			if mentions(e, claim) {
				return true
			}
		}
	}
	return false
}

func asMap(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}

// outcome of the clean-up at the target, for people.
type outcome struct {
	// Asked: the copies were to be deleted.
	Asked   bool
	Deleted []string
	verdict
}

// String says what became of the copies.
func (o *outcome) String() string {
	const nothing = "nothing is left of the pair"
	switch {
	case !o.Asked:
		return nothing + " but the copies"
	case o.Forbidden == "" && len(o.Deleted)+len(o.Stay) == 0:
		return nothing + "; the target has no copies"
	}
	var parts []string
	if len(o.Deleted) > 0 {
		parts = append(parts, "deleted copies: "+strings.Join(o.Deleted, ", "))
	}
	if o.Forbidden != "" {
		parts = append(parts, "the copies at the target stay: "+o.Forbidden)
	}
	if len(o.Stay) > 0 {
		parts = append(parts, "these copies stay: "+strings.Join(o.Stay, ", "))
	}
	return nothing + "; " + strings.Join(parts, "; ")
}
