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
	owner, exists, err := bridgeOwner()
	switch {
	case err != nil:
		return err
	case !exists || owner == l.Root:
		return nil
	case owner == "":
		return fmt.Errorf("a network link %s exists that no lab made; remove it: ip link del %s", bridgeName, bridgeName)
	}
	return fmt.Errorf("the lab of another checkout is up, %s, and both use the same addresses; take it down: "+
		"make -C %s down (or, when that folder is gone: ip link del %s)", owner, owner, bridgeName)
}

// ensureBridge makes the bridge that both clusters hang on, and the rules that
// let packets pass between them and nowhere else.
func (l *Lab) ensureBridge(ctx context.Context) error {
	if err := l.bridgeIsFree(); err != nil {
		return err
	}
	if _, exists, err := bridgeOwner(); err != nil {
		return err
	} else if !exists {
		commands := [][]string{
			{"link", "add", bridgeName, "type", "bridge"},
			// The mark of whose bridge this is.
			{"link", "set", bridgeName, "alias", aliasPrefix + l.Root},
			{"addr", "add", bridgeAddress + "/24", "dev", bridgeName},
			{"link", "set", bridgeName, "up"},
		}
		for _, args := range commands {
			if _, err := run(ctx, "ip", args...); err != nil {
				return err
			}
		}
	}
	return ensureFirewall(ctx)
}

// bridgeOwner returns the checkout whose lab made the bridge.
func bridgeOwner() (owner string, exists bool, err error) {
	alias, err := os.ReadFile("/sys/class/net/" + bridgeName + "/ifalias")
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
func ensureFirewall(ctx context.Context) error {
	if err := removeFirewall(ctx); err != nil {
		return err
	}
	rules := [][]string{
		{"-N", firewallChain},
		{"-A", firewallChain, "-i", bridgeName, "-o", bridgeName, "-j", "ACCEPT"},
		{"-A", firewallChain, "-i", bridgeName, "-j", "DROP"},
		{"-A", firewallChain, "-o", bridgeName, "-j", "DROP"},
		{"-I", "FORWARD", "-j", firewallChain},
	}
	for _, rule := range rules {
		if _, err := run(ctx, "iptables", append([]string{"-w", "10"}, rule...)...); err != nil {
			return err
		}
	}
	return nil
}

// removeFirewall takes the lab's rules away; that there are none is fine.
func removeFirewall(ctx context.Context) error {
	if _, err := run(ctx, "iptables", "-w", "10", "-S", firewallChain); err != nil {
		return nil //nolint:nilerr // no such chain
	}
	for {
		if _, err := run(ctx, "iptables", "-w", "10", "-D", "FORWARD", "-j", firewallChain); err != nil {
			break // the last of them is gone
		}
	}
	for _, flag := range []string{"-F", "-X"} {
		if _, err := run(ctx, "iptables", "-w", "10", flag, firewallChain); err != nil {
			return err
		}
	}
	return nil
}

// removeBridge removes the lab's bridge, if it is this checkout's.
func (l *Lab) removeBridge(ctx context.Context) error {
	owner, exists, err := bridgeOwner()
	if err != nil || !exists || owner != l.Root {
		return err
	}
	if err := removeFirewall(ctx); err != nil {
		return err
	}
	_, err = run(ctx, "ip", "link", "del", bridgeName)
	return err
}

// connect links the network namespace of the sandbox process to the bridge.
func (n *node) connect(ctx context.Context, sandbox process) error {
	pid := strconv.Itoa(sandbox.PID)
	commands := [][]string{
		{"ip", "link", "add", n.veth(), "type", "veth", "peer", "name", "eth0", "netns", pid},
		{"ip", "link", "set", n.veth(), "master", bridgeName, "up"},
	}
	for _, args := range [][]string{
		{"addr", "add", n.address + "/24", "dev", "eth0"},
		{"link", "set", "eth0", "up"},
		{"route", "add", "default", "via", bridgeAddress},
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
	if _, err := os.Stat("/sys/class/net/" + n.veth()); err != nil {
		return nil //nolint:nilerr // gone
	}
	if _, err := run(ctx, "ip", "link", "del", n.veth()); err != nil {
		if _, gone := os.Stat("/sys/class/net/" + n.veth()); gone != nil {
			return nil //nolint:nilerr // it went meanwhile
		}
		return err
	}
	return nil
}
