package transfer

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

func TestChooseTransport(t *testing.T) {
	for name, c := range map[string]struct {
		reason     string
		want       api.TransportType
		oneCluster bool
		out        transport
	}{
		"nothing said, two clusters": {reason: "Auto is the default; a NodePort is reached from outside",
			out: transport{Type: api.TransportNodePort}},
		"auto, one cluster": {reason: "a port on every node is not needed",
			want: api.TransportAuto, oneCluster: true, out: transport{Type: api.TransportClusterIP}},
		"relay": {reason: "nothing is opened",
			want: api.TransportRelay, oneCluster: true, out: transport{Type: api.TransportRelay}},
		"load balancer": {reason: "a type that was named is the only one",
			want: api.TransportLoadBalancer, out: transport{Type: api.TransportLoadBalancer, Only: true}},
		"cluster IP of a mesh": {reason: "some networks route it between clusters",
			want: api.TransportClusterIP, out: transport{Type: api.TransportClusterIP, Only: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.out, chooseTransport(c.want, func() bool { return c.oneCluster })); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}

func TestWayOf(t *testing.T) {
	auto, only := transport{Type: api.TransportNodePort}, transport{Type: api.TransportNodePort, Only: true}
	for name, c := range map[string]struct {
		reason    string
		transport transport
		route     *relay.Route
		want      route
		fails     bool
	}{
		"relay": {reason: "there is nothing to find", transport: transport{Type: api.TransportRelay}, want: route{Used: api.TransportRelay}},
		"not answered": {reason: "the workers wait",
			transport: auto, want: route{Pending: "looking for a direct route to the worker of data at the target"}},
		"reached": {reason: "the address is used",
			transport: auto, route: &relay.Route{Address: "a:1"}, want: route{Used: api.TransportNodePort, Address: "a:1"}},
		"not reached": {reason: "what always works is used",
			transport: auto, route: &relay.Route{Problem: "refused"}, want: route{Used: api.TransportRelay, Problem: "refused"}},
		"not reached, only": {reason: "the user wants no other route", transport: only, route: &relay.Route{Problem: "refused"}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			got := routeOf(c.transport, "data", c.route)
			if c.fails {
				if got.Err == nil || got.Used != "" || got.Err.Reason != api.ReasonTransportUnreachable || got.Err.Retry != task.RetryLater {
					t.Errorf("%s: got %+v", c.reason, got)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	pod := &corev1.Pod{Status: corev1.PodStatus{HostIPs: []corev1.HostIP{{IP: "10.0.0.1"}, {IP: "fd00::1"}}}}
	service := func(kind corev1.ServiceType, nodePort int32, ingress ...corev1.LoadBalancerIngress) *corev1.Service {
		return &corev1.Service{
			Spec: corev1.ServiceSpec{Type: kind, ClusterIPs: []string{"10.96.0.7"},
				Ports: []corev1.ServicePort{{Port: relay.DirectPort, NodePort: nodePort}}},
			Status: corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: ingress}},
		}
	}
	for name, c := range map[string]struct {
		reason   string
		service  *corev1.Service
		external []string
		want     []string
	}{
		"cluster IP": {reason: "the Service's own address and port",
			service: service(corev1.ServiceTypeClusterIP, 0), want: []string{"10.96.0.7:7072"}},
		"node port": {
			reason: "the node of the Pod, inside and outside, each once", service: service(corev1.ServiceTypeNodePort, 30123),
			external: []string{"192.0.2.1", "10.0.0.1"}, want: []string{"10.0.0.1:30123", "[fd00::1]:30123", "192.0.2.1:30123"},
		},
		"no node port yet": {reason: "there is nothing to try", service: service(corev1.ServiceTypeNodePort, 0)},
		"load balancer": {
			reason: "some clouds give names", service: service(corev1.ServiceTypeLoadBalancer, 30123,
				corev1.LoadBalancerIngress{IP: "192.0.2.9"}, corev1.LoadBalancerIngress{Hostname: "lb.example"}),
			want: []string{"192.0.2.9:7072", "lb.example:7072"},
		},
		"no load balancer yet": {reason: "its address takes a while", service: service(corev1.ServiceTypeLoadBalancer, 30123)},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, addresses(c.service, pod, c.external)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.reason, diff)
			}
		})
	}
}
