package lab

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// libraries finds what ELF programs inside of a root folder load when they start: their
// interpreter, and the shared libraries, with those that these need in turn.
func libraries(root string, programs []string) ([]ImageFile, error) {
	var files []ImageFile
	seen := map[string]bool{}
	queue := append([]string(nil), programs...)
	for len(queue) > 0 {
		program := queue[0]
		queue = queue[1:]
		interpreter, needed, err := needs(filepath.Join(root, program))
		if err != nil {
			return nil, err
		}
		if interpreter != "" && !seen[interpreter] {
			seen[interpreter] = true
			target, err := realPath(root, interpreter, "/usr"+interpreter)
			if err != nil {
				return nil, err
			}
			// Where the program asks for it, wherever the packages have it.
			files = append(files, ImageFile{Path: interpreter, Source: filepath.Join(root, target), Mode: 0o755})
		}
		for _, name := range needed {
			if seen[name] {
				continue
			}
			seen[name] = true
			at, target, err := findLibrary(root, name)
			if err != nil {
				return nil, fmt.Errorf("%s needs %s: %w", program, name, err)
			}
			files = append(files, ImageFile{Path: at, Source: filepath.Join(root, target)})
			queue = append(queue, target)
		}
	}
	return files, nil
}

// needs reads what an ELF file asks its loader for.
func needs(file string) (interpreter string, libraries []string, err error) {
	f, err := elf.Open(file)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", file, err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		data := make([]byte, p.Filesz)
		if _, err := p.ReadAt(data, 0); err != nil {
			return "", nil, fmt.Errorf("%s: its interpreter: %w", file, err)
		}
		interpreter = strings.TrimRight(string(data), "\x00")
	}
	libraries, err = f.ImportedLibraries()
	return interpreter, libraries, err
}

// findLibrary looks where Debian and Ubuntu have shared libraries. It returns where the loader
// finds it, and the file behind that.
func findLibrary(root, name string) (at, target string, err error) {
	for _, dir := range []string{"/lib/*-linux-gnu*", "/usr/lib/*-linux-gnu*", "/lib", "/usr/lib", "/lib64", "/usr/lib64"} {
		found, err := filepath.Glob(filepath.Join(root, dir, name))
		if err != nil {
			return "", "", err
		}
		for _, file := range found {
			at := strings.TrimPrefix(file, root)
			target, err := realPath(root, at)
			return at, target, err
		}
	}
	return "", "", errors.New("no unpacked package has it: is its package left out?")
}

// realPath is the file behind the first of several paths that exists inside of a root folder.
// A link with an absolute target means one inside of the root.
func realPath(root string, candidates ...string) (string, error) {
	for _, at := range candidates {
		for range 10 {
			info, err := os.Lstat(filepath.Join(root, at))
			if errors.Is(err, fs.ErrNotExist) {
				break
			}
			if err != nil {
				return "", err
			}
			if info.Mode()&fs.ModeSymlink == 0 {
				return at, nil
			}
			target, err := os.Readlink(filepath.Join(root, at))
			if err != nil {
				return "", err
			}
			if !path.IsAbs(target) {
				target = path.Join(path.Dir(at), target)
			}
			at = target
		}
	}
	return "", fmt.Errorf("%s: none of these leads to a file below %s", strings.Join(candidates, ", "), root)
}
