// Package demo shows a newcomer what KubeMove does: a real PostgreSQL moves from one cluster of
// the lab to the other while a client writes to it. Everything is done by commands that are
// shown, and at the end it is proven that nothing was lost.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/kubemove/kubemove/e2e/lab"
)

const (
	// Namespace of the demo in both clusters.
	Namespace = "postgres-live"
	// example is the folder of what the demo applies.
	example = "examples/postgres-live"
	// engine is its MoveEngine; the MovePair and MoveSwitch of that are called pair. back is its MoveReverse, and the MovePair and
	// MoveSwitch of that.
	engine = "postgres"
	pair   = "postgres-dst"
	back   = "postgres-back"
)

// Demo is one showing.
type Demo struct {
	lab  *lab.Lab
	tell *teller
}

// New prepares a showing in a lab that is up, or that Up brings up. It is told to out; live says
// that out is a terminal.
func New(l *lab.Lab, out io.Writer, live bool) *Demo {
	return &Demo{lab: l, tell: &teller{out: out, start: time.Now(), live: live}}
}

// Up brings both clusters up, with KubeMove in src. The lab tells that itself.
func (d *Demo) Up(ctx context.Context) error { return d.lab.Up(ctx) }

// Run shows the move, in clusters that are up. It returns the facts that it has proven; when one
// of them is wrong, an error too, which says where to look.
func (d *Demo) Run(ctx context.Context) ([]Fact, error) {
	if err := d.begin(ctx); err != nil {
		return nil, err
	}
	if err := d.startApplication(ctx); err != nil {
		return nil, err
	}
	before, err := d.fill(ctx)
	if err != nil {
		return nil, err
	}
	// What the client says at the source is read from here on: its log goes with its Pod.
	there := &journey{from: "src", to: "dst", move: "moveengine/" + engine, pair: pair}
	if err := d.followClient(ctx, there); err != nil {
		return nil, err
	}
	defer there.log.stop()
	if err := d.register(ctx); err != nil {
		return nil, err
	}
	if err := d.move(ctx, there); err != nil {
		return nil, err
	}
	facts, err := d.prove(ctx, before, there)
	if err != nil {
		return facts, err
	}
	home, err := d.wayBack(ctx, before, there)
	if err != nil {
		return append(facts, home...), err
	}
	d.next()
	return append(facts, home...), nil
}

// journey of the application from one cluster to the other.
type journey struct {
	from, to string
	// move is the MoveEngine or MoveReverse, as kubectl move takes it.
	move string
	// pair is the name of its MovePair and its MoveSwitch.
	pair string
	// log of the client where the journey begins, and earlier what clients were acknowledged before it.
	log     *clientLog
	earlier []write
}

// begin makes the clusters ready for the demo, and removes what is left of an earlier one.
func (d *Demo) begin(ctx context.Context) error {
	d.tell.step("Two clusters, src and dst, are up, with KubeMove in src. kubectl has a context for each.")
	version, err := d.lab.LoadPostgres(ctx)
	if err != nil {
		return err
	}
	if version != "" {
		d.tell.say("PostgreSQL %s is loaded into both, as an image made of this machine's packages.", version)
	}
	return d.Remove(ctx)
}

// Remove removes what a demo has made in the clusters; it says so when there is something.
func (d *Demo) Remove(ctx context.Context) error {
	if err := d.lab.WriteContexts(d.kubeconfig(), Namespace); err != nil {
		return err
	}
	var found []string
	for _, c := range d.lab.Clusters() {
		out, err := d.Shell(ctx, fmt.Sprintf("%s get namespace %s --ignore-not-found --output name", on(c.Name), Namespace))
		if err != nil {
			return err
		}
		if out != "" {
			found = append(found, c.Name)
		}
	}
	if len(found) == 0 {
		return nil
	}
	d.tell.step("An earlier demo is there: it is removed.")
	// The MoveEngine goes first: its clean-up needs the way to the other cluster.
	if found[0] == d.lab.Source().Name {
		if err := d.all(ctx, on("src")+" delete movereverses,moveengines --all --timeout=5m"); err != nil {
			return err
		}
	}
	if err := d.lab.Target().RemoveTargets(ctx, Namespace); err != nil {
		return err
	}
	for _, name := range found {
		if err := d.all(ctx, fmt.Sprintf("%s delete namespace %s --timeout=3m", on(name), Namespace)); err != nil {
			return err
		}
	}
	return nil
}

// Down ends the clusters and removes what the demo has made on this machine. From clusters that
// the lab does not end, it removes what the demo has made in them.
func (d *Demo) Down(ctx context.Context) error {
	if err := d.lab.Down(ctx); err != nil {
		return err
	}
	if _, err := d.lab.Status(ctx); err == nil {
		if err := d.Remove(ctx); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(d.kubeconfig()); err != nil {
		return err
	}
	_ = os.Remove(d.lab.Dir) // stays when it holds something that is not the demo's
	return nil
}
