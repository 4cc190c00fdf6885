package e2e

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubemove/kubemove/e2e/lab"
)

// inside runs a command on the node of a cluster.
func (s *scenario) inside(c *lab.Cluster, argv ...string) {
	s.t.Helper()
	out, err := clusters.Inside(s.t.Context(), c, argv...)
	require.NoError(s.t, err, out)
}

// address of a cluster's API server, without its port.
func (s *scenario) address(c *lab.Cluster) string {
	config, err := clientcmd.LoadFromFile(c.Kubeconfig)
	require.NoError(s.t, err)
	server, err := url.Parse(config.Clusters[config.Contexts[config.CurrentContext].Cluster].Server)
	require.NoError(s.t, err)
	return server.Hostname()
}

// TestFaultCut cuts home from the target while the data flows: connections that are refused, and
// packets that vanish. The move goes on once the way is there again, or goes back by itself and
// is tried again; nothing is lost. Not parallel: it is the node's network.
func TestFaultCut(t *testing.T) {
	for name, cut := range map[string]struct {
		says string
		rule []string
		// time that it lasts; 0: for good.
		time time.Duration
	}{
		"refused":  {"connections to the target refused", []string{"-p", "tcp", "-j", "REJECT", "--reject-with", "tcp-reset"}, 20 * time.Second},
		"vanished": {"packets to the target vanish", []string{"-j", "DROP"}, 40 * time.Second},
		"long":     {"packets to the target vanish", []string{"-j", "DROP"}, 100 * time.Second},
		// Only the direct way, and for good: the API servers carry the rest.
		"direct": {"packets on the direct way vanish", []string{"-p", "tcp", "--dport", "30000:32767", "-j", "DROP"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScenario(t)
			before, at := s.halfway()
			rule := append([]string{"FORWARD", "-d", s.address(s.dst)}, cut.rule...)
			lasts := "for good"
			if cut.time > 0 {
				lasts = "for " + cut.time.String()
			}
			s.fault("%s from %.2f of the bytes on, %s", cut.says, at, lasts)
			s.inside(s.src, append([]string{"iptables", "-I"}, rule...)...)
			fix := func() {
				if out, err := clusters.Inside(context.Background(), s.src, append([]string{"iptables", "-D"}, rule...)...); err != nil {
					t.Errorf("the cut is left: %v\n%s", err, out)
				}
			}
			if cut.time > 0 {
				time.Sleep(cut.time) // This is the fault, not a wait for something.
				fix()
			} else {
				defer fix()
			}
			s.switchedOrRetried()
			if cut.time == 0 {
				require.Equal(t, "Relay", s.kubectl(s.src, "get", "movepair", "shop-dst", "-o", "jsonpath={.status.transport}"))
			}
			require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")))
			s.noLeftovers()
		})
	}
}

// switchedOrRetried waits for the switch. One that has gone back by itself is asked to try
// again, once the source is up.
func (s *scenario) switchedOrRetried() {
	s.t.Helper()
	s.await(patience, "the end of the switch", func() error {
		status := s.kubectl(s.src, "get", "moveswitch", "shop-dst", "-o", `jsonpath={range .status.conditions[?(@.status=="True")]}{.type} {end}`)
		if !strings.Contains(status, "Switched") && !strings.Contains(status, "RolledBack") {
			return fmt.Errorf("the conditions that are True: %s", status)
		}
		return nil
	})
	if s.kubectl(s.src, "get", "moveengine", "shop", "-o", `jsonpath={.status.conditions[?(@.type=="Switched")].status}`) != "True" {
		s.t.Log("it has gone back: " +
			s.kubectl(s.src, "get", "moveswitch", "shop-dst", "-o", `jsonpath={.status.conditions[?(@.type=="RolledBack")].message}`))
		s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
		s.kubectl(s.src, "patch", "moveswitch", "shop-dst", "--type=merge", "-p", `{"spec":{"retry":"again"}}`)
	}
	s.switched()
}

// TestFaultFull fills the target's volume, and that of the repository: the run fails with the
// reason, the source comes back, and with room the switch can be tried again.
func TestFaultFull(t *testing.T) {
	for name, full := range map[string]struct {
		claim func(s *scenario) string
		size  string
		says  string
	}{
		"target":     {func(*scenario) string { return "data" }, "60m", "full"},
		"repository": {func(s *scenario) string { return s.repository() }, "100m", "full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			s.deploy(s.src, "shop.yaml", "64Mi", "512Mi")
			before := s.fill(128)
			s.apply(s.src, "moveengine.yaml")
			s.kubectl(s.src, "wait", "--for=create", "datasync/shop-dst-restic", timeout)
			// A run beforehand, so that the volumes are there to be filled.
			s.kubectl(s.src, "patch", "datasync", "shop-dst-restic", "--type=merge", "-p", `{"spec":{"request":"first"}}`)
			s.kubectl(s.src, "wait", "--for=condition=Synced", "datasync/shop-dst-restic", timeout)
			path := s.volume(s.dst, full.claim(s))
			s.inside(s.dst, "mount", "-t", "tmpfs", "-o", "mode=0777,size="+full.size, "tmpfs", path)
			mounted := true
			unmount := func() {
				if out, err := clusters.Inside(context.Background(), s.dst, "umount", path); mounted && err != nil {
					t.Errorf("%v\n%s", err, out)
				}
				mounted = false
			}
			defer unmount()
			s.fault("the volume of the %s has %s", name, full.size)
			s.approve("shop-dst")
			s.kubectl(s.src, "wait", "--for=condition=RolledBack", "moveswitch/shop-dst", timeout)
			s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
			said := s.kubectl(s.src, "get", "moveswitch", "shop-dst", "-o", "jsonpath={.status.conditions}{.status.steps}")
			t.Log(said)
			require.Contains(t, said, full.says)
			unmount()
			s.kubectl(s.src, "patch", "moveswitch", "shop-dst", "--type=merge", "-p", `{"spec":{"retry":"again"}}`)
			s.switched()
			require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")))
		})
	}
}

// repository is the claim that restic keeps its repository in.
func (s *scenario) repository() string {
	return s.kubectl(s.dst, "get", "pvc", "-l", "kubemove.io/repository=true", "-o", "jsonpath={.items[0].metadata.name}")
}

// TestFaultRepositoryDown takes the S3 server away for a minute while data flows into it. The run
// waits for it, and goes on by itself.
func TestFaultRepositoryDown(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml", "64Mi", "2Gi")
	before := s.fill(fillMiB)
	repository := s.s3()
	s.credentials(s3Secret)
	s.moveThrough(repository)
	s.approve("shop-dst")
	s.catch("data to flow", func() error {
		if stage := s.kubectl(s.src, "get", "datasyncs", "-o", "jsonpath={.items[*].status.volumes[*].stage}"); stage != "Copying" {
			return fmt.Errorf("the stage is %q", stage)
		}
		return nil
	})
	s.fault("the S3 server is gone for a minute")
	// No Pod gets there any more, and those that are there are evicted. What it holds stays.
	s.kubectl(s.dst, "patch", "service", "s3", "--type=merge", "-p", `{"spec":{"selector":{"app":"none"}}}`)
	killContainer(t, s.dst, s.namespace, s.pod(s.dst, "app=s3"), "s3")
	time.Sleep(time.Minute) // This is the fault, not a wait for something.
	require.NotEqual(t, "True", s.kubectl(s.src, "get", "moveengine", "shop", "-o",
		`jsonpath={.status.conditions[?(@.type=="Switched")].status}`), "the run was too fast to be interfered with")
	s.kubectl(s.dst, "patch", "service", "s3", "--type=merge", "-p", `{"spec":{"selector":{"app":"s3"}}}`)
	s.switched()
	require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")))
	s.noLeftovers()
}
