package restic

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io/fs"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The credentials of the servers, which nothing may repeat.
const (
	s3Key, s3Secret = "AKIDKUBEMOVE", "s3-secret-of-the-test"
	restUser        = "mover"
	restPassword    = "rest-password-of-the-test"
)

// process is a real server on a port of its own, which can be stopped and started again.
type process struct {
	t       *testing.T
	address string
	root    string
	command func(address string) *exec.Cmd
	running *exec.Cmd
	log     lockedBuffer
}

// lockedBuffer is written to by several.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newProcess(t *testing.T, command func(p *process) *exec.Cmd) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &process{t: t, address: l.Addr().String(), root: t.TempDir()}
	l.Close()
	p.command = func(string) *exec.Cmd { return command(p) }
	p.start()
	t.Cleanup(p.stop)
	return p
}

// start the server and wait until it takes connections.
func (p *process) start() {
	p.t.Helper()
	cmd := p.command(p.address)
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(p.t, cmd.Start())
	p.running = cmd
	for until := time.Now().Add(30 * time.Second); ; {
		conn, err := net.Dial("tcp", p.address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(until) {
			p.t.Fatalf("the server does not start: %v\n%s", err, p.log.String())
		}
	}
}

func (p *process) stop() {
	if p.running != nil {
		_ = p.running.Process.Kill()
		_ = p.running.Wait()
		p.running = nil
	}
}

// newS3 is a real S3 server with one bucket, called moves.
func newS3(t *testing.T, secret string) *process {
	t.Helper()
	return newProcess(t, func(p *process) *exec.Cmd {
		files, meta := filepath.Join(p.root, "files"), filepath.Join(p.root, "meta")
		must(t, os.MkdirAll(filepath.Join(files, "moves"), 0o755))
		must(t, os.MkdirAll(meta, 0o755))
		cmd := exec.Command("versitygw", "--port", p.address, "--quiet", "posix", "--sidecar", meta, files)
		cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s3Key, "ROOT_SECRET_KEY="+secret)
		return cmd
	})
}

// newREST is a real rest-server with TLS and basic authentication. It returns the certificate
// of its authority.
func newREST(t *testing.T, more ...string) (*process, []byte) {
	t.Helper()
	dir := t.TempDir()
	cert, key := selfSigned(t)
	sum := sha1.Sum([]byte(restPassword))
	for name, content := range map[string][]byte{
		"cert": cert, "key": key, "htpasswd": []byte(restUser + ":{SHA}" + base64.StdEncoding.EncodeToString(sum[:]) + "\n"),
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	p := newProcess(t, func(p *process) *exec.Cmd {
		return exec.Command("rest-server", append([]string{"--path", p.root, "--listen", p.address, "--tls",
			"--tls-cert", filepath.Join(dir, "cert"),
			"--tls-key", filepath.Join(dir, "key"), "--htpasswd-file", filepath.Join(dir, "htpasswd")}, more...)...)
	})
	return p, cert
}

// selfSigned is a certificate for 127.0.0.1 and its key.
func selfSigned(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	text, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: text})
}

// ownPair is a pair with a repository of the user's own.
func ownPair(t *testing.T, repository string, secret map[string]string) *pair {
	t.Helper()
	p := freshPair(t)
	p.repository = repository
	p.src.Host, p.dst.Host = "kubemove-data-0123456789-source", "kubemove-data-0123456789-target"
	p.secret(secret)
	return p
}

// secret writes the user's credentials at both sides.
func (p *pair) secret(keys map[string]string) {
	p.t.Helper()
	for _, d := range []Dirs{p.src, p.dst} {
		for key, value := range keys {
			must(p.t, os.WriteFile(filepath.Join(d.Credentials, key), []byte(value), 0o600))
		}
	}
}

func s3Credentials() map[string]string {
	return map[string]string{"AWS_ACCESS_KEY_ID": s3Key, "AWS_SECRET_ACCESS_KEY": s3Secret + "\n"}
}

func restCredentials(ca []byte) map[string]string {
	return map[string]string{"RESTIC_REST_USERNAME": restUser, "RESTIC_REST_PASSWORD": restPassword, "ca.crt": string(ca)}
}

// silent checks that what both sides say, and the texts, hold no credential.
func (p *pair) silent(texts ...string) {
	p.t.Helper()
	for _, d := range []Dirs{p.src, p.dst} {
		for _, file := range []string{d.Status, d.Task} {
			data, err := os.ReadFile(file)
			must(p.t, err)
			texts = append(texts, string(data))
		}
	}
	for _, secret := range []string{s3Key, s3Secret, restPassword, restUser + ":", restUser + "@"} {
		if strings.Contains(strings.Join(texts, "\n"), secret) {
			p.t.Errorf("something says %q", secret)
		}
	}
}

// seed puts the empty repository of newPair into a folder of a server.
func (p *pair) seed(folder string) {
	p.t.Helper()
	repo, err := fs.Sub(template, "testdata/repository")
	must(p.t, err)
	must(p.t, os.CopyFS(folder, repo))
	for _, dir := range []string{"data", "index", "locks", "snapshots"} {
		must(p.t, os.Mkdir(filepath.Join(folder, dir), 0o700))
	}
}
