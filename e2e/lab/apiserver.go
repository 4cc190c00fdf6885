package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
)

// APIServer is an API server with its etcd and nothing else: no controllers, no nodes. It
// listens on loopback, needs no root but to install etcd, and is gone with the process that has started it.
type APIServer struct {
	dir     string
	cluster Cluster
	// children in the order in which they were started.
	children []*child
}

// child is a program that ends with this process.
type child struct {
	*daemon
	cmd *exec.Cmd
}

// StartAPIServer compiles the API server if the cache does not hold it, and starts it on free
// ports with a new folder for its data. The caller has to Stop it. dir is a folder of the
// checkout; empty: the working directory. It reports on narration what takes long.
func StartAPIServer(ctx context.Context, dir string, narration *os.File) (*APIServer, error) {
	root, err := findRoot(dir)
	if err != nil {
		return nil, err
	}
	l := &Lab{Root: root, log: newStepLog(narration)}
	if _, err := exec.LookPath("etcd"); err != nil && os.Getuid() != 0 {
		return nil, fmt.Errorf("there is no etcd on the PATH: install it (the package etcd-server of Debian and Ubuntu, without its service): %w",
			err)
	}
	if err := l.ensurePackages(ctx, "etcd"); err != nil {
		return nil, err
	}
	kubernetes, err := l.buildTool(ctx, kubernetesTool)
	if err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp("", "kubemove-apiserver-")
	if err != nil {
		return nil, err
	}
	a := &APIServer{dir: data}
	if err := a.start(ctx, kubernetes); err != nil {
		return nil, errors.Join(err, a.Stop())
	}
	return a, nil
}

func (a *APIServer) start(ctx context.Context, kubernetes string) error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	client, peer := "http://127.0.0.1:"+ports[0], "http://127.0.0.1:"+ports[1]
	if err := a.writeCredentials("https://127.0.0.1:" + ports[2]); err != nil {
		return err
	}
	etcd := append(etcdCommand("corpus", a.path("etcd"), client, peer), "--quota-backend-bytes=8589934592")
	if _, err := a.startChild("etcd", etcd[0], etcd); err != nil {
		return err
	}
	argv := append([]string{"kube-apiserver"}, apiServerFlags(a.path("pki"))...)
	argv = append(argv, "--etcd-servers="+client, "--authorization-mode=RBAC",
		"--bind-address=127.0.0.1", "--secure-port="+ports[2], "--advertise-address=127.0.0.1",
		// No client looks for the server in its own Endpoints, and a loopback address is refused there.
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112",
	)
	api, err := a.startChild("kube-apiserver", kubernetes, argv)
	if err != nil {
		return err
	}
	return api.await(ctx, 2*time.Minute, a.cluster.apiReady)
}

func (a *APIServer) path(elem ...string) string {
	return filepath.Join(append([]string{a.dir}, elem...)...)
}

func (a *APIServer) writeCredentials(server string) error {
	ca, err := newAuthority(a.path("pki"), "kubemove-apiserver")
	if err != nil {
		return err
	}
	for _, s := range []subject{
		{file: "apiserver", name: "kube-apiserver", dnsNames: []string{"localhost"}, ips: []net.IP{net.IPv4(127, 0, 0, 1)}},
		{file: "admin", name: "admin", organization: "system:masters"},
	} {
		if err := ca.issue(s); err != nil {
			return err
		}
	}
	a.cluster = Cluster{Name: "the API server", Kubeconfig: a.path("admin.kubeconfig"), kubectl: kubectlOnPath()}
	return ca.kubeconfig(a.cluster.Kubeconfig, "apiserver", server, "admin")
}

// startChild starts a program that is killed when this process ends, however that comes. One
// thread stays with it, since the kernel watches the thread that has started a process.
func (a *APIServer) startChild(name, path string, argv []string, env ...string) (*child, error) {
	out, err := os.Create(a.path(name + ".log"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(path)
	cmd.Args, cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = argv, a.dir, out, out, childAttributes()
	if len(env) > 0 {
		cmd.Env = append(os.Environ(), env...)
	}
	c := &child{cmd: cmd, daemon: &daemon{process: process{Name: name}, logPath: out.Name(), exited: make(chan struct{})}}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(c.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c.PID = cmd.Process.Pid
	a.children = append(a.children, c)
	return c, nil
}

// Config of an administrator, without a limit on the client's side.
func (a *APIServer) Config() (*rest.Config, error) { return a.cluster.Config() }

// PID of one of the two programs, kube-apiserver and etcd; 0: it does not run.
func (a *APIServer) PID(name string) int {
	for _, c := range a.children {
		if c.Name == name {
			return c.PID
		}
	}
	return 0
}

// Stop ends both programs and removes their data. Nothing in it is worth a graceful end.
func (a *APIServer) Stop() error {
	var errs []error
	for i := len(a.children) - 1; i >= 0; i-- {
		c := a.children[i]
		if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			errs = append(errs, fmt.Errorf("end %s (pid %d): %w", c.Name, c.PID, err))
			continue
		}
		<-c.exited
	}
	return errors.Join(append(errs, os.RemoveAll(a.dir))...)
}

// freePorts of loopback that no process listened on a moment ago.
func freePorts(n int) ([]string, error) {
	var out []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		// Held until all are found, so that no two are the same.
		defer l.Close()
		out = append(out, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return out, nil
}
