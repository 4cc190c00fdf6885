package hooks

import (
	"slices"
	"strings"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Transports that volumes use or have used, sorted and separated by commas; empty: none is known.
func Transports(volumes []api.VolumeStatus) string {
	var used []string
	for _, v := range volumes {
		if v.Transport != "" {
			used = append(used, string(v.Transport))
		}
	}
	slices.Sort(used)
	return strings.Join(slices.Compact(used), ",")
}
