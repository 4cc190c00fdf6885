package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/kubemove/kubemove/internal/text"
)

// register makes a way to the other cluster: an account there with the rights that a move needs.
func (d *Demo) register(ctx context.Context) error {
	d.tell.step("The way to dst: an account there with the rights that a move needs, and its kubeconfig in a Secret in src.")
	return d.all(ctx, on("dst")+" apply --filename "+example+"/namespace.yaml", move("target add dst --context dst --yes"))
}

// move copies while the application runs, shows the plan, and follows the switch to its end.
func (d *Demo) move(ctx context.Context, j *journey) error {
	d.tell.step("The move. KubeMove plans, opens the channel, and copies while the application goes on running.")
	if err := d.all(ctx, move("start --filename "+example+"/moveengine.yaml")); err != nil {
		return err
	}
	hash, err := d.showPlan(ctx, j)
	if err != nil {
		return err
	}
	d.tell.step("When everything was copied once, only what has changed is, every 30 seconds, until you want to switch.")
	if err := d.all(ctx,
		on("src")+" wait movepair "+pair+" --for=jsonpath={.status.lastSuccessTime} --timeout=5m",
		on("src")+" wait datasync "+pair+"-restic "+nextLine+
			"--for=jsonpath={.status.lastRun.trigger}=Schedule --timeout=5m"); err != nil {
		return err
	}
	out, err := d.shown(ctx, move("history "+j.move))
	if err != nil {
		return err
	}
	d.tell.say("%s", out)
	d.tell.step("The switch. Now the application stops in src, the rest is copied, and it starts in dst.")
	return d.switchOver(ctx, j, hash)
}

// switchOver approves the plan of a journey and follows its switch.
func (d *Demo) switchOver(ctx context.Context, j *journey, hash string) error {
	if _, err := d.shown(ctx, move("switch "+j.move+" --plan "+hash)); err != nil {
		return err
	}
	d.tell.command(move("status " + j.move + " --watch"))
	if err := d.follow(ctx, j, 10*time.Minute); err != nil {
		return err
	}
	_, err := d.Shell(ctx, on("src")+" wait "+j.move+" --for=condition=Switched --timeout=1m")
	return err
}

// wayBack brings the application home, with what was written meanwhile.
func (d *Demo) wayBack(ctx context.Context, before string, there *journey) ([]Fact, error) {
	home := &journey{from: "dst", to: "src", move: "movereverse/" + back, pair: back, earlier: there.log.writes}
	if err := d.followClient(ctx, home); err != nil {
		return nil, err
	}
	defer home.log.stop()
	d.tell.step("And home again, with what is written in dst: what differs is copied while the application runs there.")
	if err := d.all(ctx, move("start --filename "+example+"/movereverse.yaml")); err != nil {
		return nil, err
	}
	// Its plan looks like the first one.
	hash, err := d.planHash(ctx, home)
	if err != nil {
		return nil, err
	}
	if err := d.all(ctx, on("src")+" wait movepair "+back+" --for=jsonpath={.status.lastSuccessTime} --timeout=5m"); err != nil {
		return nil, err
	}
	if err := d.switchOver(ctx, home, hash); err != nil {
		return nil, err
	}
	if err := d.all(ctx, on("src")+" rollout status deployment/client --timeout=2m"); err != nil {
		return nil, err
	}
	return d.prove(ctx, before, home)
}

// planWidth is how much of a line of the plan is told: a terminal is not wider, and the last column says why in whole sentences.
const planWidth = 110

// showPlan tells what the plan would do, and returns its hash.
func (d *Demo) showPlan(ctx context.Context, j *journey) (string, error) {
	out, err := d.shown(ctx, move("plan "+j.move))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		d.tell.say("%s", text.Cut(strings.TrimRight(line, "\n"), planWidth))
	}
	return d.planHash(ctx, j)
}

// planHash waits for the plan of a journey, and returns its hash.
func (d *Demo) planHash(ctx context.Context, j *journey) (string, error) {
	out, err := d.Shell(ctx, move("plan "+j.move+" --output json"))
	if err != nil {
		return "", err
	}
	var p struct{ Hash string }
	if err := json.Unmarshal([]byte(out), &p); err != nil || p.Hash == "" {
		return "", fmt.Errorf("the plan has the hash %q, expected one: %w", p.Hash, err)
	}
	return p.Hash, nil
}
