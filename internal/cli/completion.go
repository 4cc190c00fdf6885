package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/kit"
)

func newCompletionCommand(k *kit.Kit) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell", "kubectl"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Write the completion for a shell, or for kubectl",
		Long: "Write the completion of this program for bash, zsh, fish or powershell. With kubectl it is the program by which kubectl " +
			"completes\n" +
			"its plugins: put it on the PATH as an executable file kubectl_complete-move.",
		Example: "  source <(kubectl-move completion bash)\n" +
			"  kubectl-move completion kubectl > ~/bin/kubectl_complete-move && chmod +x ~/bin/kubectl_complete-move",
		Args: kit.Exactly(1, "bash, zsh, fish, powershell or kubectl"), ValidArgs: shells,
		RunE: func(c *cobra.Command, args []string) error { return runCompletion(k, c.Root(), args[0]) },
	}
}

func runCompletion(k *kit.Kit, root *cobra.Command, shell string) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(k.Out, true)
	case "zsh":
		return root.GenZshCompletion(k.Out)
	case "fish":
		return root.GenFishCompletion(k.Out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(k.Out)
	case "kubectl":
		fmt.Fprintf(k.Out, "#!/bin/sh\n# kubectl completes the arguments of its plugin by this program.\n%s __complete \"$@\"\n", k.Base)
		return nil
	}
	return fault.Badly("there is no completion for %q, expected bash, zsh, fish, powershell or kubectl", shell)
}

func newOptionsCommand(k *kit.Kit) *cobra.Command {
	return &cobra.Command{
		Use: "options", Short: "List the flags that every command has",
		Long: "List the flags that every command has. They are those of kubectl.",
		Args: kit.Exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			fmt.Fprint(k.Out, c.Root().PersistentFlags().FlagUsagesWrapped(110))
			return nil
		},
	}
}
