package transfer

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/task"
)

// checkGivesWay: a copy beside the running application ends when a Pod of the application cannot start that mounts the claim,
// as the worker may be what it waits for: on the one node that may mount the claim, or as its one Pod. The final run
// has a source that is stopped.
func (s Spec) checkGivesWay(pods []corev1.Pod, v application.Volume) *Error {
	if s.final() {
		return nil
	}
	node := ""
	for i := range pods {
		if s.ownWorker(&pods[i]) && pods[i].Labels[api.RoleLabel] == string(task.RoleSource) && uses(&pods[i], v.Name) {
			node = pods[i].Spec.NodeName
		}
	}
	for i := range pods {
		pod := &pods[i]
		if isWorker(pod) || pod.DeletionTimestamp != nil || !uses(pod, v.Name) || !waitsForClaim(pod, node) {
			continue
		}
		return declined(api.ReasonPodPending, fmt.Sprintf("Pod %s of the application is Pending and mounts claim %s at the source: "+
			"the copy gives way, and goes on when the Pod has started; if it does not, see why: kubectl -n %s describe pod %s",
			pod.Name, v.Name, s.Source.Namespace, pod.Name))
	}
	return nil
}

// waitsForClaim tells whether a Pod may wait for a claim that is mounted on the node: it has found no node, or it is on another
// one where nothing of it runs yet.
func waitsForClaim(pod *corev1.Pod, node string) bool {
	if pod.Status.Phase != corev1.PodPending {
		return false
	}
	for _, c := range pod.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionFalse:
		case c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable:
			return true
		case c.Type == corev1.PodReadyToStartContainers && node != "" && pod.Spec.NodeName != node:
			return true
		}
	}
	return false
}

// lookInterval between two looks at everything while nothing is copied. The Pods of the source are looked at each time.
const lookInterval = 20 * time.Second

// Look tells, between two passes, whether the session may stay: nil, or why not. It waits for nothing.
func (s *Session) Look(ctx context.Context) error {
	var checked *Error
	var err error
	if time.Since(s.checkedAt) >= lookInterval {
		checked, err = s.check(ctx, fromGo)
	} else {
		checked, err = s.glance(ctx)
	}
	switch {
	case errors.Is(err, errUnreachable):
		return nil
	case err != nil:
		return err
	}
	s.seen()
	if checked != nil {
		return checked
	}
	return nil
}

// glance at the Pods of the source alone, as far as the API server's cache knows them.
func (s *Session) glance(ctx context.Context) (*Error, error) {
	list, err := s.spec.Source.Kube.CoreV1().Pods(s.spec.Source.Namespace).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return nil, s.tolerate(fmt.Errorf("cannot list the Pods of the source: %w", err))
	}
	for _, v := range s.spec.Volumes {
		if e := s.spec.checkGivesWay(list.Items, v); e != nil {
			return e.about(v.Name), nil
		}
	}
	return nil, nil
}

// Limit the passes that follow.
func (s *Session) Limit(l Limits) { s.spec.Limits = l.withDefaults() }
