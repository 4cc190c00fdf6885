package hooks_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/metacontroller"
	"github.com/kubemove/kubemove/hooks/server"
)

var (
	update = flag.Bool("update", false, "write the golden replies anew")
	calls  = flag.String("calls", "", "a folder to write all golden calls to, each with its request")
)

// call is one exchange with the hooks, and what besides the request decides the reply.
type call struct {
	Kind, Hook     string
	Now            time.Time
	Config         config.Config
	Request, Reply []byte
}

// Each recorded request gives the recorded reply, byte for byte.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/recorded/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no recorded calls: %v", err)
	}
	for _, file := range files {
		kind := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(kind, func(t *testing.T) { recorded(t, file, kind) })
	}
}

// recorded calls of a kind: three files each, of which the reply is laid out on lines.
func recorded(t *testing.T, file, kind string) {
	a := txtar.Parse(read(t, file))
	if len(a.Files) == 0 || len(a.Files)%3 != 0 {
		t.Fatalf("%s has %d files, and a call has three", file, len(a.Files))
	}
	for i := 0; i < len(a.Files); i += 3 {
		number, _, _ := strings.Cut(a.Files[i].Name, "/")
		t.Run(number, func(t *testing.T) {
			var info server.CallInfo
			for j, name := range []string{server.CallFile, server.RequestFile, server.ReplyFile} {
				if got := a.Files[i+j].Name; got != number+"/"+name {
					t.Fatalf("found %s where %s/%s was expected", got, number, name)
				}
			}
			if err := json.Unmarshal(a.Files[i].Data, &info); err != nil {
				t.Fatal(err)
			}
			c := call{Kind: kind, Hook: info.Hook, Now: info.Now, Config: info.Config, Request: bytes.TrimSpace(a.Files[i+1].Data)}
			c.Reply = c.ask(t, c.Request)
			c.check(t)
			c.keep(t, "recorded", number)
			got := laidOut(t, c.Reply)
			if *update {
				a.Files[i+2].Data = got
			}
			if d := cmp.Diff(string(a.Files[i+2].Data), string(got)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
	if *update {
		write(t, file, txtar.Format(a))
	}
}

// laidOut is the same JSON, member by member, on lines.
func laidOut(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ask the hook.
func (c call) ask(t *testing.T, request []byte) []byte {
	t.Helper()
	options := metacontroller.Options{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return c.Now }}
	h := metacontroller.NewRouter(server.Kinds(c.Config), options)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/"+c.Kind+"/"+c.Hook, bytes.NewReader(request)))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.Bytes()
}

// check what is true of every call.
func (c call) check(t *testing.T) {
	t.Helper()
	before := bytes.Clone(c.Request)
	if again := c.ask(t, c.Request); !bytes.Equal(c.Reply, again) {
		t.Errorf("the same request gives another reply: %s", cmp.Diff(string(c.Reply), string(again)))
	}
	if !bytes.Equal(before, c.Request) {
		t.Error("the request was changed")
	}
	// Hooks ask for no Secret and desire none: there is nothing to leak between them and
	// Metacontroller.
	if secret := []byte(`"kind":"Secret"`); bytes.Contains(c.Request, secret) || bytes.Contains(c.Reply, secret) {
		t.Error("a Secret is in the traffic of the hooks")
	}
	if shuffled := c.ask(t, reversed(t, c.Request)); !bytes.Equal(c.Reply, shuffled) {
		t.Errorf("the order of the request's maps shows in the reply: %s", cmp.Diff(string(c.Reply), string(shuffled)))
	}
}

// keep the call in a folder, if it is asked for: Metacontroller's own types are in another
// module, which looks at the calls there.
func (c call) keep(t *testing.T, from, name string) {
	t.Helper()
	if *calls == "" {
		return
	}
	dir := filepath.Join(*calls, from, c.Kind)
	have, _ := os.ReadDir(dir)
	dir = filepath.Join(dir, fmt.Sprintf("%s-%03d-%s", name, len(have)+1, c.Hook))
	err := server.Write(dir, metacontroller.Call{Kind: c.Kind, Hook: c.Hook, Now: c.Now, Request: c.Request, Reply: c.Reply}, c.Config)
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// reversed is the same JSON with the members of every object in reverse alphabetical order.
func reversed(t *testing.T, data []byte) []byte {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	writeReversed(&b, v)
	return b.Bytes()
}

func writeReversed(b *bytes.Buffer, v any) {
	switch x := v.(type) {
	case map[string]any:
		b.WriteByte('{')
		for i, k := range sortedReverse(x) {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, "%q:", k)
			writeReversed(b, x[k])
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, e := range x {
			if i > 0 {
				b.WriteByte(',')
			}
			writeReversed(b, e)
		}
		b.WriteByte(']')
	default:
		data, _ := json.Marshal(x)
		b.Write(data)
	}
}

// sortedReverse are the keys of a map in reverse alphabetical order.
func sortedReverse[V any](m map[string]V) []string {
	keys := slices.Sorted(maps.Keys(m))
	slices.Reverse(keys)
	return keys
}
