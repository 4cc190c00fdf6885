package restic

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kubemove/kubemove/ddm/tree"
)

// maxDevices that are left out by name: each is an argument of restic's.
const maxDevices = 200

// maxNamed paths of a list in a message.
const maxNamed = 10

// excludes finds what is not copied, says so, and returns the arguments that keep restic from
// it. Sockets restic leaves out by itself. Device nodes it would back up, and the target's
// worker has no right to make them.
func (w *worker) excludes() ([]string, error) {
	special, err := tree.FindSpecial(w.volume)
	if err != nil {
		return nil, fmt.Errorf("cannot look through the volume: %w", err)
	}
	devices, err := excludeDevices(w.volume, special.Devices)
	if err != nil {
		return nil, err
	}
	if len(special.Sockets) > 0 {
		w.status.warn("sockets are not copied, they mean nothing without their process: %s", names(special.Sockets))
	}
	if len(special.Devices) > 0 {
		w.status.warn("device nodes are not copied: %s", names(special.Devices))
	}
	return append(leaveOut(w.volume, w.volume), devices...), nil
}

// excludeDevices returns the arguments that keep restic from device nodes.
func excludeDevices(volume string, devices []string) (args []string, err error) {
	if n := len(devices); n > maxDevices {
		return nil, &permanent{fmt.Errorf("the volume holds %d device nodes, which cannot be copied, and at most %d can be left out: remove them, or move the volume in another way: %s",
			n, maxDevices, names(devices))}
	}
	for _, device := range devices {
		args = append(args, "--exclude", pattern(filepath.Join(volume, device)))
	}
	return args, nil
}

// leaveOut returns the arguments that keep restic from lost+found in the volume, which begins
// with prefix in restic's eyes. Only the folder of that name belongs to the file system.
func leaveOut(volume, prefix string) []string {
	if info, err := os.Lstat(filepath.Join(volume, tree.LostAndFound)); err != nil || !info.IsDir() {
		return nil
	}
	return []string{"--exclude", pattern(filepath.Join(prefix, tree.LostAndFound))}
}

// names lists the first paths.
func names(paths []string) string {
	var quoted []string
	for _, path := range paths[:min(len(paths), maxNamed)] {
		quoted = append(quoted, tree.Quote(path))
	}
	text := strings.Join(quoted, ", ")
	if more := len(paths) - len(quoted); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// pattern matches the absolute path, and what is beneath it, and nothing else. restic's
// patterns are those of filepath.Match, folder by folder.
func pattern(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
