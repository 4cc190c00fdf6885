package e2e

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTwoLiveTargets copies to two targets, one of which cannot be reached: the other has its runs and its switch.
func TestTwoLiveTargets(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	before := s.files(s.src, s.pod(s.src, "app=shop"))
	config, err := os.ReadFile(s.way)
	require.NoError(t, err)
	file := t.TempDir() + "/kubeconfig"
	// Nothing listens there.
	server := s.kubectl(s.dst, "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(config), server, "https://127.0.0.1:1")), 0o600))
	s.kubectl(s.src, "create", "secret", "generic", "broken", "--from-file=kubeconfig="+file)
	s.apply(s.src, "live.yaml", "  application: {selector: {matchLabels: {app.kubernetes.io/part-of: demo}}}\n",
		"  application: {workloads: [{kind: Deployment, name: shop}]}\n  switch: {target: dst, approval: Automatic, healthTimeout: 3m}\n",
		"  targets:\n", "  targets:\n  - {name: broken, cluster: {kubeconfigSecretRef: {name: broken}}, namespace: "+s.namespace+"}\n")
	s.kubectl(s.src, "wait", `--for=jsonpath={.status.conditions[?(@.type=="Connected")].reason}=EndpointUnreachable`,
		"movepair/shop-broken", timeout)
	s.switched()
	require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")), "the files at the target")
	require.Equal(t, "False", s.kubectl(s.src, "get", "movepair", "shop-broken", "-o",
		`jsonpath={.status.conditions[?(@.type=="Connected")].status}`))
	require.Equal(t, "Target dst", s.kubectl(s.src, "get", "moveengine", "shop", "-o",
		"jsonpath={.status.active.side} {.status.active.target}"))
}

// TestBandwidthLimit counts what leaves the worker at the source, at its network interface, while a volume is copied at a limited
// rate.
func TestBandwidthLimit(t *testing.T) {
	t.Parallel()
	const limit = 4 << 20
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml", "storage: 64Mi", "storage: 512Mi")
	_, err := s.src.Exec(t.Context(), s.namespace, s.pod(s.src, "app=shop"), "", "sh", "-c",
		"dd if=/dev/urandom of=/data/large bs=1M count=160 2>/dev/null && sync")
	require.NoError(t, err)
	s.apply(s.src, "live.yaml", "  application: {selector: {matchLabels: {app.kubernetes.io/part-of: demo}}}\n",
		"  application: {workloads: [{kind: Deployment, name: shop}]}\n"+fmt.Sprintf("  data: {limits: {bytesPerSecond: %d}}\n", limit))
	s.kubectl(s.src, "wait", "--for=create", "datasync/shop-dst-restic", timeout)
	var pod string
	s.catch("the copy to be under way", func() error {
		done, err := strconv.Atoi(s.kubectl(s.src, "get", "datasync", "shop-dst-restic", "-o", "jsonpath={.status.bytesDone}"))
		if err != nil || done < 16<<20 {
			return fmt.Errorf("%d bytes are done: %w", done, err)
		}
		pod = s.pod(s.src, "kubemove.io/role=source")
		return nil
	})
	sent := func() (int64, time.Time) {
		_, sent := podTraffic(s.kubectl(s.src, "get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0].containerID}"))
		require.NotZero(t, sent, "the worker has ended")
		return sent, time.Now()
	}
	from, begun := sent()
	// Long enough for the second that the limit is counted in, and for what lies in buffers, to be of no weight.
	<-time.After(12 * time.Second)
	to, ended := sent()
	rate := float64(to-from) / ended.Sub(begun).Seconds()
	t.Logf("%.2f MiB/s of %d MiB/s, over %.1f s", rate/(1<<20), limit>>20, ended.Sub(begun).Seconds())
	require.LessOrEqual(t, math.Abs(rate-limit), 0.1*limit, "bytes per second at the interface, limited to %d", limit)
}
