package cli

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// Bounds of a completion: it never keeps a shell waiting.
const (
	completionTime = 2 * time.Second
	completionMost = 100
)

// completion of a word, as cobra has it.
type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// completing answers from the moves of the namespace; what cannot be read completes to nothing.
func completing(k *kit.Kit, words func(s snapshot.Snapshot, args []string) []string) completion {
	return func(c *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		parent := c.Context()
		if parent == nil {
			parent = context.Background()
		}
		ctx, cancel := context.WithTimeout(parent, completionTime)
		defer cancel()
		ns, err := k.Namespace()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		s, err := k.LoadCached(ctx, ns)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return matching(words(s, args), begin), cobra.ShellCompDirectiveNoFileComp
	}
}

// matching words, at most so many.
func matching(words []string, begin string) []string {
	var out []string
	for _, w := range words {
		if strings.HasPrefix(w, begin) && len(out) < completionMost {
			out = append(out, w)
		}
	}
	return out
}

// completeMoves is for the first argument: the names of MoveEngines, and of MoveReverses with their kind.
func completeMoves(k *kit.Kit) completion {
	return completing(k, func(s snapshot.Snapshot, args []string) []string {
		if len(args) > 0 {
			return nil
		}
		return moveNames(s)
	})
}

func moveNames(s snapshot.Snapshot) []string {
	var out []string
	for _, m := range s.Moves {
		if m.Kind == snapshot.KindReverse {
			out = append(out, m.Key())
		} else {
			out = append(out, m.Name)
		}
	}
	return out
}

// completeTargets of the move that was named before, or of all.
func completeTargets(k *kit.Kit) completion {
	return completing(k, targetNames)
}

func targetNames(s snapshot.Snapshot, args []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, m := range s.Moves {
		if len(args) > 0 && args[0] != m.Name && args[0] != m.Key() {
			continue
		}
		for _, t := range m.Targets() {
			if !seen[t] {
				seen[t] = true
				out = append(out, t)
			}
		}
	}
	return out
}

// completeContexts of the kubeconfig.
func completeContexts(k *kit.Kit) completion {
	return func(_ *cobra.Command, _ []string, begin string) ([]string, cobra.ShellCompDirective) {
		raw, err := k.Flags.ToRawKubeConfigLoader().RawConfig()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return matching(slices.Sorted(maps.Keys(raw.Contexts)), begin), cobra.ShellCompDirectiveNoFileComp
	}
}
