package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
)

// TestTransport moves on each of the ways that the data may take, and reads in the status which
// it was. Between two clusters, with nothing said, TestMoveDeployment does.
func TestTransport(t *testing.T) {
	for name, way := range map[string]struct {
		want string
		used string
		// target cluster; nil: the other one. In one cluster the namespace is another one.
		target func(s *scenario) *lab.Cluster
		// before the engine is there, and meanwhile.
		before, meanwhile func(t *testing.T, s *scenario)
	}{
		"one cluster": {want: "Auto", used: "ClusterIP", target: func(s *scenario) *lab.Cluster { return s.src }, before: secondNamespace},
		"relay":       {want: "Relay", used: "Relay"},
		// A target where no ports can be opened is as good.
		"no node ports":  {want: "Auto", used: "Relay", before: noNodePorts},
		"load balancer":  {want: "LoadBalancer", used: "LoadBalancer", meanwhile: balance},
		"unknown to all": {want: "ClusterIP", used: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			s.deploy(s.src, "shop.yaml")
			files := s.files(s.src, s.pod(s.src, "app=shop"))
			target, namespace := s.dst, s.namespace
			if way.target != nil {
				target, namespace = way.target(s), s.namespace+"-b"
			}
			if way.before != nil {
				way.before(t, s)
			}
			s.apply(s.src, "engine-transport.yaml", "TYPE", way.want, "TARGET", namespace)
			if way.meanwhile != nil {
				way.meanwhile(t, s)
			}
			if way.used == "" {
				s.complains()
				s.kubectl(s.src, "patch", "moveengine", "shop", "--type=merge", "-p", `{"spec":{"data":{"transport":{"type":"Auto"}}}}`)
				s.kubectl(s.src, "patch", "moveswitch", "shop-dst", "--type=merge", "-p", `{"spec":{"retry":"1"}}`)
				way.used = "NodePort"
			}
			s.switched()
			require.Equal(t, way.used, s.kubectl(s.src, "get", "datasync", "shop-dst-restic", "-o", "jsonpath={.status.volumes[*].transport}"))
			require.Equal(t, way.used, s.kubectl(s.src, "get", "movepair", "shop-dst", "-o", "jsonpath={.status.transport}"))
			there := &scenario{t: t, namespace: namespace, src: s.src, dst: target}
			require.Equal(t, files, there.files(target, there.pod(target, "app=shop")))
			require.Empty(t, there.kubectl(target, "get", "services", "-l", "app.kubernetes.io/managed-by=kubemove", "-o", "name"))
		})
	}
}

// secondNamespace is a target in the source's own cluster.
func secondNamespace(t *testing.T, s *scenario) {
	there := &scenario{t: t, src: s.src, dst: s.src, namespace: s.namespace + "-b"}
	t.Cleanup(func() {
		// Before the scenario's own clean-up, which needs the engine's account there.
		_, _ = s.src.Kubectl(context.Background(), "-n", s.namespace, "delete", "moveengines", "--all", timeout)
		if err := s.src.RemoveTargets(context.Background(), there.namespace); err != nil {
			t.Error(err)
		}
		if out, err := s.src.Kubectl(context.Background(), "delete", "namespace", there.namespace, timeout); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	s.kubectl(s.src, "delete", "secret", "dst")
	s.addTarget("dst", "--in-cluster", "--target-namespace", there.namespace)
}

// noNodePorts leaves room for the application's own, which is made at the end.
func noNodePorts(_ *testing.T, s *scenario) {
	s.kubectl(s.src, "patch", "service", "shop", "--type=merge", "-p", `{"spec":{"type":"ClusterIP"}}`)
	s.kubectl(s.dst, "create", "quota", "ports", "--hard=services.nodeports=0")
}

// balance does what a cloud does for a Service: here its load balancer is the node.
func balance(_ *testing.T, s *scenario) {
	var service string
	s.catch("the Service of a worker", func() error {
		service = s.kubectl(s.dst, "get", "services", "-l", "app.kubernetes.io/managed-by=kubemove", "-o", "name")
		if service == "" {
			return errors.New("there is none yet")
		}
		return nil
	})
	s.kubectl(s.dst, "patch", service, "--subresource=status", "--type=merge", "-p",
		fmt.Sprintf(`{"status":{"loadBalancer":{"ingress":[{"ip":%q}]}}}`, s.address(s.dst)))
}

// complains waits until the switch has gone back as it finds no way, and says so.
func (s *scenario) complains() {
	s.t.Helper()
	s.kubectl(s.src, "wait", "--for=create", "moveswitch/shop-dst", timeout)
	s.kubectl(s.src, "wait", "--for=condition=RolledBack", "moveswitch/shop-dst", timeout)
	said := s.kubectl(s.src, "get", "moveswitch", "shop-dst", "-o", `jsonpath={.status.conditions[?(@.type=="Stalled")].message}`)
	s.t.Log(said)
	require.Contains(s.t, said, "data.transport.type")
}
