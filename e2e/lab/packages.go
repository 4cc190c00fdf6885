package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// wantedPrograms maps what the lab runs to the Debian package that holds it.
var wantedPrograms = []struct{ path, pkg string }{
	{"containerd", "containerd"},
	{"ctr", "containerd"},
	{"runc", "runc"},
	{cniBinDir + "/ptp", "containernetworking-plugins"},
	{"iptables", "iptables"},
	{"conntrack", "conntrack"},
	{"ip", "iproute2"},
	{"etcd", "etcd-server"},
	{"busybox", "busybox-static"},
	{"nsenter", "util-linux"},
	{"mount", "mount"},
	{"modprobe", "kmod"},
}

// cniBinDir is where Debian and Ubuntu put the CNI plugins.
const cniBinDir = "/usr/lib/cni"

// ensurePackages installs what is missing of these programs, or of all that the lab runs where none is named; or it says how to.
func (l *Lab) ensurePackages(ctx context.Context, programs ...string) error {
	missing := missingPackages(programs...)
	if len(missing) == 0 {
		return nil
	}
	command := "apt-get install --no-install-recommends " + strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("these programs are missing: %s (as Debian calls their packages), and there is no apt-get here: "+
			"install them, or install Docker and kind", strings.Join(missing, " "))
	}
	l.log.step("%s", command)
	restore, err := keepServicesDown()
	if err != nil {
		return err
	}
	defer restore()
	lists, _ := filepath.Glob("/var/lib/apt/lists/*_Packages*")
	if len(lists) == 0 {
		if err := aptGet(ctx, "update"); err != nil {
			return err
		}
	}
	args := append([]string{"install", "-y", "--no-install-recommends"}, missing...)
	if err := aptGet(ctx, args...); err != nil {
		// The lists may name versions that the mirror has replaced since.
		if err := errors.Join(aptGet(ctx, "update"), aptGet(ctx, args...)); err != nil {
			return err
		}
	}
	if missing := missingPackages(programs...); len(missing) > 0 {
		return fmt.Errorf("still missing after %q: %s", command, strings.Join(missing, " "))
	}
	return nil
}

func missingPackages(programs ...string) []string {
	var missing []string
	seen := map[string]bool{}
	for _, p := range wantedPrograms {
		if len(programs) > 0 && !slices.Contains(programs, p.path) {
			continue
		}
		if _, err := exec.LookPath(p.path); err != nil && !seen[p.pkg] {
			seen[p.pkg] = true
			missing = append(missing, p.pkg)
		}
	}
	return missing
}

func aptGet(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// keepServicesDown stops Debian from starting etcd and containerd as services
// when their packages are installed: the lab starts its own, and a service of
// the same name would hold their ports.
func keepServicesDown() (restore func(), err error) {
	const policy = "/usr/sbin/policy-rc.d"
	_, err = os.Stat(policy)
	if err == nil {
		return func() {}, nil // this machine has a policy of its own
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil {
		return nil, err
	}
	return func() { os.Remove(policy) }, nil
}
