package lab

import (
	"fmt"
	"net"
	"path/filepath"
)

const (
	sourceName = "src"
	targetName = "dst"

	clusterDomain = "cluster.local"

	bridgeName    = "kmbr0"
	bridgeAddress = "10.210.0.1"
	// firewallChain holds every rule that the lab adds to this machine.
	firewallChain = "KUBEMOVE-LAB"
)

// clusterSpec is what tells one cluster from the other. The ranges differ, so
// that a test that mixes up the clusters fails instead of reaching the wrong one.
type clusterSpec struct {
	name        string
	address     string
	podCIDR     string
	serviceCIDR string
}

var clusterSpecs = []clusterSpec{
	{name: sourceName, address: "10.210.0.2", podCIDR: "10.211.0.0/16", serviceCIDR: "10.96.0.0/16"},
	{name: targetName, address: "10.210.0.3", podCIDR: "10.212.0.0/16", serviceCIDR: "10.97.0.0/16"},
}

func (s clusterSpec) ip() net.IP { return net.ParseIP(s.address) }

func (s clusterSpec) server() string { return "https://" + s.address + ":6443" }

// veth is the end of the cluster's network link that stays on the bridge.
func (s clusterSpec) veth() string { return "km" + s.name }

// serviceIP returns the nth address of the range for Services.
func (s clusterSpec) serviceIP(n byte) net.IP {
	ip, _, err := net.ParseCIDR(s.serviceCIDR)
	if err != nil {
		panic(fmt.Sprintf("%s is written in this package: %v", s.serviceCIDR, err))
	}
	ip = ip.To4()
	return net.IPv4(ip[0], ip[1], ip[2], n)
}

// node is one cluster on this machine: its specification and its folders.
type node struct {
	clusterSpec
	lab *Lab
	// dir holds data, configuration and logs; runDir the sockets.
	dir    string
	runDir string
}

func (l *Lab) node(spec clusterSpec) *node {
	return &node{
		clusterSpec: spec,
		lab:         l,
		dir:         filepath.Join(l.Dir, spec.name),
		runDir:      filepath.Join(l.RunDir, spec.name),
	}
}

func (n *node) path(elem ...string) string {
	return filepath.Join(append([]string{n.dir}, elem...)...)
}

// mark is in the environment of every process that runs the node, containerd's
// helpers too, but not in that of containers.
func (n *node) mark() string { return "KUBEMOVE_LAB_NODE=" + n.dir }

func (n *node) containerdSocket() string { return filepath.Join(n.runDir, "containerd.sock") }

func (n *node) containerdState() string { return filepath.Join(n.runDir, "containerd") }

func (n *node) kubeconfig(user string) string { return n.path("pki", user+".kubeconfig") }
