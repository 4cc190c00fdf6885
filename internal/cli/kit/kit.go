// Package kit is what the commands of kubectl-move share: the flags of kubectl, the clients that follow from them, what is written
// where, questions to a person, and waiting.
package kit

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/text"
)

// Kit of one run of the program. Nothing is read before a command asks for it.
type Kit struct {
	// Out gets results, ErrOut all else that is said; In is asked.
	In          io.Reader
	Out, ErrOut io.Writer
	// Flags of kubectl: context, namespace, kubeconfig and the others.
	Flags *genericclioptions.ConfigFlags
	// Verbose says the requests that are made, as commands of kubectl.
	Verbose bool
	// Base is how the program is called, kubectl move or kubectl kubemove.
	Base string
	// Env reads the environment.
	Env func(string) string
	// Now is the time.
	Now func() time.Time
	// Terminal says of a reader or writer whether it is a terminal, and how many columns and lines that has; 0: not known.
	Terminal func(any) (columns, lines int, ok bool)
	// Interval between two readings of a live view or of what is waited for.
	Interval time.Duration

	command  *cobra.Command
	config   *rest.Config
	moves    rest.Interface
	core     kubernetes.Interface
	requests atomic.Int64
}

// AddFlags that every command has.
func (k *Kit) AddFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	k.Flags.AddFlags(flags)
	flags.BoolVarP(&k.Verbose, "verbose", "v", false, "say which requests are made, and the kubectl command for each change")
	root.PersistentPreRun = func(c *cobra.Command, _ []string) { k.command = c }
}

// secret flags are never said.
var secret = []string{"token", "password"}

// globals are the flags of kubectl that were given, but for the namespace where it is left out.
func (k *Kit) globals(namespace bool) []string {
	if k.command == nil {
		return nil
	}
	var out []string
	for _, name := range []string{"kubeconfig", "context", "cluster", "user", "server", "as", "as-uid", "namespace"} {
		f := k.command.Flags().Lookup(home + name)
		if f == nil {
			// One of its own with that name is about another cluster.
			f = k.command.InheritedFlags().Lookup(name)
		}
		if f == nil || !f.Changed || slices.Contains(secret, name) || name == "namespace" && !namespace {
			continue
		}
		out = append(out, "--"+name, f.Value.String())
	}
	return out
}

// home begins the names of flags of kubectl where a command has flags of that name for another cluster.
const home = "home-"

// AddHomeFlags to a command whose own --kubeconfig and --context say where another cluster is.
func (k *Kit) AddHomeFlags(c *cobra.Command) {
	c.Flags().StringVar(k.Flags.KubeConfig, home+"kubeconfig", *k.Flags.KubeConfig,
		"`FILE` with the kubeconfig of the cluster where KubeMove is installed")
	c.Flags().StringVar(k.Flags.Context, home+"context", *k.Flags.Context, "its context")
}

// Line is a command line for a shell, with the flags of kubectl that this command was given. The words begin with kubectl, or
// with kubectl and move, which is this program.
func (k *Kit) Line(words ...string) string {
	if len(words) == 0 || words[0] != "kubectl" {
		return text.Command(words...)
	}
	head, tail := "kubectl", words[1:]
	if len(tail) > 0 && tail[0] == "move" {
		head, tail = k.Base, tail[1:]
	}
	scoped := slices.Contains(tail, "--namespace") || slices.Contains(tail, "--all-namespaces")
	return head + " " + text.Command(append(k.globals(!scoped), tail...)...)
}

// Narrate says on the error output what goes on.
func (k *Kit) Narrate(format string, args ...any) {
	fmt.Fprintf(k.ErrOut, "%s\n", text.Plain(fmt.Sprintf(format, args...)))
}

// Item says a line below another one, by which it is indented.
func (k *Kit) Item(format string, args ...any) {
	fmt.Fprintf(k.ErrOut, "  %s\n", text.Lines(fmt.Sprintf(format, args...)))
}

// Print writes a line of a result.
func (k *Kit) Print(format string, args ...any) {
	fmt.Fprintf(k.Out, "%s\n", text.Plain(fmt.Sprintf(format, args...)))
}

// Next says the likely next command; without words there is none.
func (k *Kit) Next(words []string) {
	if len(words) > 0 {
		fmt.Fprintf(k.ErrOut, "next: %s\n", text.Plain(k.Line(words...)))
	}
}

// NextOf says the likely next command for a move after one of that verb. It names the namespace of a move of another one.
func (k *Kit) NextOf(m snapshot.Move, verb string) { k.Next(steer.Next(m, verb, k.Current())) }

// Current namespace, where a command need not name it; empty: the kubeconfig cannot be read.
func (k *Kit) Current() string {
	ns, err := k.Namespace()
	if err != nil {
		return ""
	}
	return ns
}

// Namespace that the flags and the kubeconfig name.
func (k *Kit) Namespace() (string, error) {
	ns, _, err := k.Flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return "", fault.API("cannot read the kubeconfig", err)
	}
	return ns, nil
}

// Config of the cluster where KubeMove runs. Requests of it are counted.
func (k *Kit) Config() (*rest.Config, error) {
	if k.config != nil {
		return k.config, nil
	}
	config, err := k.Flags.ToRESTConfig()
	if err != nil {
		return nil, fault.API("cannot read the kubeconfig", err)
	}
	config.WarningHandler = rest.NewWarningWriter(k.ErrOut, rest.WarningWriterOptions{Deduplicate: true})
	config.UserAgent = "kubectl-move"
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return counting{next, &k.requests} })
	k.config = config
	return config, nil
}

// counting counts requests.
type counting struct {
	next  http.RoundTripper
	count *atomic.Int64
}

// RoundTrip counts a request and sends it.
func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.count.Add(1)
	return c.next.RoundTrip(r)
}

// Requests that were sent so far.
func (k *Kit) Requests() int64 { return k.requests.Load() }

// Moves is the client for KubeMove's kinds.
func (k *Kit) Moves() (rest.Interface, error) {
	if k.moves != nil {
		return k.moves, nil
	}
	config, err := k.Config()
	if err != nil {
		return nil, err
	}
	k.moves, err = snapshot.NewClient(config)
	return k.moves, fault.API("cannot connect", err)
}

// Core is the client for the kinds of Kubernetes.
func (k *Kit) Core() (kubernetes.Interface, error) {
	if k.core != nil {
		return k.core, nil
	}
	config, err := k.Config()
	if err != nil {
		return nil, err
	}
	k.core, err = kubernetes.NewForConfig(config)
	return k.core, fault.API("cannot connect", err)
}

// Load the moves of a namespace; empty: of all of them.
func (k *Kit) Load(ctx context.Context, namespace string) (snapshot.Snapshot, error) {
	return k.load(ctx, namespace, snapshot.Newest)
}

// LoadCached is Load from the memory of the API server: for what is only shown.
func (k *Kit) LoadCached(ctx context.Context, namespace string) (snapshot.Snapshot, error) {
	return k.load(ctx, namespace, snapshot.Cached)
}

func (k *Kit) load(ctx context.Context, namespace string, reading snapshot.Reading) (snapshot.Snapshot, error) {
	client, err := k.Moves()
	if err != nil {
		return snapshot.Snapshot{}, err
	}
	s, err := snapshot.Load(ctx, client, namespace, reading)
	s.At = k.Now()
	return s, err
}

// Move that an argument names in the namespace of the flags: see snapshot.Find.
func (k *Kit) Move(ctx context.Context, argument string) (snapshot.Move, error) {
	ns, err := k.Namespace()
	if err != nil {
		return snapshot.Move{}, err
	}
	s, err := k.Load(ctx, ns)
	if err != nil {
		return snapshot.Move{}, err
	}
	return s.Find(ns, argument)
}

// First argument; empty: there is none.
func First(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// AtMost so many arguments; what says what they are.
func AtMost(most int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > most {
			return fault.Badly("%s too many: %s; expected %s", text.Count(len(args)-most, "argument"), strings.Join(args[most:], " "), what)
		}
		return nil
	}
}

// Exactly so many arguments; what says what they are.
func Exactly(count int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != count {
			return fault.Badly("got %s, expected %s", text.Count(len(args), "argument"), what)
		}
		return nil
	}
}
