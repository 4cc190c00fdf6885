package e2e

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fill makes the application's volume large enough that a run can be interfered with.
func (s *scenario) fill(megabytes int) string {
	s.t.Helper()
	pod := s.pod(s.src, "app=shop")
	_, err := s.src.Exec(s.t.Context(), s.namespace, pod, "", "sh", "-c",
		fmt.Sprintf("i=0; while [ $i -lt %d ]; do dd if=/dev/urandom of=/data/fill-$i bs=1M count=64 2>/dev/null; i=$((i+1)); done",
			megabytes/64))
	require.NoError(s.t, err)
	return s.files(s.src, pod)
}

// fillMiB is what flows in the tests of this file: it takes some seconds, so that there is a
// middle.
const fillMiB = 1024

// halfway brings a move to where a good part of the data flows, and returns the files and the
// part of the bytes that has arrived.
func (s *scenario) halfway() (before string, at float64) {
	s.t.Helper()
	s.deploy(s.src, "shop.yaml", "64Mi", "2Gi")
	before = s.fill(fillMiB)
	s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment")
	at = s.flowing(0.2)
	require.Less(s.t, at, 0.8, "the run was too fast to be interfered with in the middle")
	return before, at
}

// flowing waits until a part of the bytes has arrived in the repository at the target: a status
// says it seconds later.
func (s *scenario) flowing(part float64) (at float64) {
	s.t.Helper()
	folder := ""
	s.catch(fmt.Sprintf("%.2f of the bytes", part), func() error {
		if folder == "" &&
			s.kubectl(s.dst, "get", "pvc", "-l", "kubemove.io/repository=true", "-o", "jsonpath={.items[*].spec.volumeName}") != "" {
			folder = s.volume(s.dst, s.repository())
		}
		var bytes int64
		_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, _ error) error {
			// What vanishes meanwhile does not count.
			if d == nil {
				return nil
			}
			if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
				bytes += info.Size()
			}
			return nil
		})
		if at = float64(bytes) / (fillMiB << 20); at < part {
			return fmt.Errorf("%.2f of the bytes are there", at)
		}
		return nil
	})
	return at
}

// killers end one part each, of a run or a cutover that goes on in a Job of that step.
func killers(step string) map[string]func(*scenario) {
	worker := func(side string) func(*scenario) {
		return func(s *scenario) {
			c := s.src
			if side == "target" {
				c = s.dst
			}
			s.kubectl(c, "delete", "pods", "-l", "kubemove.io/role="+side, "--grace-period=0", "--force", "--wait=false")
		}
	}
	kubemove := func(pattern string) func(*scenario) {
		return func(s *scenario) {
			pod := strings.TrimSpace(s.kubectl(s.src, "-n", "kubemove-system", "get", "pods", "-l", "app.kubernetes.io/name=kubemove", "-o",
				"jsonpath={.items[0].metadata.name}"))
			killContainer(s.t, s.src, "kubemove-system", pod, pattern)
		}
	}
	return map[string]func(*scenario){
		"driver": func(s *scenario) {
			s.kubectl(s.src, "delete", "pods", "-l", "kubemove.io/step="+step, "--grace-period=0", "--force", "--wait=false")
		},
		"source worker":  worker("source"),
		"target worker":  worker("target"),
		"hook server":    kubemove("hooks"),
		"Metacontroller": kubemove("metacontroller"),
	}
}

// TestFaultKilled kills each part once while the data flows: the move goes on and completes.
func TestFaultKilled(t *testing.T) {
	for name, kill := range killers("cutover") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			before, at := s.halfway()
			s.fault("%s killed at %.2f of the bytes", name, at)
			kill(s)
			s.switched()
			require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")))
			s.noLeftovers()
		})
	}
}

// noLeftovers: no lock, no worker and no Secret of a run is left on either side.
func (s *scenario) noLeftovers() {
	s.t.Helper()
	require.Empty(s.t, s.kubectl(s.src, "get", "leases", "-o", "name"), "a lock is left at the source")
	require.Empty(s.t, s.kubectl(s.dst, "get", "leases", "-o", "name"), "a lock is left at the target")
	require.Empty(s.t, s.kubectl(s.src, "get", "pods,secrets,services", "-l", "kubemove.io/run", "-o", "name"),
		"workers are left at the source")
	require.Empty(s.t, s.kubectl(s.dst, "get", "pods,secrets,services", "-l", "kubemove.io/run", "-o", "name"),
		"workers are left at the target")
}

// TestFaultSourceTouched: another client scales the source up while its last data is
// copied. Nothing starts at the target until a run of a new epoch is clean.
func TestFaultSourceTouched(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	_, at := s.halfway()
	s.fault("source scaled up at %.2f of the bytes", at)
	s.kubectl(s.src, "scale", "deployment/shop", "--replicas=1")
	s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
	require.Empty(t, s.kubectl(s.dst, "get", "deployments", "-o", "name"), "the target was started beside the source")
	pod := s.pod(s.src, "app=shop")
	_, err := s.src.Exec(t.Context(), s.namespace, pod, "", "sh", "-c", "echo late > /data/late")
	if err != nil {
		t.Logf("the Pod was stopped again before it wrote: %v", err)
	}
	s.switched()
	epoch := regexp.MustCompile(`"epoch":(\d+)`).FindStringSubmatch(
		s.kubectl(s.dst, "get", "configmaps", "-l", "app.kubernetes.io/managed-by=kubemove", "-o", `jsonpath={.items[*].data.record\.json}`))
	require.NotNil(t, epoch)
	require.NotEqual(t, "1", epoch[1], "the run that was disturbed counted")
	t.Logf("switched in epoch %s", epoch[1])
	if err == nil {
		got, err := s.dst.Exec(t.Context(), s.namespace, s.pod(s.dst, "app=shop"), "", "cat", "/data/late")
		require.NoError(t, err)
		require.Equal(t, "late\n", got, "a write that was acknowledged is lost")
	}
}
