package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/view"
)

type treeOptions struct{ output kit.Output }

func newTreeCommand(k *kit.Kit) *cobra.Command {
	o := &treeOptions{}
	c := onMove(k, "tree [NAME]", "Show the objects of a move below each other, with their Jobs and Pods",
		"Show a move with all that belongs to it at home: its pairs, the copies with their volumes, the switches, and their Jobs and Pods.\n"+
			"READY of a DataSync is its condition Synced, and of a MoveSwitch Switched. Messages are cut to 64 characters unless -o wide.",
		func(ctx context.Context, m snapshot.Move) error { return runTree(ctx, k, o, m) })
	o.output.AddFlag(c, "table", "wide", "json", "yaml")
	return c
}

func runTree(ctx context.Context, k *kit.Kit, o *treeOptions, m snapshot.Move) error {
	if err := o.output.Check(); err != nil {
		return err
	}
	jobs, pods, err := work(ctx, k, m)
	if err != nil {
		// The objects of the move are what was asked for first.
		fault.Print(k.ErrOut, err, k.Line)
		err = &fault.Error{Failed: "the tree has no Jobs and Pods", Code: fault.Warned}
	}
	tree := view.NewTree(m, jobs, pods)
	if done, failed := o.output.Print(k, tree, nil); done {
		if failed != nil {
			return failed
		}
		return err
	}
	fmt.Fprint(k.Out, view.Tree(tree, o.output.Is("wide"), k.View(k.Out)))
	return err
}

// selector of the Jobs, Pods and Secrets of a move; empty: it has no pair yet.
func selector(m snapshot.Move) string {
	var uids []string
	for _, r := range m.Routes {
		if r.Pair != nil {
			uids = append(uids, string(r.Pair.UID))
		}
	}
	if len(uids) == 0 {
		return ""
	}
	return api.PairLabel + " in (" + strings.Join(uids, ",") + ")"
}

// work of a move at home: its Jobs and Pods.
func work(ctx context.Context, k *kit.Kit, m snapshot.Move) ([]batchv1.Job, []corev1.Pod, error) {
	selected := selector(m)
	if selected == "" {
		return nil, nil, nil
	}
	core, err := k.Core()
	if err != nil {
		return nil, nil, err
	}
	jobs, err := core.BatchV1().Jobs(m.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selected})
	if err != nil {
		return nil, nil, fault.API("cannot list jobs in namespace "+m.Namespace, err)
	}
	pods, err := core.CoreV1().Pods(m.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selected})
	if err != nil {
		return jobs.Items, nil, fault.API("cannot list pods in namespace "+m.Namespace, err)
	}
	return jobs.Items, pods.Items, nil
}
