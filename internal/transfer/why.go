package transfer

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/podstate"
	"github.com/kubemove/kubemove/task"
)

// patience with a Pod that does not start, before the cluster is asked why.
const patience = 15 * time.Second

// explain adds the cluster's last word on workers that do not start, asking now and then.
func (s *Session) explain(ctx context.Context, v *volumePass, pods map[task.Role]map[string]*corev1.Pod, o *observed) {
	since := v.created
	if v.given {
		since = v.givenAt
	}
	if since.IsZero() || o.Now.Sub(since) < patience {
		return
	}
	ask := o.Now.Sub(v.askedAt) >= patience || o.late(since)
	for role, is := range map[task.Role]*side{task.RoleSource: &o.Source, task.RoleTarget: &o.Target} {
		waiting := is.Exists && is.Exit == nil && (!is.Connected || v.given && !is.Running)
		switch {
		case !waiting || is.Problem != "":
			continue
		case is.Agent && !is.Connected && is.DialErr != nil:
			is.Problem = clip("its Pod runs, but is not reached through the API server of its cluster: " + is.DialErr.Error())
			continue
		case ask:
			v.askedAt = o.Now
			v.answers[role] = whyNot(ctx, s.spec.endpoint(role), pods[role][workerName(s.spec.session(), v.volume.Name, role)])
		}
		is.Problem = v.answers[role]
	}
}

// whyNot a Pod starts, in the cluster's words; empty when it has none.
func whyNot(ctx context.Context, c *cluster.Cluster, pod *corev1.Pod) string {
	if pod == nil {
		return ""
	}
	if warning := warningOf(ctx, c, "Pod", pod.Name); warning != "" {
		return warning
	}
	if problem := podstate.Problem(pod); problem != "" {
		return clip(problem)
	}
	if pod.Spec.NodeName == "" {
		return claimProblem(ctx, c, pod)
	}
	return ""
}

// claimProblem is about the claim that the scheduler waits for with a Pod that it has a node
// for: nothing is said of that on the Pod.
func claimProblem(ctx context.Context, c *cluster.Cluster, pod *corev1.Pod) string {
	for _, v := range pod.Spec.Volumes {
		if v.PersistentVolumeClaim == nil {
			continue
		}
		claim, err := c.Kube.CoreV1().PersistentVolumeClaims(c.Namespace).Get(ctx, v.PersistentVolumeClaim.ClaimName, metav1.GetOptions{})
		if err != nil || claim.Status.Phase == corev1.ClaimBound {
			continue
		}
		class := "no StorageClass"
		if name := claim.Spec.StorageClassName; name != nil && *name != "" {
			class = "StorageClass " + *name
		}
		problem := fmt.Sprintf("claim %s (%s) is not bound to a volume yet", claim.Name, class)
		if warning := warningOf(ctx, c, "PersistentVolumeClaim", claim.Name); warning != "" {
			problem += ": " + warning
		}
		return clip(problem)
	}
	return ""
}

// warningOf returns the newest warning about a Pod or a claim, such as a mount that fails. It
// is a help only: no right to read events is no error.
func warningOf(ctx context.Context, c *cluster.Cluster, kind, name string) string {
	list, err := c.Kube.CoreV1().Events(c.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.Set{"involvedObject.kind": kind, "involvedObject.name": name, "type": corev1.EventTypeWarning}.String(),
	})
	if err != nil || len(list.Items) == 0 {
		return ""
	}
	newest := list.Items[0]
	for _, e := range list.Items[1:] {
		if podstate.EventTime(&e).After(podstate.EventTime(&newest)) {
			newest = e
		}
	}
	return clip(newest.Reason + ": " + newest.Message)
}
