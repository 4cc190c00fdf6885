package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Metacontroller is the program that calls the hooks.
type Metacontroller struct {
	// Path of the program.
	Path string
	// Newer: its flags are those of manifests/overlays/default, and it serves probes. 1.5.20 has older flags, and none.
	Newer bool
}

// metacontroller is compiled, if the cache does not hold it. METACONTROLLER_BINARY names another one.
func (l *Lab) metacontroller(ctx context.Context) (Metacontroller, error) {
	path := os.Getenv("METACONTROLLER_BINARY")
	if path == "" {
		path, err := l.buildTool(ctx, metacontrollerTool)
		return Metacontroller{Path: path}, err
	}
	newer, err := isNewer(ctx, path)
	if err != nil {
		return Metacontroller{}, fmt.Errorf("METACONTROLLER_BINARY is %q, expected a program: %w", path, err)
	}
	return Metacontroller{Path: path, Newer: newer}, nil
}

// isNewer looks at the flags that a program says that it has. It ends with an error when it is asked for them.
func isNewer(ctx context.Context, path string) (bool, error) {
	said, err := exec.CommandContext(ctx, path, "--help").CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		return false, err
	}
	return bytes.Contains(said, []byte("health-probe-bind-address")), nil
}

// overlay is the folder of what is installed: it fits the flags of Metacontroller.
func (l *Lab) overlay(ctx context.Context) (string, error) {
	m, err := l.metacontroller(ctx)
	if err != nil {
		return "", err
	}
	name := "local"
	if m.Newer {
		name = "newer"
	}
	return filepath.Join(l.Root, "e2e", "manifests", name), nil
}
