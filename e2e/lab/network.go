package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

const aliasPrefix = "kubemove-lab "

// bridgeIsFree fails when the bridge belongs to another lab.
func (l *Lab) bridgeIsFree() error {
	bridge := l.place.bridge()
	owner, exists, err := l.place.bridgeOwner()
	switch {
	case err != nil:
		return err
	case !exists || owner == l.id():
		return nil
	case owner == "":
		return fmt.Errorf("a network link %s exists that no lab made; remove it: ip link del %s", bridge, bridge)
	}
	root, name := splitID(owner)
	return fmt.Errorf("the lab %q of %s is up, and both use the same addresses; take it down: make -C %s down KUBEMOVE_LAB=%s "+
		"(or, when that folder is gone: ip link del %s), or give this one another name: KUBEMOVE_LAB=NAME", name, root, root, name, bridge)
}

// ensureBridge makes the bridge that both clusters hang on, and the rules that
// let packets pass between them and nowhere else.
func (l *Lab) ensureBridge(ctx context.Context) error {
	if err := l.bridgeIsFree(); err != nil {
		return err
	}
	bridge := l.place.bridge()
	if _, exists, err := l.place.bridgeOwner(); err != nil {
		return err
	} else if !exists {
		commands := [][]string{
			{"link", "add", bridge, "type", "bridge"},
			// The mark of whose bridge this is.
			{"link", "set", bridge, "alias", aliasPrefix + l.id()},
			{"addr", "add", l.place.address(1) + "/24", "dev", bridge},
			{"link", "set", bridge, "up"},
		}
		for _, args := range commands {
			if _, err := run(ctx, "ip", args...); err != nil {
				return err
			}
		}
	}
	return l.place.ensureFirewall(ctx)
}

// bridgeOwner returns the lab that made the bridge: see Lab.id.
func (p place) bridgeOwner() (owner string, exists bool, err error) {
	alias, err := os.ReadFile("/sys/class/net/" + p.bridge() + "/ifalias")
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	owner, _ = strings.CutPrefix(strings.TrimSpace(string(alias)), aliasPrefix)
	return owner, true, nil
}

// ensureFirewall keeps all that runs in the clusters on this machine: what comes
// from the bridge may go back to the bridge only. The first rule is needed where
// Docker has set the policy of FORWARD to DROP.
func (p place) ensureFirewall(ctx context.Context) error {
	if err := p.removeFirewall(ctx); err != nil {
		return err
	}
	chain, bridge := p.firewallChain(), p.bridge()
	rules := [][]string{
		{"-N", chain},
		{"-A", chain, "-i", bridge, "-o", bridge, "-j", "ACCEPT"},
		{"-A", chain, "-i", bridge, "-j", "DROP"},
		{"-A", chain, "-o", bridge, "-j", "DROP"},
		{"-I", "FORWARD", "-j", chain},
	}
	for _, rule := range rules {
		if _, err := run(ctx, "iptables", append([]string{"-w", "10"}, rule...)...); err != nil {
			return err
		}
	}
	return nil
}

// removeFirewall takes the lab's rules away; that there are none is fine.
func (p place) removeFirewall(ctx context.Context) error {
	chain := p.firewallChain()
	if _, err := run(ctx, "iptables", "-w", "10", "-S", chain); err != nil {
		return nil //nolint:nilerr // no such chain
	}
	for {
		if _, err := run(ctx, "iptables", "-w", "10", "-D", "FORWARD", "-j", chain); err != nil {
			break // the last of them is gone
		}
	}
	for _, flag := range []string{"-F", "-X"} {
		if _, err := run(ctx, "iptables", "-w", "10", flag, chain); err != nil {
			return err
		}
	}
	return nil
}

// removeBridge removes the lab's bridge, if it is this lab's.
func (l *Lab) removeBridge(ctx context.Context) error {
	owner, exists, err := l.place.bridgeOwner()
	if err != nil || !exists || owner != l.id() {
		return err
	}
	if err := l.place.removeFirewall(ctx); err != nil {
		return err
	}
	_, err = run(ctx, "ip", "link", "del", l.place.bridge())
	return err
}

// connect links the network namespace of the sandbox process to the bridge.
func (n *node) connect(ctx context.Context, sandbox process) error {
	pid := strconv.Itoa(sandbox.PID)
	commands := [][]string{
		{"ip", "link", "add", n.link, "type", "veth", "peer", "name", "eth0", "netns", pid},
		{"ip", "link", "set", n.link, "master", n.lab.place.bridge(), "up"},
	}
	for _, args := range [][]string{
		{"addr", "add", n.address + "/24", "dev", "eth0"},
		{"link", "set", "eth0", "up"},
		{"route", "add", "default", "via", n.lab.place.address(1)},
	} {
		commands = append(commands, append(enter(sandbox, "ip"), args...))
	}
	for _, c := range commands {
		if _, err := run(ctx, c[0], c[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// disconnect removes the link. It goes by itself with the namespace, but not at
// once. The link of another checkout's lab has the same name, and stays.
func (n *node) disconnect(ctx context.Context) error {
	if n.lab.bridgeIsFree() != nil {
		return nil
	}
	if _, err := os.Stat("/sys/class/net/" + n.link); err != nil {
		return nil //nolint:nilerr // gone
	}
	if _, err := run(ctx, "ip", "link", "del", n.link); err != nil {
		if _, gone := os.Stat("/sys/class/net/" + n.link); gone != nil {
			return nil //nolint:nilerr // it went meanwhile
		}
		return err
	}
	return nil
}
