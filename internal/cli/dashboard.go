package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/dashboard"
	"github.com/kubemove/kubemove/internal/cli/dashboard/page"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/planfile"
)

type dashboardOptions struct {
	all, writes bool
	port        int
}

func newDashboardCommand(k *kit.Kit) *cobra.Command {
	o := &dashboardOptions{}
	c := &cobra.Command{
		Use: "dashboard", Short: "Follow the moves in a browser, on this machine alone",
		Long: "Serve a page for the browser of this machine, with your own kubeconfig and rights; nothing is installed. It shows the moves of\n" +
			"the namespace, their steps and data as they go on, their plans and reports. It ends with Ctrl-C.\n\n" +
			"The URL that is printed opens it, in one browser. Others on this machine cannot: the token in it becomes a cookie of that browser.\n" +
			"Without --allow-writes the page changes nothing. With it the page approves the plan that it shows, by its hash, and rolls back.",
		Example: examples(k, "dashboard", "dashboard -A", "dashboard --allow-writes --port 8137"),
		Args:    kit.Exactly(0, "none"), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error { return runDashboard(c.Context(), k, o) },
	}
	c.Flags().BoolVarP(&o.all, "all-namespaces", "A", false, "the moves of all namespaces")
	c.Flags().BoolVar(&o.writes, "allow-writes", false, "let the page approve plans and roll back switches")
	c.Flags().IntVar(&o.port, "port", 0, "the port on 127.0.0.1; 0 for a free one")
	return c
}

func runDashboard(ctx context.Context, k *kit.Kit, o *dashboardOptions) error {
	if o.port < 0 || o.port > 65535 {
		return fault.Badly("--port is %d, expected 0 to 65535", o.port)
	}
	current, err := k.Namespace()
	if err != nil {
		return err
	}
	ns := current
	if o.all {
		ns = ""
	}
	// What would fail at the first page fails here.
	if _, err := k.Core(); err != nil {
		return err
	}
	if _, err := k.LoadCached(ctx, ns); err != nil {
		return err
	}
	s, err := dashboard.Listen(clusterOf(k, ns), dashboard.Options{
		Options: page.Options{Namespace: ns, Current: current, Writes: o.writes, Line: k.Line}, Interval: 2 * k.Interval,
	}, o.port)
	if err != nil {
		return fault.New(fault.Failed, fmt.Sprintf("cannot listen on port %d of 127.0.0.1", o.port), "%s", err).
			Trying("kubectl", "move", "dashboard", "--port", "0")
	}
	k.Print("%s", s.URL())
	k.Narrate("Open this URL in a browser of this machine, once. %s Ctrl-C ends it.", rightsOf(o.writes))
	if err := s.Serve(ctx); err != nil {
		return fault.New(fault.Failed, "the dashboard has ended", "%s", err)
	}
	follow := []string{"kubectl", "move", "status", "--watch"}
	if o.all {
		follow = append(follow, "--all-namespaces")
	}
	return kit.Interrupted("the moves go on in the cluster", follow)
}

// rightsOf the page in words.
func rightsOf(writes bool) string {
	if writes {
		return "It may approve plans and roll back switches."
	}
	return "It is read-only; with --allow-writes it approves and rolls back."
}

// clusterOf a kit.
func clusterOf(k *kit.Kit, namespace string) dashboard.Cluster {
	return dashboard.Cluster{
		Load:   func(ctx context.Context) (snapshot.Snapshot, error) { return k.LoadCached(ctx, namespace) },
		Newest: k.Load,
		Plan: func(ctx context.Context, m snapshot.Move, r *snapshot.Route) (planfile.Plan, error) {
			return storedPlan(ctx, k, m, r)
		},
		Patch: func(ctx context.Context, p steer.Patch, done string) error {
			return k.Patch(ctx, kit.DryRun{}, p, done)
		},
		Now: k.Now,
	}
}
