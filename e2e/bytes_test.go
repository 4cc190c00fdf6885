package e2e

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/e2e/lab"
)

// TestWayBackBytes counts what crosses the link on the way back of a volume of 4 GiB, of which 1 % was changed in whole files;
// and then in scattered pages, which is printed.
func TestWayBackBytes(t *testing.T) {
	const files, mebibytes = 400, 10 // 1 % are four files.
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml", "storage: 64Mi", "storage: 8Gi")
	write := func(c *lab.Cluster, script string) {
		t.Helper()
		_, err := c.Exec(t.Context(), s.namespace, s.pod(c, "app=shop"), "", "sh", "-ec", script)
		require.NoError(t, err)
	}
	const fill = "dd if=/dev/urandom of=/data/file-$i bs=1M count=%d 2>/dev/null; done; sync"
	write(s.src, fmt.Sprintf("for i in $(seq %d); do "+fill, files, mebibytes))
	first := s.crossing(s.src, func() {
		s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment", "60s", "300s")
		s.switched()
	})
	require.Greater(t, first, int64(files*mebibytes<<20), "random data cannot be compressed")

	// Four files of 400 anew.
	write(s.dst, fmt.Sprintf("for i in 7 107 207 307; do "+fill, mebibytes))
	whole := s.crossing(s.dst, func() {
		s.apply(s.src, "reverse.yaml", "NAME", "back", "SWITCH", "shop-dst")
		s.kubectl(s.src, "wait", "--for=condition=Switched", "movereverse/back", timeout)
		s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
	})
	part := func(n int64) float64 { return 100 * float64(n) / float64(first) }
	t.Logf("first copy: %d MiB over the link; the way back after 1 %% in whole files: %d MiB, %.2f %%", first>>20, whole>>20, part(whole))
	require.LessOrEqual(t, part(whole), 3.0)

	// As many bytes in pages of 8 KiB, 5120 of them: 64 in each of 80 files, 16 pages apart.
	write(s.src, "for i in $(seq 1 5 400); do for p in $(seq 0 16 1023); do "+
		"dd if=/dev/urandom of=/data/file-$i bs=8k count=1 seek=$p conv=notrunc 2>/dev/null; done; done; sync")
	pages := s.crossing(s.src, func() {
		s.apply(s.src, "reverse.yaml", "NAME", "again", "SWITCH", "back")
		s.kubectl(s.src, "wait", "--for=condition=Switched", "movereverse/again", timeout)
	})
	t.Logf("and forward again after 1 %% in scattered pages of 8 KiB: %d MiB, %.2f %%", pages>>20, part(pages))
}

// crossing counts the bytes at the network interfaces of the workers at the side that the data comes from, while something happens.
func (s *scenario) crossing(from *lab.Cluster, during func()) int64 {
	s.t.Helper()
	client, err := from.Client()
	require.NoError(s.t, err)
	ctx, stop := context.WithCancel(s.t.Context())
	bytes := map[string]int64{}
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			pods, err := client.CoreV1().Pods(s.namespace).List(ctx, metav1.ListOptions{LabelSelector: "kubemove.io/role=source"})
			if err == nil {
				for _, p := range pods.Items {
					for _, c := range p.Status.ContainerStatuses {
						if received, sent := podTraffic(c.ContainerID); received+sent > 0 {
							bytes[p.Name] = received + sent
						}
					}
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	during()
	stop()
	done.Wait()
	var all int64
	for _, n := range bytes {
		all += n
	}
	return all
}

// podTraffic is what has been received and sent at the interface eth0 of the Pod of a container on this machine; 0: it has no
// process now.
func podTraffic(container string) (received, sent int64) {
	_, id, found := strings.Cut(container, "://")
	if !found {
		return 0, 0
	}
	for _, pid := range processesOf(id) {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/dev", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			name, counters, _ := strings.Cut(strings.TrimSpace(line), ":")
			if fields := strings.Fields(counters); name == "eth0" && len(fields) > 8 {
				received, _ = strconv.ParseInt(fields[0], 10, 64)
				sent, _ = strconv.ParseInt(fields[8], 10, 64)
				return received, sent
			}
		}
	}
	return 0, 0
}
