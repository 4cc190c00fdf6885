package lab

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// deb is one Debian package in the version that apt would install now.
type deb struct{ name, version string }

// errNotDownloaded: apt could not download what it would install.
var errNotDownloaded = errors.New("apt-get download has failed")

// debs asks apt what packages need on a machine that has nothing installed, so that the answer
// is the same whatever is installed here. What only installing needs is in it too.
func debs(ctx context.Context, packages ...string) ([]deb, error) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return nil, fmt.Errorf("%w: the image is made of packages of Debian or Ubuntu; "+
			"use such a machine, kind, or clusters of your own (KUBEMOVE_E2E_SOURCE and KUBEMOVE_E2E_TARGET)", err)
	}
	lists, _ := filepath.Glob("/var/lib/apt/lists/*_Packages*")
	if len(lists) == 0 {
		if err := aptGet(ctx, "update"); err != nil {
			return nil, err
		}
	}
	dir, err := os.MkdirTemp("", "kubemove-apt-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	args, err := aptElsewhere(dir)
	if err != nil {
		return nil, err
	}
	out, err := run(ctx, "apt-get", append(append(args, "--print-uris", "--yes", "--no-install-recommends", "install"), packages...)...)
	if err != nil {
		return nil, err
	}
	return parseDebs(out)
}

// aptElsewhere are options that let apt start from nothing and keep its files in dir.
func aptElsewhere(dir string) ([]string, error) {
	status := filepath.Join(dir, "status")
	err := errors.Join(os.MkdirAll(filepath.Join(dir, "archives", "partial"), 0o755), os.WriteFile(status, nil, 0o600))
	return []string{"-qq", "-o", "Dir::State::status=" + status, "-o", "Dir::Cache=" + dir,
		// Root's folder is closed to apt's own user, and nothing of this machine is locked.
		"-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=1"}, err
}

// parseDebs reads lines like 'http://...' libc6_2.36-9_amd64.deb 2759320 SHA256:... ; a colon in
// a version is written as %3a there.
func parseDebs(lines string) ([]deb, error) {
	var found []deb
	for line := range strings.Lines(lines) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[0], "'") {
			continue
		}
		parts := strings.Split(fields[1], "_")
		if len(parts) != 3 {
			return nil, fmt.Errorf("apt-get says %q, expected NAME_VERSION_ARCHITECTURE.deb as the second word", strings.TrimSpace(line))
		}
		version, err := url.PathUnescape(parts[1])
		if err != nil {
			return nil, fmt.Errorf("the version in %q: %w", fields[1], err)
		}
		found = append(found, deb{parts[0], version})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("apt-get names no package to install, it says %q: is its list of packages current (apt-get update)?", lines)
	}
	return found, nil
}

// unpack downloads packages and unpacks them over each other in dir/root, which it returns.
func unpack(ctx context.Context, dir string, packages []deb) (string, error) {
	root, archives := filepath.Join(dir, "root"), filepath.Join(dir, "debs")
	if err := errors.Join(os.MkdirAll(root, 0o755), os.MkdirAll(archives, 0o755)); err != nil {
		return "", err
	}
	args, err := aptElsewhere(filepath.Join(dir, "apt"))
	if err != nil {
		return "", err
	}
	args = append(args, "download")
	for _, p := range packages {
		args = append(args, p.name+"="+p.version)
	}
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Dir = archives
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %w; is the network there?\n%s", errNotDownloaded, err, out)
	}
	files, err := filepath.Glob(filepath.Join(archives, "*.deb"))
	if err != nil {
		return "", err
	}
	if len(files) != len(packages) {
		return "", fmt.Errorf("apt-get downloaded %d packages to %s, expected %d", len(files), archives, len(packages))
	}
	for _, file := range files {
		if _, err := run(ctx, "dpkg-deb", "--extract", file, root); err != nil {
			return "", err
		}
	}
	return root, nil
}
