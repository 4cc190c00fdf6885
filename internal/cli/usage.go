package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// usage is that of cobra without the flags of kubectl, which the command options lists.
const usage = `Usage:{{if .Runnable}}
  {{usageLine .}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$cmds := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $cmds}}{{if (and (eq .GroupID $group.ID) .IsAvailableCommand)}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if not .Groups}}

Commands:{{range $cmds}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{if hasFlags .}}

Flags:
{{.LocalNonPersistentFlags.FlagUsagesWrapped 110 | trimTrailingWhitespaces}}{{end}}

{{if .HasAvailableSubCommands}}Use "{{.CommandPath}} COMMAND --help" for more about a command.
{{end}}Use "{{.Root.DisplayName}} options" for the flags that every command has, such as --context and --namespace.
`

// setUsage of all commands.
func setUsage(root *cobra.Command) {
	cobra.AddTemplateFunc("usageLine", usageLine)
	cobra.AddTemplateFunc("hasFlags", func(c *cobra.Command) bool {
		c.InitDefaultHelpFlag()
		return c.HasParent() && c.LocalNonPersistentFlags().HasAvailableFlags()
	})
	root.SetUsageTemplate(usage)
}

// usageLine of a command; the root is followed by one.
func usageLine(c *cobra.Command) string {
	if !c.HasParent() {
		return c.DisplayName() + " COMMAND"
	}
	line := c.UseLine()
	return strings.Replace(line, c.Root().Name()+" ", c.Root().DisplayName()+" ", 1)
}
