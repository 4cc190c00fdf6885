package server

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const restic = "apiVersion: config.kubemove.io/v1alpha1\nkind: Mobilizer\nmetadata:\n  name: restic\nspec:\n  type: Worker\n  image: " +
	"registry.example/ddm:1\n"

func write1(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// program runs Main; it returns the address that it tells, and what stops it.
func program(t *testing.T, args ...string) (address string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- Main(ctx, args, in)
		_ = in.Close()
	}()
	lines := bufio.NewScanner(out)
	var all []string
	for lines.Scan() {
		all = append(all, lines.Text())
		var line struct{ Msg, Listen string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "ready" {
			address = line.Listen
			break
		}
	}
	if address == "" {
		cancel()
		t.Fatalf("the program is not ready: %s", strings.Join(all, "\n"))
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return address, func() int { cancel(); return <-code }
}

// customize is the request for the rules of a parent.
const customize = `{"parent":{"metadata":{"name":"shop-dst"}}}`

func TestMainServes(t *testing.T) {
	dir := t.TempDir()
	write1(t, dir, "restic.yaml", restic)
	record := filepath.Join(dir, "record")
	address, stop := program(t, "--listen=127.0.0.1:0", "--probe-listen=127.0.0.1:0", "--mobilizers="+dir,
		"--task-image=task:1", "--record="+record)
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ok", "/metrics": "go_goroutines"} {
		r, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if r.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
	r, err := http.Post("http://"+address+"/v1/datasync/customize", "application/json", strings.NewReader(customize))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if code := stop(); code != 0 {
		t.Errorf("the program ended with %d", code)
	}
	if files, _ := filepath.Glob(filepath.Join(record, "datasync", "000001-customize", "*.json")); len(files) != 3 {
		t.Errorf("recorded %v, want request, reply and call", files)
	}
}

func TestMainSecured(t *testing.T) {
	dir := t.TempDir()
	write1(t, dir, "restic.yaml", restic)
	pool := selfSigned(t, dir)
	token := write1(t, dir, "token", "s3cret\n")
	address, stop := program(t, "--listen=127.0.0.1:0", "--probe-listen=", "--mobilizers="+dir, "--task-image=task:1",
		"--tls-cert="+filepath.Join(dir, "tls.crt"), "--tls-key="+filepath.Join(dir, "tls.key"), "--token-file="+token)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	for header, want := range map[string]int{"": 401, "Bearer s3cret": 200} {
		r, err := http.NewRequest(http.MethodPost, "https://"+address+"/v1/movepair/customize", strings.NewReader(customize))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", header)
		a, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = a.Body.Close()
		if a.StatusCode != want {
			t.Errorf("%q: %d, want %d", header, a.StatusCode, want)
		}
	}
	client.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("the program ended with %d", code)
	}
}

func selfSigned(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	crt := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write1(t, dir, "tls.crt", crt)
	write1(t, dir, "tls.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(crt))
	return pool
}

func TestMainRefuses(t *testing.T) {
	dir := t.TempDir()
	write1(t, dir, "restic.yaml", restic)
	empty := write1(t, dir, "empty", "\n")
	for name, c := range map[string]struct {
		reason string
		args   []string
		code   int
		want   string
	}{
		"NoImage":    {"there is no default for the image of Jobs", []string{"--mobilizers=" + dir}, 2, "--task-image"},
		"HalfTLS":    {"a certificate without its key", []string{"--task-image=x", "--tls-cert=a"}, 2, "--tls-key"},
		"PullPolicy": {"a policy that Kubernetes does not know", []string{"--task-image=x", "--image-pull-policy=Sometimes"}, 2, "IfNotPresent"},
		"Argument":   {"a word that is no flag", []string{"--task-image=x", "serve"}, 2, "flags only"},
		"NoFolder":   {"a registry that is not there", []string{"--task-image=x", "--mobilizers=" + dir + "/none"}, 1, "mobilizers"},
		"EmptyToken": {"an empty token would let every client in",
			[]string{"--task-image=x", "--mobilizers=" + dir, "--token-file=" + empty}, 1, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			code := Main(context.Background(), c.args, &out)
			if code != c.code || !strings.Contains(out.String(), c.want) {
				t.Errorf("%s: %d %s, want %d and %q", c.reason, code, out.String(), c.code, c.want)
			}
		})
	}
}
