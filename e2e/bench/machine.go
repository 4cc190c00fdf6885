package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// machine describes where the measurement was made.
func machine(folder string) (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", err
	}
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return "", err
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d cores (%s), %.1f GiB of memory, Linux %s %s, volumes on %s, %s",
		runtime.NumCPU(), value(string(cpu), "model name"), float64(kibibytes(string(memory), "MemTotal"))/(1<<20),
		unix.ByteSliceToString(u.Release[:]), runtime.GOARCH, fileSystem(string(mounts), resolved), limits()), nil
}

// limits says whether the kernel counts the page cache of a container against its memory, which
// decides how much of a copy stays in it.
func limits() string {
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		return "cgroup v2"
	}
	return "cgroup v1"
}

// kibibytes reads a line of /proc/meminfo.
func kibibytes(meminfo, name string) (n int64) {
	_, _ = fmt.Sscanf(value(meminfo, name), "%d kB", &n)
	return n
}

// value of the first line "NAME: VALUE".
func value(text, name string) string {
	for line := range strings.Lines(text) {
		if key, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

// fileSystem is the type of what a folder lies on, by the longest mount point above it.
func fileSystem(mountinfo, folder string) string {
	found, length := "unknown", -1
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) == 0 {
			continue
		}
		point := fields[4]
		if !strings.HasPrefix(folder+"/", strings.TrimSuffix(point, "/")+"/") || len(point) < length {
			continue
		}
		found, length = kind[0], len(point)
	}
	return found
}

// sameFileSystem fails when two folders are on different file systems.
func sameFileSystem(a, b string) error {
	var st [2]unix.Stat_t
	for i, dir := range []string{a, b} {
		if err := unix.Stat(dir, &st[i]); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	if st[0].Dev != st[1].Dev {
		return fmt.Errorf("%s and %s are on different file systems, expected one: the comparison would not be fair; "+
			"put the checkout on the one that holds the volumes", a, b)
	}
	return nil
}

// cached says how much of the page cache there is, for the note on its state.
func cached() string {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.1f GiB", float64(kibibytes(string(bytes.TrimSpace(data)), "Cached"))/(1<<20))
}
