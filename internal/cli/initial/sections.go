package initial

import (
	"cmp"
	"slices"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/text"
)

func (p *page) targets(claims []Claim, e Engine) {
	p.line("  # Where to: a namespace of the cluster to which the kubeconfig in a Secret of this namespace leads.")
	p.line("  targets:")
	for _, t := range e.Targets {
		if t.Missing {
			p.line("    # There is no Secret %s yet: kubectl move target add %s --kubeconfig FILE", scalar(t.Name), scalar(t.Name))
		}
		p.line("    - name: %s", scalar(t.Name))
		p.line("      namespace: %s", scalar(t.Namespace))
		p.line("      cluster:")
		p.line("        kubeconfigSecretRef:")
		p.line("          name: %s", scalar(t.Name))
		if t.Key != "" {
			p.line("          key: %s", scalar(t.Key))
		}
		p.classes(claims, t)
	}
}

// classes of a target for those of the claims.
func (p *page) classes(claims []Claim, t Target) {
	if !slices.ContainsFunc(claims, func(c Claim) bool { return c.Class != "" }) {
		return
	}
	p.line("      # StorageClasses of the claims here, and what they become there. One that is not named keeps its name.")
	if t.Problem != "" {
		p.line("      # What the target has is not known: %s", text.Plain(t.Problem))
	} else if !t.Missing {
		p.line("      # The target has: %s", text.Plain(names(t.Classes)))
	}
	known := t.Problem == "" && !t.Missing
	var mapped, open []suggestion
	for _, s := range suggest(claims, t.Classes) {
		if known && s.to != "" {
			mapped = append(mapped, s)
		} else {
			open = append(open, s)
		}
	}
	if len(mapped) > 0 {
		p.line("      storageClasses:")
	} else {
		p.line("      # storageClasses:")
	}
	for _, s := range mapped {
		p.line("        - {from: %s, to: %s} # %s", scalar(s.from), scalar(s.to), text.Plain(s.why))
	}
	for _, s := range open {
		if known {
			p.line("        # - {from: %s, to: CLASS} # %s", scalar(s.from), text.Plain(s.why))
		} else {
			p.line("        # - {from: %s, to: CLASS}", scalar(s.from))
		}
	}
}

func (p *page) data(claims []Claim) {
	p.line("  # How the data moves: %smoveengine.md#data", pages)
	p.line("  data:")
	p.line("    # Metadata compares names, sizes, times, owners and modes of all files; Checksum their content, too, in the downtime.")
	p.line("    verification: Metadata")
	if len(claims) == 0 {
		p.line("    # No workload above mounts a claim.")
		return
	}
	p.line("    # All claims of the application are copied. An entry changes one: its policy (Copy, CreateEmpty, Skip), and in")
	p.line("    # what it differs at the target (name, size, storageClassName, accessModes).")
	p.line("    # claims:")
	for _, c := range claims {
		p.line("    #   # %s", describe(c))
		p.line("    #   - {name: %s, policy: Copy, target: {size: %s}}", scalar(c.Name), scalar(c.Size))
	}
}

func (p *page) end(e Engine) {
	p.line("  # What becomes of copies at a target to which the application has not switched, when this is deleted: Retain or Delete.")
	p.line("  deletionPolicy: Retain")
	p.line("  # The switch stops the application here and starts it there; until its commit it can be rolled back:")
	p.line("  # %smoveswitch.md", pages)
	p.line("  switch:")
	if len(e.Targets) > 1 {
		p.line("    # The target to switch to. It can be changed until the switch begins.")
		p.line("    target: %s", scalar(e.Targets[0].Name))
	}
	p.line("    # Manual: nothing is stopped before you have approved the plan. Automatic: it begins as soon as it can.")
	p.line("    approval: Manual")
	p.line("    # Before the commit a failure brings the source back (RollBack), or all is left as it is (Hold).")
	p.line("    onFailure: RollBack")
	p.line("    # It does not begin before this time: at: \"2026-12-24T02:00:00+01:00\"")
	if e.Mode == api.ModeLive {
		p.line("    # It does not begin when a longer downtime is predicted: maxDowntime: 1m")
	}
}

// DefaultName of an engine: that of the only workload, else that of the namespace.
func DefaultName(namespace string, chosen []Workload) string {
	const longest = 100 // The names of the pair and the switch begin with it.
	if (len(chosen) == 1 || namespace == "default" && len(chosen) > 0) && len(chosen[0].Name) <= longest {
		return chosen[0].Name
	}
	return cmp.Or(namespace, "move")
}
