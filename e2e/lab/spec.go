package lab

import (
	"crypto/sha256"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

const (
	sourceName = "src"
	targetName = "dst"

	clusterDomain = "cluster.local"
)

// place is a number that tells labs on one machine apart: what is the machine's follows from it. The lab without a name has 0.
type place int

// places for labs with a name: 1 to this one.
const places = 9

// placeOf a name. Two names may have the same one; the bridge says whose it is.
func placeOf(name string) place {
	if name == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(name))
	return place(sum[0]%places) + 1
}

// suffix of names that labs must not share.
func (p place) suffix() string {
	if p == 0 {
		return ""
	}
	return strconv.Itoa(int(p))
}

func (p place) bridge() string { return fmt.Sprintf("kmbr%d", int(p)) }

// address of the bridge (1) and of the nodes.
func (p place) address(n int) string { return fmt.Sprintf("10.210.%d.%d", int(p), n) }

// firewallChain holds every rule that the lab adds to this machine.
func (p place) firewallChain() string {
	if p == 0 {
		return "KUBEMOVE-LAB"
	}
	return "KUBEMOVE-LAB-" + p.suffix()
}

// specs of the two clusters.
func (p place) specs() []clusterSpec {
	var out []clusterSpec
	for i, name := range []string{sourceName, targetName} {
		n := 2*int(p) + i
		out = append(out, clusterSpec{name: name, link: "km" + name + p.suffix(), address: p.address(2 + i),
			podCIDR: fmt.Sprintf("10.%d.0.0/16", 211+n), serviceCIDR: fmt.Sprintf("10.%d.0.0/16", 96+n)})
	}
	return out
}

// clusterSpec is what tells one cluster from the other. The ranges differ, so
// that a test that mixes up the clusters fails instead of reaching the wrong one.
type clusterSpec struct {
	name string
	// link is the end of the cluster's network link that stays on the bridge.
	link        string
	address     string
	podCIDR     string
	serviceCIDR string
}

func (s clusterSpec) ip() net.IP { return net.ParseIP(s.address) }

func (s clusterSpec) server() string { return "https://" + s.address + ":6443" }

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
