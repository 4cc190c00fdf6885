package kit

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/steer"
)

// Manager of the fields that this program writes.
const Manager = "kubectl-move"

// DryRun is the flag --dry-run of a command that writes.
type DryRun struct {
	value string
	// client: the change may also be shown without asking the API server.
	client bool
}

// AddFlag to a command.
func (d *DryRun) AddFlag(c *cobra.Command) {
	c.Flags().StringVar(&d.value, "dry-run", "none", "`MODE` server: the API server checks the change and does not make it")
	c.Flags().Lookup("dry-run").NoOptDefVal = "server"
	_ = c.RegisterFlagCompletionFunc("dry-run", cobra.FixedCompletions([]string{"none", "server"}, cobra.ShellCompDirectiveNoFileComp))
}

// AddClientFlag to a command that can show what it writes without a cluster, too.
func (d *DryRun) AddClientFlag(c *cobra.Command) {
	d.AddFlag(c)
	d.client = true
	c.Flags().Lookup("dry-run").Usage = "`MODE` client: what would be applied is written; server: the API server checks it and changes nothing"
}

// Client says whether the change is only shown.
func (d *DryRun) Client() bool { return d.value == "client" }

// Server says whether the change is only checked.
func (d *DryRun) Server() bool { return d.value == "server" }

// Check the value of the flag.
func (d *DryRun) Check() error {
	if d.client && d.value != "none" && d.value != "server" && d.value != "client" {
		return fault.Badly("--dry-run is %q, expected none, client or server", d.value)
	}
	if !d.client && d.value != "none" && d.value != "server" {
		return fault.Badly("--dry-run is %q, expected none or server", d.value)
	}
	return nil
}

// Options of a request.
func (d *DryRun) Options() []string {
	if d.Server() {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// suffix of a result.
func (d *DryRun) suffix() string {
	if d.Server() {
		return " (server dry run)"
	}
	return ""
}

// Done writes a result, such as "moveswitch/shop-dst approved".
func (k *Kit) Done(d DryRun, object, what string) { k.Print("%s %s%s", object, what, d.suffix()) }

// Say a change as the command of kubectl that makes it, with -v.
func (k *Kit) Say(d DryRun, words []string) {
	if !k.Verbose {
		return
	}
	if d.Server() {
		words = append(words[:len(words):len(words)], "--dry-run=server")
	}
	fmt.Fprintf(k.ErrOut, "+ %s\n", k.Line(words...))
}

// Patch writes one object, and then says what was done to it.
func (k *Kit) Patch(ctx context.Context, d DryRun, p steer.Patch, what string) error {
	client, err := k.Moves()
	if err != nil {
		return err
	}
	k.Say(d, p.Words())
	request := written(client.Patch(types.MergePatchType), d).Namespace(p.Namespace).Resource(p.Plural()).Name(p.Name)
	if err := request.Body(p.Data()).Do(ctx).Error(); err != nil {
		return fault.API(fmt.Sprintf("cannot patch %s in namespace %s", p.Object(), p.Namespace), err)
	}
	k.Done(d, p.Object(), what)
	return nil
}
