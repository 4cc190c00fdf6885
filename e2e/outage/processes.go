package outage

import (
	"bytes"
	"os"
	"path/filepath"
)

// Processes says on which nodes processes run whose environment has the variable, by the values
// of it: it asks no API server. The node is what the variable NODE holds. The Pods of the
// clusters that the lab makes are processes of this machine.
func Processes(variable string) map[string]map[string]bool {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	found := map[string]map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // It has ended.
		}
		value, node := environ(data, variable)
		if value == "" {
			continue
		}
		if found[value] == nil {
			found[value] = map[string]bool{}
		}
		found[value][node] = true
	}
	return found
}

// environ reads the variable and NODE from the environment of a process.
func environ(data []byte, variable string) (value, node string) {
	for entry := range bytes.SplitSeq(data, []byte{0}) {
		if v, ok := bytes.CutPrefix(entry, []byte(variable+"=")); ok {
			value = string(v)
		}
		if v, ok := bytes.CutPrefix(entry, []byte("NODE=")); ok {
			node = string(v)
		}
	}
	return value, node
}
