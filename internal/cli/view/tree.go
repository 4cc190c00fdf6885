package view

import (
	"strings"
	"time"
	"unicode/utf8"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/text"
)

// Node of a tree: an object with what belongs to it.
type Node struct {
	Name string `json:"name"`
	// Ready: True, False, Unknown; empty: it has no such condition.
	Ready string `json:"ready,omitempty"`
	// Reason and Message of it.
	Reason   string    `json:"reason,omitempty"`
	Message  string    `json:"message,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	Children []Node    `json:"children,omitempty"`
}

// NewTree of a move and of its Jobs and Pods at home.
func NewTree(m snapshot.Move, jobs []batchv1.Job, pods []corev1.Pod) Node {
	n := Node{Name: m.Kind + "/" + m.Name, Created: m.Created, Reason: string(m.Phase), Message: m.Message}
	var conditions []metav1.Condition
	switch {
	case m.Engine != nil:
		conditions = m.Engine.Status.Conditions
	case m.Reverse != nil:
		conditions = m.Reverse.Status.Conditions
	}
	if c := meta.FindStatusCondition(conditions, api.ConditionReady); c != nil {
		n.Ready = string(c.Status)
	}
	for i := range m.Routes {
		if r := &m.Routes[i]; r.Pair != nil {
			n.Children = append(n.Children, routeNodes(r, jobs, pods)...)
		}
	}
	return n
}

func routeNodes(r *snapshot.Route, jobs []batchv1.Job, pods []corev1.Pod) []Node {
	pair := node("MovePair", r.Pair.ObjectMeta, r.Pair.Status.Conditions, api.ConditionReady)
	for _, d := range r.Syncs {
		sync := node("DataSync", d.ObjectMeta, d.Status.Conditions, api.ConditionSynced)
		for _, v := range r.Volumes {
			if v.Sync == d.Name {
				sync.Children = append(sync.Children, Node{Name: "volume/" + v.Claim, Reason: string(v.Stage), Message: volumeText(v)})
			}
		}
		sync.Children = append(sync.Children, jobNodes(d.ObjectMeta, jobs, pods)...)
		pair.Children = append(pair.Children, sync)
	}
	pair.Children = append(pair.Children, jobNodes(r.Pair.ObjectMeta, jobs, pods)...)
	out := []Node{pair}
	if s := r.MoveSwitch; s != nil {
		sw := node("MoveSwitch", s.ObjectMeta, s.Status.Conditions, api.ConditionSwitched)
		sw.Children = jobNodes(s.ObjectMeta, jobs, pods)
		out = append(out, sw)
	}
	return out
}

func volumeText(v snapshot.Volume) string {
	if v.Error != "" {
		return v.Error
	}
	return text.Size(v.Done) + " of " + text.Size(v.Total)
}

// node of an object, with its condition of that type.
func node(kind string, o metav1.ObjectMeta, conditions []metav1.Condition, condition string) Node {
	n := Node{Name: kind + "/" + o.Name, Created: o.CreationTimestamp.Time}
	if c := meta.FindStatusCondition(conditions, condition); c != nil {
		n.Ready, n.Reason, n.Message = string(c.Status), c.Reason, c.Message
	}
	if c := meta.FindStatusCondition(conditions, api.ConditionStalled); c != nil && c.Status == metav1.ConditionTrue {
		n.Reason, n.Message = c.Reason, c.Message
	}
	return n
}

// jobNodes are the Jobs that an object controls, with their Pods.
func jobNodes(owner metav1.ObjectMeta, jobs []batchv1.Job, pods []corev1.Pod) []Node {
	var out []Node
	for i := range jobs {
		j := &jobs[i]
		if !metav1.IsControlledBy(j, &owner) {
			continue
		}
		n := Node{Name: "Job/" + j.Name, Created: j.CreationTimestamp.Time, Ready: "False", Reason: "Running"}
		for _, c := range j.Status.Conditions {
			if c.Status != corev1.ConditionTrue {
				continue
			}
			switch c.Type {
			case batchv1.JobComplete:
				n.Ready, n.Reason, n.Message = "True", "Complete", ""
			case batchv1.JobFailed:
				n.Reason, n.Message = c.Reason, c.Message
			}
		}
		for k := range pods {
			if metav1.IsControlledBy(&pods[k], j) {
				n.Children = append(n.Children, podNode(&pods[k]))
			}
		}
		out = append(out, n)
	}
	return out
}

func podNode(p *corev1.Pod) Node {
	n := Node{Name: "Pod/" + p.Name, Created: p.CreationTimestamp.Time, Reason: string(p.Status.Phase), Message: p.Status.Message}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			n.Ready = string(c.Status)
		}
	}
	for _, s := range p.Status.ContainerStatuses {
		if w := s.State.Waiting; w != nil {
			n.Reason, n.Message = w.Reason, w.Message
		}
	}
	return n
}

// messageMost of a tree that is not wide.
const messageMost = 64

// Tree with an object on each line. Messages are cut unless it is wide.
func Tree(n Node, wide bool, o Options) string {
	type line struct {
		name string
		node Node
	}
	var lines []line
	branches := [...]string{"|- ", "`- ", "|  ", "   "}
	if o.Style.Unicode {
		branches = [...]string{"├─ ", "└─ ", "│  ", "   "}
	}
	var walk func(n Node, name, indent string)
	walk = func(n Node, name, indent string) {
		lines = append(lines, line{name, n})
		for i, c := range n.Children {
			if i == len(n.Children)-1 {
				walk(c, indent+branches[1]+text.Plain(c.Name), indent+branches[3])
			} else {
				walk(c, indent+branches[0]+text.Plain(c.Name), indent+branches[2])
			}
		}
	}
	walk(n, text.Plain(n.Name), "")
	name, reason := len("NAME"), len("REASON")
	for _, l := range lines {
		name, reason = max(name, utf8.RuneCountInString(l.name)), max(reason, columns(l.node.Reason))
	}
	var b strings.Builder
	write := func(cells ...string) {
		b.WriteString(strings.TrimRight(strings.Join(cells, "  "), " ") + "\n")
	}
	write(pad("NAME", name), "READY  ", pad("REASON", reason), pad("AGE", 10), "MESSAGE")
	for _, l := range lines {
		message := text.Plain(l.node.Message)
		if !wide {
			message = text.Cut(message, messageMost)
		}
		write(pad(l.name, name), pad(text.Plain(l.node.Ready), 7), pad(text.Plain(l.node.Reason), reason), pad(age(l.node.Created, o.Now), 10),
			message)
	}
	return b.String()
}
