// Picture makes pictures of moves: of the dashboard, as PNG, and of what kubectl move status --watch draws, as SVG.
//
//	picture -program kubectl-move -out DIR [-kubeconfig FILE -move NAME [-step STEP -percent N]]
//
// With -kubeconfig they are of a move that runs in that cluster, in the namespace of the kubeconfig, as soon as a step of its switch
// is under way and so much is copied. Without, they are of a sample, at an
// API server of its own: to look at what the pages are like, and not to be shown as a move.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubemove/kubemove/e2e/browser"
	"github.com/kubemove/kubemove/e2e/cli"
	"github.com/kubemove/kubemove/e2e/lab"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/view"
)

func main() {
	var p picture
	flag.StringVar(&p.program, "program", "kubectl-move", "the program kubectl-move")
	flag.StringVar(&p.out, "out", "", "folder for the pictures")
	flag.StringVar(&p.root, "root", "..", "the checkout")
	flag.StringVar(&p.kubeconfig, "kubeconfig", "", "kubeconfig of the cluster of the move; without it a sample is shown")
	flag.StringVar(&p.move, "move", "shop", "name of the MoveEngine")
	flag.StringVar(&p.step, "step", "", "step of the switch that is waited for; empty: none")
	flag.IntVar(&p.percent, "percent", 0, "how much of the data is waited for")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := p.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

type picture struct {
	program, out, root, kubeconfig, move, step string
	percent                                    int
}

func (p *picture) run(ctx context.Context) error {
	if p.out == "" {
		return errors.New("no folder is given: -out DIR")
	}
	if err := os.MkdirAll(p.out, 0o755); err != nil {
		return err
	}
	if p.kubeconfig == "" {
		sandbox, err := cli.StartSandbox(ctx, p.root, "shop")
		if err != nil {
			return err
		}
		defer func() { _ = sandbox.Stop() }() // It goes with this process anyway.
		if err := sandbox.Become(ctx, "switching"); err != nil {
			return err
		}
		p.kubeconfig = sandbox.Kubeconfig()
	}
	m, at, err := p.awaited(ctx)
	if err != nil {
		return err
	}
	drawn := view.Render(m, view.Options{Width: 100, Now: at, Style: view.Style{Colour: true, Unicode: true}, Current: m.Namespace})
	if err := p.write("status.svg", []byte(svg("kubectl move status "+m.Name+" --watch", drawn))); err != nil {
		return err
	}
	return p.dashboard(ctx, "/moves/"+strings.Join([]string{m.Namespace, m.Resource(), m.Name}, "/"))
}

// patience is how long a move may take until it is where it is to be shown.
const patience = 15 * time.Minute

// awaited is the move as soon as it is where it is to be shown.
func (p *picture) awaited(ctx context.Context) (m snapshot.Move, at time.Time, err error) {
	err = lab.Await(ctx, patience, "the step "+p.step, func(ctx context.Context) error {
		if m, at, err = p.read(ctx); err != nil || p.shows(m) {
			return err
		}
		return fmt.Errorf("it is at %s: %s", m.Phase, m.Said())
	})
	return m, at, err
}

// shows says whether a move is where it is to be shown.
func (p *picture) shows(m snapshot.Move) bool {
	if p.step == "" {
		return true
	}
	r := m.Switch()
	return r != nil && r.Sum.Percent >= p.percent && slices.ContainsFunc(r.Switch.Steps, func(s snapshot.Step) bool {
		return s.Name == p.step && s.State == snapshot.StepRunning
	})
}

// read the move, and the time of the reading. The times of a sample are of the past, and are shown as they were then.
func (p *picture) read(ctx context.Context) (snapshot.Move, time.Time, error) {
	loader := &clientcmd.ClientConfigLoadingRules{ExplicitPath: p.kubeconfig}
	loaded := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(loader, nil)
	config, err := loaded.ClientConfig()
	if err != nil {
		return snapshot.Move{}, time.Time{}, err
	}
	namespace, _, err := loaded.Namespace()
	if err != nil {
		return snapshot.Move{}, time.Time{}, err
	}
	client, err := snapshot.NewClient(config)
	if err != nil {
		return snapshot.Move{}, time.Time{}, err
	}
	s, err := snapshot.Load(ctx, client, namespace, snapshot.Newest)
	if err != nil {
		return snapshot.Move{}, time.Time{}, err
	}
	m, err := s.Find(namespace, p.move)
	return m, s.At, err
}

// dashboard in both colours, with a page of the move.
func (p *picture) dashboard(ctx context.Context, path string) (err error) {
	d, err := cli.StartDashboard(ctx, p.program, p.kubeconfig, "--allow-writes")
	if err != nil {
		return err
	}
	defer func() {
		_, _, stopped := d.Stop()
		err = errors.Join(err, stopped)
	}()
	b, err := browser.Start(ctx, p.root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	tab, err := b.Open(ctx, d.URL)
	if err != nil {
		return err
	}
	address, _, _ := strings.Cut(d.URL, "/?")
	for name, at := range map[string]string{"dashboard": path, "dashboard-list": "/"} {
		if err := tab.Go(ctx, address+at); err != nil {
			return err
		}
		if err := tab.Await(ctx, `document.getElementById("live").textContent === "live"`); err != nil {
			return err
		}
		for suffix, dark := range map[string]bool{"-light.png": false, "-dark.png": true} {
			data, err := shoot(ctx, tab, dark)
			if err != nil {
				return err
			}
			if err := p.write(name+suffix, data); err != nil {
				return err
			}
		}
	}
	return nil
}

// shoot the whole page.
func shoot(ctx context.Context, tab *browser.Tab, dark bool) ([]byte, error) {
	const width = 1200
	if err := tab.Dark(ctx, dark); err != nil {
		return nil, err
	}
	if err := tab.Size(ctx, width, 400); err != nil {
		return nil, err
	}
	var height int
	if err := tab.Eval(ctx, "document.documentElement.scrollHeight", &height); err != nil {
		return nil, err
	}
	if err := tab.Size(ctx, width, height); err != nil {
		return nil, err
	}
	return tab.Picture(ctx)
}

func (p *picture) write(name string, data []byte) error {
	file := filepath.Join(p.out, name)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return err
	}
	fmt.Println(file)
	return nil
}
