package kit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/view"
	"github.com/kubemove/kubemove/internal/text"
)

// Output is the flag --output of a command that shows something.
type Output struct {
	value string
	forms []string
}

// AddFlag to a command; the first form is the default.
func (o *Output) AddFlag(c *cobra.Command, forms ...string) {
	o.forms = forms
	c.Flags().StringVarP(&o.value, "output", "o", forms[0], "one of "+strings.Join(forms, ", "))
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
}

// Check the value of the flag.
func (o *Output) Check() error {
	if !slices.Contains(o.forms, o.value) {
		return fault.Badly("--output is %q, expected one of %s", o.value, strings.Join(o.forms, ", "))
	}
	return nil
}

// Is says whether that form was chosen.
func (o *Output) Is(form string) bool { return o.value == form }

// IsTable says whether people read it.
func (o *Output) IsTable() bool { return o.value == o.forms[0] || o.value == "wide" }

// String is the form that was chosen.
func (o *Output) String() string { return o.value }

// Print a value as JSON or YAML, or its names; false: another form was chosen.
func (o *Output) Print(k *Kit, value any, names func() []string) (bool, error) {
	switch o.value {
	case "json":
		data, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return true, err
		}
		fmt.Fprintf(k.Out, "%s\n", data)
	case "yaml":
		data, err := yaml.Marshal(value)
		if err != nil {
			return true, err
		}
		fmt.Fprint(k.Out, string(data))
	case "name":
		for _, n := range names() {
			fmt.Fprintln(k.Out, text.Plain(n))
		}
	default:
		return false, nil
	}
	return true, nil
}

// View options of a writer.
func (k *Kit) View(w any) view.Options {
	return view.Options{Width: k.Width(w), Now: k.Now(), Style: k.Style(w), Line: k.Line, Current: k.Current()}
}
