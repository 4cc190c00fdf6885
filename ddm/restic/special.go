package restic

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/kubemove/kubemove/ddm/filecopy"
)

// maxArguments for device nodes that are left out. More are told in a file.
const maxArguments = 200

// maxNamed paths of a list in a message.
const maxNamed = 10

// excludes finds what is not copied, says so, and returns the arguments that keep restic from
// it, which may name a file in the folder. The same look over the volume finds its newest times.
// Sockets restic leaves out by itself. Device nodes it would back up, and the target's worker has no
// right to make them.
func (s *side) excludes(folder string) ([]string, error) {
	found, err := s.tree.Inspect()
	if err != nil {
		return nil, fmt.Errorf("cannot look through the volume: %w", err)
	}
	s.newest, s.sum = found.Newest, found.Sum
	args, lines, err := excludeDevices(s.volume, found.Devices)
	if err != nil {
		return nil, err
	}
	if len(lines) > 0 {
		file := filepath.Join(folder, "devices")
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			return nil, fmt.Errorf("cannot write down what is left out: %w", err)
		}
		args = append(args, "--exclude-file", file)
	}
	if n := len(found.Sockets); n > 0 {
		s.status.warn("%d sockets are not copied, they mean nothing without their process: %s", n, names(found.Sockets))
	}
	if n := len(found.Devices); n > 0 {
		s.status.warn("%d device nodes are not copied (where they are whiteouts of an overlay file system, the files that they hide "+
			"appear again): %s",
			n, names(found.Devices))
	}
	return append(leaveOut(s.volume, s.volume), args...), nil
}

// excludeDevices returns the arguments that keep restic from device nodes, and, where they are many,
// the lines of a file for it.
func excludeDevices(volume string, devices []string) (args, lines []string, err error) {
	if n := len(devices); n > filecopy.MaxDevices {
		return nil, nil, &permanent{fmt.Errorf("the volume holds %d device nodes, which cannot be copied, and at most %d can be left out: "+
			"remove them, or leave the claim out (data.claims, policy: CreateEmpty): %s", n, filecopy.MaxDevices, names(devices))}
	}
	for _, device := range devices {
		of := pattern(filepath.Join(volume, device))
		line := strings.ReplaceAll(of, "$", "$$")
		if len(devices) > maxArguments && line == strings.TrimSpace(line) && !strings.ContainsAny(line, "\r\n") {
			lines = append(lines, line)
			continue
		}
		args = append(args, "--exclude", of)
	}
	if n := len(args) / 2; n > maxArguments {
		return nil, nil, &permanent{fmt.Errorf("the volume holds %d device nodes with line breaks in their paths, and at most %d can "+
			"be left out: "+
			"remove them", n, maxArguments)}
	}
	return args, lines, nil
}

// leaveOut returns the arguments that keep restic from lost+found in the volume, which begins
// with prefix in restic's eyes. Only the folder of that name belongs to the file system.
func leaveOut(volume, prefix string) []string {
	if info, err := os.Lstat(filepath.Join(volume, filecopy.LostAndFound)); err != nil || !info.IsDir() {
		return nil
	}
	return []string{"--exclude", pattern(filepath.Join(prefix, filecopy.LostAndFound))}
}

// names lists the first paths.
func names(paths []string) string {
	var quoted []string
	for _, path := range paths[:min(len(paths), maxNamed)] {
		quoted = append(quoted, filecopy.Quote(path))
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
