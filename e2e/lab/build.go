package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// cacheDir is where compiled programs are kept between runs and checkouts.
func cacheDir() (string, error) {
	if dir := os.Getenv("KUBEMOVE_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for compiled programs: %w; set KUBEMOVE_CACHE to one", err)
	}
	return filepath.Join(home, ".cache", "kubemove"), nil
}

// buildTool returns the path of a tool's binary and compiles it when the cache
// does not hold it.
func (l *Lab) buildTool(ctx context.Context, t tool) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	key, err := l.toolKey(t)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, "bin", fmt.Sprintf("%s-%s-%s", t.name, t.version, key))
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	unlock, err := lockFile(ctx, filepath.Join(cache, "build.lock"), func() {
		l.log.step("waiting for another run that compiles")
	})
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(binary); err == nil {
		return binary, nil // the other run made it
	}
	l.log.step("compiling %s %s (once, which may take minutes; kept in %s)", t.name, t.version, filepath.Dir(binary))
	start := time.Now()
	flags := []string{"-ldflags", strings.TrimSpace("-s -w " + t.ldflags), t.pkg}
	if err := goBuild(ctx, filepath.Join(l.Root, t.dir), binary, flags...); err != nil {
		return "", err
	}
	l.log.step("compiled %s in %s", t.name, time.Since(start).Round(time.Second))
	return binary, nil
}

// goBuild compiles into a file beside the wanted one and renames it, so that a
// killed build leaves nothing that looks finished.
func goBuild(ctx context.Context, dir, binary string, args ...string) error {
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return err
	}
	tmp := binary + ".building"
	defer os.Remove(tmp)
	args = append([]string{"build", "-trimpath", "-buildvcs=false", "-o", tmp}, args...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s in %s: %w\n%s", strings.Join(args, " "), dir, err, out)
	}
	return os.Rename(tmp, binary)
}

var goVersion = sync.OnceValues(func() (string, error) {
	return run(context.Background(), "go", "env", "GOVERSION", "GOARCH")
})

// toolKey is a hash of all that decides what a tool's binary is.
func (l *Lab) toolKey(t tool) (string, error) {
	version, err := goVersion()
	if err != nil {
		return "", fmt.Errorf("%w; install Go 1.26 or newer", err)
	}
	hash := sha256.New()
	fmt.Fprintln(hash, version, t.pkg, t.ldflags)
	dir := filepath.Join(l.Root, t.dir)
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(t.pkg, "./") {
		if files, err = filepath.Glob(filepath.Join(dir, t.pkg, "*.go")); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			files = append(files, filepath.Join(dir, name))
		}
	}
	if len(files) == 0 {
		return "", fmt.Errorf("%s holds no Go module: is the checkout whole?", dir)
	}
	slices.Sort(files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(hash, filepath.Base(file), len(data))
		hash.Write(data)
	}
	return hex.EncodeToString(hash.Sum(nil))[:12], nil
}
