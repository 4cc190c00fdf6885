package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// register makes a way to the other cluster: an account there with the rights that a move needs.
func (d *Demo) register(ctx context.Context) error {
	d.tell.step("The way to dst: an account there with the rights that a move needs, and its kubeconfig in a Secret in src.")
	return d.all(ctx,
		on("dst")+" apply --filename "+example+"/namespace.yaml",
		"kubectl kustomize manifests/endpoint | sed s/APPLICATION/"+Namespace+"/ | "+nextLine+on("dst")+" apply --filename -",
		"manifests/endpoint/kubeconfig.sh "+Namespace+" dst | "+nextLine+
			on("src")+" create secret generic dst --from-file=kubeconfig=/dev/stdin")
}

// move copies while the application runs, shows the plan, approves it, and follows the switch to its end.
func (d *Demo) move(ctx context.Context, j *journey) error {
	d.tell.step("The move. KubeMove plans, opens the channel, and copies while the application goes on running.")
	err := d.all(ctx,
		on("src")+" apply --filename "+example+"/moveengine.yaml",
		on("src")+" wait moveengine "+engine+" --for=condition=Ready --timeout=3m",
		on("src")+" wait movepair "+pair+" --for=jsonpath={.status.lastSuccessTime} --timeout=5m")
	if err != nil {
		return fmt.Errorf("%w\nlook at the blockers: %s get movepair %s --output yaml", err, on("src"), pair)
	}
	d.tell.step("Everything was copied once. From now on only what has changed is, every 30 seconds, until you want to switch.")
	if err := d.all(ctx,
		on("src")+" wait datasync "+pair+"-restic "+nextLine+
			"--for=jsonpath={.status.lastRun.trigger}=Schedule --timeout=5m"); err != nil {
		return err
	}
	out, err := d.shown(ctx, on("src")+" get datasync "+pair+"-restic --output "+nextLine+
		`jsonpath='{.status.lastRun.trigger}: {.status.lastRun.outcome}, copied in {.status.lastRun.copySeconds} s'`)
	if err != nil {
		return err
	}
	d.tell.say("%s", out)
	hash, err := d.showPlan(ctx)
	if err != nil {
		return err
	}
	d.tell.step("The plan is approved, by its hash. Now the application stops in src, the rest is copied, and it starts in dst.")
	if err := d.switchOver(ctx, j, hash); err != nil {
		return err
	}
	return d.all(ctx, on("src")+" wait moveengine "+engine+" --for=condition=Switched --timeout=1m")
}

// switchOver approves the plan of a journey and follows its switch.
func (d *Demo) switchOver(ctx context.Context, j *journey, hash string) error {
	if _, err := d.shown(ctx,
		fmt.Sprintf(`%s patch moveswitch %s --type merge %s-p '{"spec":{"approvedPlan":%q}}'`, on("src"), j.pair, nextLine, hash)); err != nil {
		return err
	}
	d.tell.command(on("src") + " get moveswitch " + j.pair + " --watch")
	return d.follow(ctx, j, 10*time.Minute)
}

// wayBack brings the application home, with what was written meanwhile.
func (d *Demo) wayBack(ctx context.Context, before string, there *journey) ([]Fact, error) {
	home := &journey{from: "dst", to: "src", pair: back, earlier: there.log.writes}
	if err := d.followClient(ctx, home); err != nil {
		return nil, err
	}
	defer home.log.stop()
	d.tell.step("And home again, with what is written in dst: what differs is copied while the application runs there.")
	if err := d.all(ctx,
		on("src")+" apply --filename "+example+"/movereverse.yaml",
		on("src")+" wait movereverse "+back+" --for=condition=Ready --timeout=3m",
		on("src")+" wait movepair "+back+" --for=jsonpath={.status.lastSuccessTime} --timeout=5m"); err != nil {
		return nil, err
	}
	hash, err := d.shown(ctx, on("src")+" get movereverse "+back+" --output jsonpath={.status.planHash}")
	if err != nil {
		return nil, err
	}
	d.tell.say("%s", hash)
	if err := d.switchOver(ctx, home, hash); err != nil {
		return nil, err
	}
	if err := d.all(ctx,
		on("src")+" wait movereverse "+back+" --for=condition=Switched --timeout=1m",
		on("src")+" rollout status deployment/client --timeout=2m"); err != nil {
		return nil, err
	}
	return d.prove(ctx, before, home)
}

// plan is the summary of a plan, as the status of a MovePair has it.
type plan struct {
	Hash    string
	Objects int
	Volumes []struct {
		Name, Mobilizer                 string
		CapacityBytes, UsedBytes, Files int64
	}
	Blockers []struct{ Reason, Message string }
	Warnings []string
}

// showPlan tells what the plan would do, and returns its hash.
func (d *Demo) showPlan(ctx context.Context) (string, error) {
	out, err := d.shown(ctx, on("src")+" get movepair "+pair+" --output jsonpath={.status.plan}")
	if err != nil {
		return "", err
	}
	var p plan
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		return "", fmt.Errorf("the plan is %q, expected JSON: %w", out, err)
	}
	d.tell.say("%s", p)
	if p.Hash == "" || len(p.Blockers) > 0 {
		return "", fmt.Errorf("the plan cannot be approved: it has %d blockers and the hash %q; look at: %s describe movepair %s",
			len(p.Blockers), p.Hash, on("src"), pair)
	}
	return p.Hash, nil
}

// String tells a plan in a few lines.
func (p plan) String() string {
	none := ""
	if len(p.Blockers) == 0 {
		none = ", nothing stands in the way"
	}
	lines := []string{fmt.Sprintf("plan     %s: %d objects are created in dst%s", p.Hash, p.Objects, none)}
	for _, v := range p.Volumes {
		lines = append(lines, fmt.Sprintf("volume   %s, %d of %d MiB used, in %d files, copied by %s",
			v.Name, v.UsedBytes>>20, v.CapacityBytes>>20, v.Files, v.Mobilizer))
	}
	for _, b := range p.Blockers {
		lines = append(lines, "blocker  "+b.Reason+": "+b.Message)
	}
	for _, w := range p.Warnings {
		lines = append(lines, "warning  "+w)
	}
	return strings.Join(lines, "\n")
}
