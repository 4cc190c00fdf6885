package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// process is one program that the lab started. The start time tells it from an
// unrelated program that was given the same pid later.
type process struct {
	Name  string `json:"name"`
	PID   int    `json:"pid"`
	Start uint64 `json:"start"`
}

// clusterState is what is known of one cluster that was started.
type clusterState struct {
	// Processes in the order in which they were started.
	Processes []process `json:"processes,omitempty"`
	// Started is set once all of them run: without it a run was interrupted.
	Started bool `json:"started"`
	// Images maps the name of each loaded image to the digest of its content.
	Images map[string]string `json:"images,omitempty"`
}

// state is the record of what the lab made, written before or directly after
// each thing is made, so that a later run can end what a killed one left.
type state struct {
	// BootID tells a reboot: no process of an earlier boot can be alive.
	BootID   string                   `json:"bootID"`
	Clusters map[string]*clusterState `json:"clusters"`
	// MadeDirs are folders outside of the lab's own that it made, in order.
	MadeDirs []string `json:"madeDirs,omitempty"`
	// Installed is the digest of what was installed in the source last.
	Installed string `json:"installed,omitempty"`

	mu    sync.Mutex
	paths []string
}

// loadState reads the record. It lies in two places: the one in the checkout is
// for people to read, and "git clean" removes it; the other lasts until reboot.
func (l *Lab) loadState() (*state, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return nil, err
	}
	bootID := strings.TrimSpace(string(boot))
	s := &state{paths: []string{filepath.Join(l.RunDir, "state.json"), filepath.Join(l.Dir, "state.json")}}
	for _, path := range s.paths {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, s); err != nil {
			return nil, fmt.Errorf("%s does not hold the lab's record: %w; remove the file", path, err)
		}
		break
	}
	if s.BootID != bootID {
		for _, c := range s.Clusters {
			c.Processes = nil
		}
		s.BootID = bootID
	}
	if s.Clusters == nil {
		s.Clusters = map[string]*clusterState{}
	}
	for _, name := range []string{sourceName, targetName} {
		if s.Clusters[name] == nil {
			s.Clusters[name] = &clusterState{}
		}
		if s.Clusters[name].Images == nil {
			s.Clusters[name].Images = map[string]string{}
		}
	}
	return s, nil
}

// update changes the record and writes it. The files are replaced whole: a kill
// in between leaves the old record, never half of one.
func (s *state) update(change func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	for _, path := range s.paths {
		if err := writeFileAtomic(path, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// imageDigest returns what was loaded under a name into a cluster last.
func (s *state) imageDigest(cluster, image string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Clusters[cluster].Images[image]
}

func writeFileAtomic(path string, data []byte, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, data, mode); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
