package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Trouble is what stands out in a cluster, and nothing that is as it should be: nodes that
// are not ready, Pods that don't run, claims that are not bound, warnings. Of the Pods and
// claims it looks at those of the namespaces.
func (c *Cluster) Trouble(ctx context.Context, namespaces ...string) []string {
	client, err := c.Client()
	if err != nil {
		return []string{err.Error()}
	}
	lines := nodeTrouble(ctx, client)
	for _, namespace := range namespaces {
		lines = append(lines, podTrouble(ctx, client, namespace)...)
		lines = append(lines, claimTrouble(ctx, client, namespace)...)
		lines = append(lines, warnings(ctx, client, namespace, 8)...)
	}
	for i := range lines {
		lines[i] = c.Name + ": " + lines[i]
	}
	return lines
}

func nodeTrouble(ctx context.Context, client kubernetes.Interface) (lines []string) {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return []string{"nodes: " + err.Error()}
	}
	for _, n := range nodes.Items {
		for _, cond := range n.Status.Conditions {
			if (cond.Type == corev1.NodeReady) != (cond.Status == corev1.ConditionTrue) {
				lines = append(lines, fmt.Sprintf("node %s: %s is %s: %s", n.Name, cond.Type, cond.Status, cond.Message))
			}
		}
		for _, taint := range n.Spec.Taints {
			lines = append(lines, fmt.Sprintf("node %s has the taint %s", n.Name, taint.ToString()))
		}
	}
	return lines
}

func podTrouble(ctx context.Context, client kubernetes.Interface, namespace string) (lines []string) {
	pods, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return []string{"Pods: " + err.Error()}
	}
	for _, p := range pods.Items {
		if said := podNotes(&p); said != "" {
			lines = append(lines, fmt.Sprintf("Pod %s/%s, %s for %s:%s",
				namespace, p.Name, p.Status.Phase, time.Since(p.CreationTimestamp.Time).Round(time.Second), said))
		}
	}
	return lines
}

// podNotes says why a Pod neither runs as it should nor has ended well.
func podNotes(p *corev1.Pod) string {
	if p.Status.Phase == corev1.PodSucceeded {
		return ""
	}
	var said strings.Builder
	if p.DeletionTimestamp != nil {
		fmt.Fprintf(&said, " deleted at %s;", p.DeletionTimestamp.Format(time.TimeOnly))
	}
	for _, cond := range p.Status.Conditions {
		if cond.Status == corev1.ConditionFalse && (cond.Message != "" || cond.Type == corev1.PodReadyToStartContainers) {
			fmt.Fprintf(&said, " %s: %s;", cond.Type, cond.Message)
		}
	}
	for _, c := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
		switch {
		case c.State.Waiting != nil:
			fmt.Fprintf(&said, " %s waits: %s %s;", c.Name, c.State.Waiting.Reason, c.State.Waiting.Message)
		case c.State.Terminated != nil && c.State.Terminated.ExitCode != 0:
			fmt.Fprintf(&said, " %s ended with %d: %s;", c.Name, c.State.Terminated.ExitCode, c.State.Terminated.Reason)
		}
		if c.RestartCount > 0 {
			fmt.Fprintf(&said, " %s was restarted %d times;", c.Name, c.RestartCount)
		}
	}
	if said.Len() == 0 && p.Status.Phase != corev1.PodRunning {
		return " nothing is said of it"
	}
	return said.String()
}

func claimTrouble(ctx context.Context, client kubernetes.Interface, namespace string) (lines []string) {
	claims, err := client.CoreV1().PersistentVolumeClaims(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return []string{"claims: " + err.Error()}
	}
	for _, claim := range claims.Items {
		if claim.Status.Phase != corev1.ClaimBound || claim.DeletionTimestamp != nil {
			lines = append(lines,
				fmt.Sprintf("claim %s/%s is %s, to be deleted: %t", namespace, claim.Name, claim.Status.Phase, claim.DeletionTimestamp != nil))
		}
	}
	return lines
}

// warnings are the last events of a namespace that tell of something wrong.
func warnings(ctx context.Context, client kubernetes.Interface, namespace string, most int) (lines []string) {
	events, err := client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "type=" + corev1.EventTypeWarning})
	if err != nil {
		return []string{"events: " + err.Error()}
	}
	at := func(e corev1.Event) time.Time {
		if e.LastTimestamp.IsZero() {
			return e.EventTime.Time
		}
		return e.LastTimestamp.Time
	}
	slices.SortFunc(events.Items, func(a, b corev1.Event) int { return at(a).Compare(at(b)) })
	for _, e := range events.Items {
		lines = append(lines, fmt.Sprintf("%s %s %s/%s: %s: %.300s", at(e).Format(time.TimeOnly), e.InvolvedObject.Kind, namespace,
			e.InvolvedObject.Name, e.Reason, e.Message))
	}
	return lines[max(0, len(lines)-most):]
}

// Machine says how this machine fares, and which programs of the clusters have ended: a test
// that ran out of time may be the machine's fault.
func (l *Lab) Machine() string {
	load, _ := os.ReadFile("/proc/loadavg")
	pressure, _ := os.ReadFile("/proc/pressure/io")
	out := fmt.Sprintf("load %s, io %s", strings.TrimSpace(string(load)), strings.Join(strings.Fields(string(pressure)), " "))
	var disk syscall.Statfs_t
	if err := syscall.Statfs(l.Dir, &disk); err == nil {
		out += fmt.Sprintf(", %d MiB free", disk.Bavail*uint64(disk.Bsize)>>20)
	}
	out += ", a small file is safe on the disk after " + l.syncTime()
	if s, err := l.loadState(); err == nil {
		for name, c := range s.Clusters {
			for _, p := range c.Processes {
				if !p.alive() {
					out += fmt.Sprintf(", %s of %s HAS ENDED", p.Name, name)
				}
			}
		}
	}
	return out
}

func (l *Lab) syncTime() string {
	f, err := os.Create(filepath.Join(l.Dir, "sync-probe"))
	if err != nil {
		return err.Error()
	}
	defer os.Remove(f.Name())
	defer f.Close()
	start := time.Now()
	if _, err := f.WriteString("probe"); err != nil {
		return err.Error()
	}
	if err := f.Sync(); err != nil {
		return err.Error()
	}
	return time.Since(start).Round(time.Millisecond).String()
}
