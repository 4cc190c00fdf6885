package hooks_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/internal/simulation"
	"github.com/kubemove/kubemove/hooks/metacontroller"
	"github.com/kubemove/kubemove/hooks/server"
	"github.com/kubemove/kubemove/task"
)

var update = flag.Bool("update", false, "write the golden replies, and the simulated requests, anew")

const simulated = "testdata/simulated"

// Each recorded request gives the recorded reply, byte for byte; so it does with the maps of
// the request in another order.
func TestGolden(t *testing.T) {
	if *update {
		simulate(t)
	}
	cases := 0
	err := filepath.WalkDir("testdata", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == server.RequestFile {
			cases++
			t.Run(strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "testdata/"), func(t *testing.T) { golden(t, filepath.Dir(path)) })
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if cases == 0 {
		t.Fatal("there is no golden request: run this test with -update")
	}
}

func golden(t *testing.T, dir string) {
	request := read(t, filepath.Join(dir, server.RequestFile))
	var info server.CallInfo
	if err := json.Unmarshal(read(t, filepath.Join(dir, server.CallFile)), &info); err != nil {
		t.Fatal(err)
	}
	kind := filepath.Base(filepath.Dir(dir))
	h := metacontroller.NewRouter(server.Kinds(info.Config), metacontroller.Options{Log: silent(), Now: func() time.Time { return info.Now }})
	call := func(body []byte) []byte {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/"+kind+"/"+info.Hook, bytes.NewReader(body)))
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return w.Body.Bytes()
	}
	before := bytes.Clone(request)
	got := call(request)
	if !bytes.Equal(before, request) {
		t.Error("the request was changed")
	}
	// Hooks ask for no Secret and desire none: there is nothing to leak between them and
	// Metacontroller.
	if secret := []byte(`"kind":"Secret"`); bytes.Contains(request, secret) || bytes.Contains(got, secret) {
		t.Error("a Secret is in the traffic of the hooks")
	}
	file := filepath.Join(dir, server.ReplyFile)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(read(t, file)), string(got)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if shuffled := call(reversed(t, request)); !bytes.Equal(got, shuffled) {
		t.Errorf("the order of the request's maps shows in the reply: %s", cmp.Diff(string(got), string(shuffled)))
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

// simulatedMoves are the moves whose requests are kept.
var simulatedMoves = map[string]func(f *flow){
	"move": func(f *flow) {
		f.world.Create(engine(nil))
		f.run(0)
		f.patch(syncID, map[string]any{"request": "one"})
		f.run(0)
		f.patch(switchID, map[string]any{"approvedPlan": "plan-1"})
		f.run(1)
		f.world.Delete(engineID)
		f.run(1)
	},
	"rollback": func(f *flow) {
		f.player.Fail = func(x task.Task, _ int) *task.Result {
			if x.Verb == task.VerbCutover {
				return &task.Result{Outcome: task.OutcomeFailed, Reason: api.ReasonHealthTimeout, Message: "Deployment/web is not healthy"}
			}
			return nil
		}
		f.world.Create(engine(automatic))
		f.run(1)
	},
	"repository": func(f *flow) {
		f.world.Create(engine(func(e *api.MoveEngine) {
			automatic(e)
			e.Spec.Data.Mobilizers = []api.Mobilizer{{Name: "restic",
				Parameters:           map[string]string{"repository": "s3:https://s3.example.com/bucket"},
				CredentialsSecretRef: &api.LocalReference{Name: "s3-credentials"}}}
		}))
		f.run(0)
		f.patch(syncID, map[string]any{"request": "one"})
		f.run(1)
	},
	"claims": func(f *flow) {
		f.world.Create(engine(func(e *api.MoveEngine) {
			e.Spec.Application = api.Application{
				Claims:   []api.ClaimReference{{Name: "data"}},
				Exclude:  []api.ExcludedObject{{Kind: "ConfigMap", Name: "web"}, {Group: "networking.k8s.io", Kind: "Ingress", Name: "web"}},
				Contents: api.ContentsData,
			}
			e.Spec.Data.Claims = []api.ClaimData{{Name: "data", Policy: api.ClaimCopy, Target: api.ClaimTarget{
				Name: "files", Size: "5Gi", StorageClassName: new(""), AccessModes: []api.ClaimAccessMode{"ReadWriteOnce"}}}}
		}))
		f.cluster.Volumes[0].Target = "files"
		f.run(0)
		f.patch(syncID, map[string]any{"request": "one"})
		f.run(0)
	},
	"kustomization": func(f *flow) {
		f.world.Create(engine(func(e *api.MoveEngine) {
			e.Spec.Targets[0].Kustomization = &api.Kustomization{
				Images:   []api.KustomizeImage{{Name: "docker.io/library/nginx", NewName: "registry.example.com/nginx"}},
				Replicas: []api.KustomizeReplicas{{Name: "worker", Count: 0}},
				Patches: []api.KustomizePatch{{Target: &api.KustomizeTarget{Kind: "Ingress", Name: "shop"},
					Patch: "- {op: replace, path: /spec/rules/0/host, value: shop.example.com}"}},
			}
		}))
		f.run(0)
	},
	"blocked": func(f *flow) {
		f.cluster.Blockers = []api.Blocker{{Reason: api.ReasonNameConflict, Message: "ConfigMap/settings exists already",
			Object: "ConfigMap/settings"}}
		f.world.Create(engine(func(e *api.MoveEngine) { e.Spec.Data.Verification = api.VerificationChecksum }))
		f.run(1)
	},
}

// simulate writes the requests of simulated moves: one for each reply that differs.
func simulate(t *testing.T) {
	if err := os.RemoveAll(simulated); err != nil {
		t.Fatal(err)
	}
	for name, play := range simulatedMoves {
		f := newFlow(t)
		if name == "repository" {
			f = newFlowWith(t, placesConfig())
		}
		seen := map[string]bool{}
		n := 0
		f.mc.OnCall = func(e simulation.Exchange) {
			if seen[e.Route+e.Hook+string(e.Reply)] {
				return
			}
			seen[e.Route+e.Hook+string(e.Reply)] = true
			n++
			dir := filepath.Join(simulated, e.Route, fmt.Sprintf("%s-%02d-%s", name, n, e.Hook))
			call := metacontroller.Call{Kind: e.Route, Hook: e.Hook, Now: f.world.Now, Request: e.Request, Reply: e.Reply}
			if err := server.Write(dir, call, f.config); err != nil {
				t.Fatal(err)
			}
		}
		play(f)
	}
}
