package lab

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// kubeServers are the names that the one binary of the servers is called by.
var kubeServers = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"}

// linkPrograms makes the links in binDir that select the program.
func (l *Lab) linkPrograms(servers, kubectl string) error {
	if err := os.MkdirAll(l.binDir(), 0o755); err != nil {
		return err
	}
	programs := map[string]string{"kubectl": kubectl}
	for _, name := range kubeServers {
		programs[name] = servers
	}
	for name, program := range programs {
		link := filepath.Join(l.binDir(), name)
		if old, err := os.Readlink(link); err == nil && old == program {
			continue
		}
		tmp := link + ".new"
		_ = os.Remove(tmp)
		if err := os.Symlink(program, tmp); err != nil {
			return err
		}
		if err := os.Rename(tmp, link); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) binDir() string { return filepath.Join(l.Dir, "bin") }

func (n *node) kube(program string) string { return filepath.Join(n.lab.binDir(), program) }

// writeCredentials makes the cluster's certificates and kubeconfigs.
func (n *node) writeCredentials() error {
	ca, err := newAuthority(n.path("pki"), "kubemove-lab-"+n.name)
	if err != nil {
		return err
	}
	for _, s := range subjectsOf(n.clusterSpec) {
		if err := ca.issue(s); err != nil {
			return err
		}
	}
	for _, user := range []string{"admin", "controller-manager", "scheduler", "node", "proxy"} {
		if err := ca.kubeconfig(n.kubeconfig(user), n.name, n.server(), user); err != nil {
			return err
		}
	}
	return nil
}

// startAPI starts etcd and the API server and waits until that is ready.
func (n *node) startAPI(ctx context.Context, s *state, sandbox process) error {
	etcd, err := n.start(s, "etcd", enter(sandbox, n.etcdCommand()...))
	if err != nil {
		return err
	}
	err = etcd.await(ctx, 30*time.Second, func(context.Context) error {
		// Seen from outside its network namespace, the data is the sign of life.
		_, err := os.Stat(n.path("etcd", "member"))
		return err
	})
	if err != nil {
		return err
	}
	policy, err := n.render(auditPolicy, "audit.yaml")
	if err != nil {
		return err
	}
	api, err := n.start(s, "kube-apiserver", enter(sandbox, n.apiServerCommand(policy)...))
	if err != nil {
		return err
	}
	c := n.cluster()
	return api.await(ctx, 120*time.Second, func(ctx context.Context) error {
		// Cheaper than a TLS handshake while no process listens yet.
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", n.address+":6443")
		if err != nil {
			return err
		}
		conn.Close()
		return c.apiReady(ctx)
	})
}

func (n *node) etcdCommand() []string {
	return etcdCommand(n.name, n.path("etcd"), "http://127.0.0.1:2379", "http://127.0.0.1:2380")
}

func etcdCommand(name, dataDir, client, peer string) []string {
	return []string{
		"etcd", "--name", name, "--data-dir", dataDir,
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
		"--initial-cluster", name + "=" + peer,
		// A lab's data need not survive a crash of the machine.
		"--unsafe-no-fsync",
	}
}

func (n *node) apiServerCommand(policy string) []string {
	pki := n.path("pki")
	argv := append([]string{n.kube("kube-apiserver")}, apiServerFlags(pki)...)
	argv = append(argv, auditFlags(policy, n.auditLog())...)
	return append(argv,
		"--etcd-servers=http://127.0.0.1:2379",
		"--bind-address=0.0.0.0", "--secure-port=6443", "--advertise-address="+n.address,
		"--service-cluster-ip-range="+n.serviceCIDR,
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--kubelet-client-certificate="+pki+"/kubelet-client.crt",
		"--kubelet-client-key="+pki+"/kubelet-client.key",
		"--proxy-client-cert-file="+pki+"/aggregator.crt", "--proxy-client-key-file="+pki+"/aggregator.key",
		"--requestheader-client-ca-file="+pki+"/ca.crt", "--requestheader-allowed-names=aggregator",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		// Else exec and logs look the node's name up in the DNS.
		"--kubelet-preferred-address-types=InternalIP",
	)
}

// apiServerFlags are those of every API server of the lab, whose certificates lie in pki.
func apiServerFlags(pki string) []string {
	return []string{
		"--client-ca-file=" + pki + "/ca.crt",
		"--tls-cert-file=" + pki + "/apiserver.crt", "--tls-private-key-file=" + pki + "/apiserver.key",
		"--service-account-key-file=" + pki + "/sa.key", "--service-account-signing-key-file=" + pki + "/sa.key",
		"--service-account-issuer=https://kubernetes.default.svc." + clusterDomain,
		"--allow-privileged=true",
	}
}

// startControllers starts what acts on the API: the controllers, the scheduler
// and the rules for Services.
func (n *node) startControllers(s *state, sandbox process) error {
	pki := n.path("pki")
	login := func(user string) []string {
		config := n.kubeconfig(user)
		return []string{
			"--kubeconfig=" + config, "--authentication-kubeconfig=" + config, "--authorization-kubeconfig=" + config,
			"--leader-elect=false",
		}
	}
	commands := map[string][]string{
		"kube-controller-manager": append(login("controller-manager"),
			"--service-account-private-key-file="+pki+"/sa.key", "--root-ca-file="+pki+"/ca.crt",
			"--cluster-signing-cert-file="+pki+"/ca.crt", "--cluster-signing-key-file="+pki+"/ca.key",
			"--use-service-account-credentials=true", "--allocate-node-cidrs=false",
			// The defaults are for clusters that share an API server with many others.
			"--kube-api-qps=200", "--kube-api-burst=400",
		),
		"kube-scheduler": login("scheduler"),
		"kube-proxy": {
			"--kubeconfig=" + n.kubeconfig("proxy"), "--cluster-cidr=" + n.podCIDR, "--hostname-override=" + n.name,
			// These belong to the whole machine, not to the namespace.
			"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0",
		},
	}
	for _, name := range []string{"kube-controller-manager", "kube-scheduler", "kube-proxy"} {
		argv := append([]string{n.kube(name)}, commands[name]...)
		if _, err := n.start(s, name, enter(sandbox, argv...)); err != nil {
			return err
		}
	}
	return nil
}

// controllersAlive fails with the log of the first program that has ended.
func (n *node) controllersAlive(s *state) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.Clusters[n.name].Processes {
		if p.alive() {
			continue
		}
		log := n.path("log", p.Name+".log")
		return fmt.Errorf("%s of %s has ended; the end of %s:\n%s", p.Name, n.name, log, strings.TrimSpace(lastLines(log, 30)))
	}
	return nil
}
