// Release makes what a release of kubectl-move consists of: an archive for each platform, their checksums, and the manifest by
// which krew finds them. It uploads nothing.
//
//	go run ./hack/release -version v0.1.0 -out .kubemove/release
//
// The same commit and version give the same bytes, on any machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func main() {
	version := flag.String("version", "", "of the release, as v1.2.3; the default is that of a build of this commit, v0.0.0-COMMIT")
	out := flag.String("out", ".kubemove/release", "`folder` that the files are written to")
	only := flag.String("platforms", "", "`list` of those to make, such as linux/amd64,darwin/arm64; the default is all")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	chosen, err := choose(*only)
	if err == nil {
		err = release(ctx, *version, *out, chosen)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// semantic is what krew takes as a version.
var semantic = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

func release(ctx context.Context, version, out string, chosen []Platform) error {
	commit, err := git(ctx, "rev-parse", "--short=12", "HEAD")
	if err != nil {
		return err
	}
	if version == "" {
		version = "v0.0.0-" + commit
	}
	if !semantic.MatchString(version) {
		return fmt.Errorf("-version is %q: expected one as v1.2.3 or v1.2.3-rc.1", version)
	}
	at, err := git(ctx, "log", "-1", "--format=%ct")
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return fmt.Errorf("the time of the commit is %q: expected seconds", at)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	r := &Release{Version: version}
	for _, p := range chosen {
		began := time.Now()
		a, err := build(ctx, p, version, time.Unix(seconds, 0), out)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		r.Archives = append(r.Archives, *a)
		fmt.Printf("%s  %s  %5.1f MiB  %3.0f s\n", a.SHA256, a.Name, float64(a.Size)/(1<<20), time.Since(began).Seconds())
	}
	if err := os.WriteFile(filepath.Join(out, "checksums.txt"), r.checksums(), 0o644); err != nil {
		return err
	}
	manifest, err := r.manifest()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, plugin+".yaml"), manifest, 0o644)
}

// git asks the repository of the current folder.
func git(ctx context.Context, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "git", args...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// build compiles kubectl-move for a platform and packs it with the license.
func build(ctx context.Context, p Platform, version string, at time.Time, out string) (*Archive, error) {
	folder, err := os.MkdirTemp("", "kubemove-release-")
	if err != nil {
		return nil, err
	}
	a := &Archive{Platform: p, Name: p.archive(version)}
	err = a.make(ctx, version, at, folder, filepath.Join(out, a.Name))
	return a, errors.Join(err, os.RemoveAll(folder))
}

// make the archive at a path, with a folder for what is compiled.
func (a *Archive) make(ctx context.Context, version string, at time.Time, folder, path string) error {
	program := filepath.Join(folder, a.program())
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X github.com/kubemove/kubemove/internal/cli.release="+version, "-o", program, "./cmd/kubectl-move")
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+a.OS, "GOARCH="+a.Arch)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	return a.pack(path, at, program, "LICENSE")
}
