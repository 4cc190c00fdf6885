package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"metacontroller/pkg/controller/common/customize"
	"metacontroller/pkg/controller/composite"
)

// call is a golden request with its reply.
type call struct {
	name, kind, hook string
	request, reply   []byte
}

// written is the folder to which the tests of the hooks write all golden calls: the recorded ones, and
// those of their scenarios as they are played. The hooks are in another module, which this one cannot
// import.
var written string

// TestMain makes and removes it.
func TestMain(m *testing.M) {
	var err error
	if written, err = os.MkdirTemp("", "kubemove-calls-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(written) }()
	m.Run()
}

var writeCalls = sync.OnceValue(func() error {
	test := exec.Command("go", "test", "-count=1", "-run=^(TestGolden|TestScenarios)$", "./hooks", "-calls="+written)
	test.Dir = "../../.."
	if out, err := test.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot write the golden calls: %w\n%s", err, out)
	}
	return nil
})

// calls reads all golden calls.
func calls(t *testing.T) []call {
	t.Helper()
	if err := writeCalls(); err != nil {
		t.Fatal(err)
	}
	var list []call
	err := filepath.WalkDir(written, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "request.json" {
			return err
		}
		dir := filepath.Dir(path)
		var info struct{ Hook string }
		if err := json.Unmarshal(read(t, filepath.Join(dir, "call.json")), &info); err != nil {
			return err
		}
		list = append(list, call{
			name:    dir[len(written)+1:],
			kind:    filepath.Base(filepath.Dir(dir)),
			hook:    info.Hook,
			request: read(t, path),
			reply:   read(t, filepath.Join(dir, "response.golden.json")),
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"recorded", "simulated"} {
		if !slices.ContainsFunc(list, func(c call) bool { return strings.HasPrefix(c.name, from+"/") }) {
			t.Fatalf("there are no %s calls", from)
		}
	}
	return list
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// strict decodes and refuses fields that the type does not have.
func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// Every reply is what Metacontroller expects, and nothing else.
func TestReplies(t *testing.T) {
	for _, c := range calls(t) {
		t.Run(c.name, func(t *testing.T) {
			if c.hook == "customize" {
				checkRules(t, c.reply)
				return
			}
			checkReply(t, c.reply)
		})
	}
}

func checkReply(t *testing.T, data []byte) {
	t.Helper()
	var r composite.SyncHookResponse
	if err := strict(data, &r); err != nil {
		t.Fatalf("Metacontroller cannot decode the reply: %v", err)
	}
	if len(r.Status) == 0 {
		t.Error("the status is empty: it would clear the old one")
	}
	for i, o := range r.Children {
		if o == nil || o.GetKind() == "" || o.GetAPIVersion() == "" || o.GetName() == "" {
			t.Errorf("child %d is nil, or has no apiVersion, kind or name", i)
		}
	}
	if path := nulls("status", r.Status); path != "" {
		t.Errorf("%s is null", path)
	}
}

// nulls finds an explicit null in a status: the schema refuses it after the children were
// applied.
func nulls(path string, v any) string {
	switch x := v.(type) {
	case nil:
		return path
	case map[string]any:
		for k, e := range x {
			if p := nulls(path+"."+k, e); p != "" {
				return p
			}
		}
	case []any:
		for _, e := range x {
			if p := nulls(path+"[]", e); p != "" {
				return p
			}
		}
	}
	return ""
}

func checkRules(t *testing.T, data []byte) {
	t.Helper()
	var r customize.CustomizeHookResponse
	if err := strict(data, &r); err != nil {
		t.Fatalf("Metacontroller cannot decode the rules: %v", err)
	}
	for _, rule := range r.RelatedResourceRules {
		if rule.LabelSelector == nil || len(rule.Names) > 0 || rule.Namespace != "" {
			t.Errorf("rule %+v is no constant: it needs a selector, and neither names nor a namespace", rule)
		}
	}
}

// Every golden request is one that Metacontroller could have sent.
func TestRequests(t *testing.T) {
	for _, c := range calls(t) {
		if c.hook == "customize" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			var r composite.SyncHookRequest
			if err := json.Unmarshal(c.request, &r); err != nil {
				t.Fatalf("this is no request of Metacontroller: %v", err)
			}
			if r.Parent == nil || r.Children == nil {
				t.Error("the request has no parent or no children")
			}
		})
	}
}
