package restic

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// settings of the mobilizer, from the parameters of the user.
type settings struct {
	// compression of restic: auto, off or max.
	compression string
	// packSize in MiB.
	packSize int
	// repository that the user has named; empty: the managed one.
	repository string
}

// parseSettings refuses what it does not know: a parameter with a typing error must not be
// ignored.
func parseSettings(parameters map[string]string) (settings, error) {
	s := settings{compression: "auto", packSize: 16}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		value := parameters[name]
		switch name {
		case "compression":
			if !slices.Contains([]string{"auto", "off", "max"}, value) {
				return s, errors.New("parameter compression is none of those that there are: expected auto, off or max")
			}
			s.compression = value
		case "packSize":
			n, err := strconv.Atoi(value)
			if err != nil || n < 4 || n > 128 {
				return s, errors.New("parameter packSize is no number of MiB from 4 to 128: expected such as 16")
			}
			s.packSize = n
		case "repository":
			s.repository = value
		default:
			return s, fmt.Errorf("parameter %q is unknown; there are compression, packSize and repository", name)
		}
	}
	return s, nil
}

// backup arguments.
func (s settings) backup() []string {
	return strings.Fields(fmt.Sprintf("--compression %s --pack-size %d --read-concurrency %d",
		s.compression, s.packSize, max(2, runtime.GOMAXPROCS(0))))
}

// restore arguments for a repository. The number of its connections is that of the workers that
// write.
func (s settings) restore(location string) []string {
	backend, _, remote := strings.Cut(location, ":")
	if !remote {
		backend = "local"
	}
	return []string{"-o", fmt.Sprintf("%s.connections=%d", backend, min(8, max(2, 2*runtime.GOMAXPROCS(0))))}
}
