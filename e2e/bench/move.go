package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kubemove/kubemove/e2e/lab"
)

// moved is what A took.
type moved struct {
	// Run is the data run: from go for the workers until both sides are verified.
	Run time.Duration
	// Whole is from go for the switch until it has switched; Stop and Start of it are the
	// application's own.
	Whole, Stop, Start time.Duration
	// Phases of the data run, and the steps of the whole move, in whole seconds.
	Phases, Steps []phase
}

// rest of the whole move without the application's own part.
func (m moved) rest() time.Duration { return m.Whole - m.Stop - m.Start }

// moveTimeout for one move.
const moveTimeout = 20 * time.Minute

// transport is what the move asks for, and what it has to get.
type transport struct{ Asked, Used string }

var (
	direct  = transport{"Auto", "NodePort"}
	relayed = transport{"Relay", "Relay"}
)

// runMove moves an application with the set in its volume, in a new namespace of both clusters,
// and compares. What it has made is removed.
func (b *Bench) runMove(ctx context.Context, s Set, seed uint64, way transport) (out moved, err error) {
	b.moves++
	name := fmt.Sprintf("bench-%d-%d", b.id, b.moves)
	defer func() {
		// Also when ctx has ended.
		err = errors.Join(err, b.removeMove(context.WithoutCancel(ctx), name))
	}()
	if err := b.place(ctx, name); err != nil {
		return out, err
	}
	source, err := volume(ctx, b.lab.Source(), name)
	if err != nil {
		return out, err
	}
	if err := sameFileSystem(source, b.dir); err != nil {
		return out, err
	}
	want, err := s.write(ctx, source, seed)
	if err != nil {
		return out, err
	}
	if out, err = b.measureMove(ctx, name, way); err != nil {
		return out, fmt.Errorf("%w%s", err, b.blockers(name))
	}
	target, err := volume(ctx, b.lab.Target(), name)
	if err != nil {
		return out, err
	}
	return out, errors.Join(same(want, source), same(want, target))
}

// place makes the namespaces, the way to the target, and the application.
func (b *Bench) place(ctx context.Context, name string) error {
	for _, c := range b.lab.Clusters() {
		if _, err := c.Kubectl(ctx, "create", "namespace", name); err != nil {
			return err
		}
	}
	_, err := b.lab.Source().Kubectl(ctx, "--namespace", name, "create", "secret", "generic", "dst",
		"--from-file=kubeconfig="+b.lab.Target().Kubeconfig)
	if err != nil {
		return err
	}
	if err := b.apply(ctx, name, application); err != nil {
		return err
	}
	return lab.Await(ctx, time.Minute, "the application", func(ctx context.Context) error {
		return b.lab.Source().DeploymentAvailable(ctx, name, "app")
	})
}

// apply a manifest in a namespace of the source.
func (b *Bench) apply(ctx context.Context, namespace, manifest string) error {
	file := b.dir + "/manifest.yaml"
	if err := os.WriteFile(file, []byte(named(manifest, namespace)), 0o600); err != nil {
		return err
	}
	_, err := b.lab.Source().Kubectl(ctx, "--namespace", namespace, "apply", "--server-side", "--filename", file)
	return err
}

// measureMove lets the engine move the application.
func (b *Bench) measureMove(ctx context.Context, name string, way transport) (out moved, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	seen, err := watchMoments(ctx, b.lab.Source(), b.lab.Target(), name)
	if err != nil {
		return out, err
	}
	watcher := watchProcesses(ctx)
	defer watcher.stop(name)
	if err := b.apply(ctx, name, strings.ReplaceAll(engine, "TRANSPORT", way.Asked)); err != nil {
		return out, err
	}
	if err := seen.wait(ctx, moveTimeout); err != nil {
		return out, err
	}
	processes := watcher.stop(name)
	log, err := b.lab.Source().Kubectl(ctx, "--namespace", name, "logs", "--selector", "kubemove.io/step=cutover",
		"--container", "task", "--tail", "-1")
	if err != nil {
		return out, err
	}
	times, err := parseDriverLog([]byte(log))
	if err != nil {
		return out, err
	}
	if times.Transport != way.Used {
		return out, fmt.Errorf("the data went by %q, expected %q: the source does not reach the target's nodes", times.Transport, way.Used)
	}
	out.Run = times.Verified.Sub(times.Go)
	for into, moment := range map[*time.Duration][2]string{
		&out.Whole: {momentGo, momentSwitched},
		&out.Stop:  {momentStopping, momentStopped},
		&out.Start: {momentStarting, momentStarted},
	} {
		if *into, err = seen.between(moment[0], moment[1]); err != nil {
			return out, err
		}
	}
	if err := sameCalls(calls(processes)); err != nil {
		return out, err
	}
	if out.Phases, err = phases(times.Go, times.Verified, processes); err != nil {
		return out, err
	}
	status, err := b.lab.Source().Kubectl(ctx, "--namespace", name, "get", "moveswitches", "--output", "jsonpath={.items[0].status.steps}")
	if err != nil {
		return out, err
	}
	out.Steps, err = parseSteps([]byte(status))
	return out, err
}

// volume is the folder of this machine that holds a claim.
func volume(ctx context.Context, c *lab.Cluster, claim string) (string, error) {
	name, err := c.Kubectl(ctx, "--namespace", claim, "get", "pvc", claim, "--output", "jsonpath={.spec.volumeName}")
	if err != nil {
		return "", err
	}
	path, err := c.Kubectl(ctx, "get", "pv", strings.TrimSpace(name), "--output", "jsonpath={.spec.hostPath.path}{.spec.local.path}")
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return "", fmt.Errorf("the volume of claim %s in %s is %q, expected a folder of this machine: use the lab that runs without Docker",
			claim, c.Name, path)
	}
	return path, nil
}

// blockers says what stands in the way of a move that has failed.
func (b *Bench) blockers(name string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := b.lab.Source().Kubectl(ctx, "--namespace", name, "get", "kubemove", "--output",
		`jsonpath={range .items[*]}{.kind}: {.status.blockers} {.status.conditions}{"\n"}{end}`)
	if err != nil {
		return ""
	}
	return "\n" + out
}

// removeMove removes what a move has made, and returns when its volumes are gone.
func (b *Bench) removeMove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	// The engine goes first: its clean-up needs the Secret with the kubeconfig.
	_, err := b.lab.Source().Kubectl(ctx, "--namespace", name, "delete", "moveengines", "--all", "--timeout=120s")
	var both sync.WaitGroup
	errs := [2]error{}
	for i, c := range b.lab.Clusters() {
		both.Go(func() { errs[i] = removeNamespace(ctx, c, name) })
	}
	both.Wait()
	return errors.Join(append(errs[:], err)...)
}

// removeNamespace returns when the volumes of the namespace are gone, too.
func removeNamespace(ctx context.Context, c *lab.Cluster, name string) error {
	_, err := c.Kubectl(ctx, "delete", "namespace", name, "--ignore-not-found", "--timeout=120s")
	return errors.Join(err, lab.Await(ctx, 2*time.Minute, "the volumes in "+c.Name+" to be removed", func(ctx context.Context) error {
		out, err := c.Kubectl(ctx, "get", "pv", "--output", `jsonpath={range .items[*]}{.spec.claimRef.namespace}{"\n"}{end}`)
		if err == nil && slices.Contains(strings.Fields(out), name) {
			err = fmt.Errorf("one of %s is there", name)
		}
		return err
	}))
}
