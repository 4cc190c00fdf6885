package transfer

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/relay"
	"github.com/kubemove/kubemove/task"
)

// transport is what a run tries: a Service of a type in front of each worker of the target.
type transport struct {
	// Type of the Service; Relay: none.
	Type api.TransportType
	// Only: nothing else may carry the data.
	Only bool
}

// chooseTransport turns what the user wants into what is tried. Within one cluster every Pod
// reaches a ClusterIP; between two, Auto asks for nothing that costs money, as a load balancer
// does.
func chooseTransport(want api.TransportType, oneCluster func() bool) transport {
	switch {
	case want == api.TransportRelay:
		return transport{Type: api.TransportRelay}
	case want != "" && want != api.TransportAuto:
		return transport{Type: want, Only: true}
	case oneCluster():
		return transport{Type: api.TransportClusterIP}
	}
	return transport{Type: api.TransportNodePort}
}

// oneCluster tells whether both endpoints are in one cluster; when they cannot be told apart
// they count as two.
func oneCluster(ctx context.Context, source, target *cluster.Cluster) bool {
	a, err := source.ClusterUID(ctx)
	if err != nil {
		return false
	}
	b, err := target.ClusterUID(ctx)
	return err == nil && a == b
}

// route is how far a volume is with its direct route.
type route struct {
	// Pending says what is waited for; empty: it is decided.
	Pending string
	// Used carries the data, once that is decided; Address where it is reached.
	Used    api.TransportType
	Address string
	// Problem is why the relay is used though something else was tried.
	Problem string
	// Err is why nothing may carry the data.
	Err *Error
}

// routeOf decides from what the source has answered.
func routeOf(t transport, volume string, found *relay.Route) route {
	switch {
	case t.Type == api.TransportRelay:
		return route{Used: api.TransportRelay}
	case found == nil:
		return route{Pending: "looking for a direct route to the worker of " + volume + " at the target"}
	case found.Address != "":
		return route{Used: t.Type, Address: found.Address}
	}
	return noRoute(t, volume, found.Problem)
}

// noRoute falls back to the relay, where that is allowed.
func noRoute(t transport, volume, problem string) route {
	if !t.Only {
		return route{Used: api.TransportRelay, Problem: problem}
	}
	return route{Err: failed(api.ReasonTransportUnreachable,
		fmt.Sprintf("the source does not reach the worker of %s at the target by %s: %s; "+
			"open the route (port %d of Pods with the label %s), or set data.transport.type to Auto or Relay",
			volume, t.Type, clip(problem), relay.DirectPort, api.RunLabel), task.RetryLater)}
}

// seekRoute asks the source's agent for a direct route as soon as both agents are there.
func (s *Session) seekRoute(ctx context.Context, w *workerPair, target *corev1.Pod) route {
	var found *relay.Route
	if w.link != nil {
		found = w.link.State(task.RoleSource).Route
	}
	r := routeOf(s.transport, w.volume.Name, found)
	switch {
	case r.Pending == "":
		return r
	case w.refused != "":
		return noRoute(s.transport, w.volume.Name, w.refused)
	case target == nil || w.link == nil || !w.link.State(task.RoleSource).Connected || !w.link.State(task.RoleTarget).Connected:
		return r
	}
	name := workerName(s.spec.session(), w.volume.Name, task.RoleTarget)
	service, err := s.spec.Target.Kube.CoreV1().Services(s.spec.Target.Namespace).Get(ctx, name, getOptions)
	if apierrors.IsNotFound(err) {
		// It was removed, or it is of a coordinator that made none.
		if err := s.ensureService(ctx, w); err != nil {
			s.spec.Log.Warn("cannot make a Service", "error", err)
		}
		return r
	}
	if err != nil {
		return r // It may pass.
	}
	known := addresses(service, target, externalIPs(ctx, s.spec.Target, target.Spec.NodeName))
	if len(known) == 0 {
		r.Pending = fmt.Sprintf("waiting until Service %s of the target has an address", name)
		return r
	}
	w.link.Direct(known, s.transport.Only)
	return r
}

// addresses at which a worker of the target may be reached, the likeliest first.
func addresses(service *corev1.Service, pod *corev1.Pod, external []string) []string {
	var hosts []string
	port := int32(relay.DirectPort)
	switch service.Spec.Type {
	case corev1.ServiceTypeLoadBalancer:
		for _, in := range service.Status.LoadBalancer.Ingress {
			hosts = append(hosts, cmp.Or(in.IP, in.Hostname))
		}
	case corev1.ServiceTypeNodePort:
		port = service.Spec.Ports[0].NodePort
		for _, ip := range pod.Status.HostIPs {
			hosts = append(hosts, ip.IP)
		}
		hosts = append(hosts, external...)
	default:
		hosts = service.Spec.ClusterIPs
	}
	var out []string
	for _, host := range hosts {
		address := net.JoinHostPort(host, strconv.Itoa(int(port)))
		if host != "" && port != 0 && !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	return out
}

// externalIPs of a node. They help where the source is in another network; no right to read
// nodes is no error.
func externalIPs(ctx context.Context, c *cluster.Cluster, name string) []string {
	node, err := c.Kube.CoreV1().Nodes().Get(ctx, name, getOptions)
	if err != nil {
		return nil
	}
	var out []string
	for _, a := range node.Status.Addresses {
		if a.Type == corev1.NodeExternalIP {
			out = append(out, a.Address)
		}
	}
	return out
}

// ensureService puts a Service in front of the worker of the target. What the cluster does not
// let in is noted: Auto does without.
func (s *Session) ensureService(ctx context.Context, w *workerPair) error {
	if s.transport.Type == api.TransportRelay || w.refused != "" {
		return nil
	}
	service := buildService(s.spec, s.transport.Type, w.input(task.RoleTarget))
	_, err := s.spec.Target.Kube.CoreV1().Services(s.spec.Target.Namespace).Create(ctx, service, metav1.CreateOptions{})
	switch {
	case err == nil, apierrors.IsAlreadyExists(err):
		return nil
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		w.refused = "the target refuses the Service: " + clip(err.Error())
		return nil
	}
	return fmt.Errorf("cannot create Service %s at the target: %w", service.Name, err)
}

func buildService(s Spec, kind api.TransportType, in podInput) *corev1.Service {
	labels := s.labels(in.Role, in.claim())
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: workerName(s.session(), in.Volume.Name, in.Role), Namespace: s.Target.Namespace,
			Labels: labels, Annotations: s.Transport.ServiceAnnotations,
		},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceType(kind),
			Selector: labels,
			// The Pod is not ready before its worker starts, and the route is tried before that.
			PublishNotReadyAddresses: true,
			Ports: []corev1.ServicePort{{
				Name: "kubemove", Port: relay.DirectPort, TargetPort: intstr.FromInt32(relay.DirectPort), Protocol: corev1.ProtocolTCP,
			}},
		},
	}
}
