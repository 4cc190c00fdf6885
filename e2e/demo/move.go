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
		on("dst")+" apply --filename examples/postgres/namespace.yaml",
		"kubectl kustomize manifests/endpoint | sed s/APPLICATION/"+Namespace+"/ | "+on("dst")+" apply --filename -",
		"manifests/endpoint/kubeconfig.sh "+Namespace+" dst | "+nextLine+
			on("src")+" create secret generic dst --from-file=kubeconfig=/dev/stdin")
}

// move plans, shows the plan, approves it, and follows the switch to its end.
func (d *Demo) move(ctx context.Context) error {
	d.tell.step("The move: ten lines of YAML. KubeMove plans and opens the channel; nothing is changed yet.")
	err := d.all(ctx,
		on("src")+" apply --filename examples/postgres/moveengine.yaml",
		on("src")+" wait moveengine "+engine+" --for=condition=Ready --timeout=3m")
	if err != nil {
		return fmt.Errorf("%w\nlook at the blockers: %s get movepair %s --output yaml", err, on("src"), pair)
	}
	hash, err := d.showPlan(ctx)
	if err != nil {
		return err
	}
	d.tell.step("The plan is approved, by its hash. Now the application stops in src, its data is copied, and it starts in dst.")
	if _, err := d.shown(ctx,
		fmt.Sprintf(`%s patch moveswitch %s --type merge -p '{"spec":{"approvedPlan":%q}}'`, on("src"), pair, hash)); err != nil {
		return err
	}
	d.tell.command(on("src") + " get moveswitch " + pair + " --watch")
	return d.follow(ctx, 10*time.Minute)
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
