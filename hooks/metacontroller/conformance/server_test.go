package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"metacontroller/pkg/apis/metacontroller/v1alpha1"
	"metacontroller/pkg/controller/common"
	"metacontroller/pkg/controller/composite"
)

const mobilizer = `apiVersion: config.kubemove.io/v1alpha1
kind: Mobilizer
metadata:
  name: restic
spec:
  type: Worker
  image: registry.example/ddm:test
`

// start builds and runs the real program and returns its address.
func start(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "kubemove-hooks")
	build := exec.Command("go", "build", "-o", program, "./cmd/kubemove-hooks")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "restic.yaml"), []byte(mobilizer), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, program, "--listen=127.0.0.1:0", "--probe-listen=", "--mobilizers="+dir,
		"--task-image=registry.example/task:test")
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	log, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := c.Wait(); err != nil && c.ProcessState.ExitCode() != 0 {
			t.Errorf("the program did not stop well: %v", err)
		}
	})
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct{ Msg, Listen string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "ready" {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return "http://" + line.Listen
		}
	}
	t.Fatal("the program did not become ready")
	return ""
}

// Requests that Metacontroller's own types marshal are understood, and what is answered are
// replies that it understands.
func TestServer(t *testing.T) {
	address := start(t)
	for _, c := range calls(t) {
		t.Run(c.name, func(t *testing.T) {
			body := c.request
			if c.hook != "customize" {
				body = remarshal(t, c.request)
			}
			data := post(t, address+"/v1/"+c.kind+"/"+c.hook, body)
			if c.hook == "customize" {
				checkRules(t, data)
				return
			}
			checkReply(t, data)
		})
	}
	for _, kind := range []string{"movepair", "datasync", "moveswitch", "moveengine"} {
		checkRules(t, post(t, address+"/v1/"+kind+"/customize", []byte(`{"controller":{},"parent":{"metadata":{"name":"a-b"}}}`)))
	}
}

// remarshal sends a golden request through Metacontroller's types, its indexing included.
func remarshal(t *testing.T, data []byte) []byte {
	t.Helper()
	var r composite.SyncHookRequest
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	r.Controller = &v1alpha1.CompositeController{}
	r.Children = index(t, r.Parent, r.Children)
	r.Related = index(t, r.Parent, r.Related)
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func index(t *testing.T, parent *unstructured.Unstructured, objects common.RelativeObjectMap) common.RelativeObjectMap {
	t.Helper()
	out := common.RelativeObjectMap{}
	for gvk, group := range objects {
		out.InitGroup(gvk.GroupVersionKind)
		for _, o := range group {
			out.Insert(parent, o)
		}
	}
	return out
}

func post(t *testing.T, url string, body []byte) []byte {
	t.Helper()
	r, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", url, r.StatusCode, data)
	}
	return data
}
