package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
)

// killContainer ends the processes of one container of a Pod as the kernel would when it runs
// out of memory. The containers of the lab are processes of this machine.
func killContainer(t *testing.T, c *lab.Cluster, namespace, pod, container string) {
	t.Helper()
	out, err := c.Kubectl(t.Context(), "-n", namespace, "get", "pod", pod, "-o",
		`jsonpath={.status.containerStatuses[?(@.name=="`+container+`")].containerID}`)
	require.NoError(t, err)
	_, id, ok := strings.Cut(strings.TrimSpace(out), "://")
	require.True(t, ok, "no container %s in Pod %s: %q", container, pod, out)
	killed := 0
	for _, pid := range processesOf(id) {
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	require.NotZero(t, killed, "no process of container %s (%s) was found", container, id)
}

// processesOf a container: their cgroups have its id in their names.
func processesOf(id string) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/cgroup")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(data), id) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
