package application

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// corpus reads the manifests that end-to-end tests take through an API server, each file as a
// namespace of its own.
func corpus(t *testing.T) map[string]Input {
	t.Helper()
	files, err := filepath.Glob("../../e2e/corpus/testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	out := map[string]Input{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		in := Input{Engine: "e", SourceNamespace: "src", TargetNamespace: "dst", Mobilizers: []string{"restic"},
			Application: api.Application{Selector: &metav1.LabelSelector{}}}
		for _, document := range strings.Split("\n"+string(data), "\n---") {
			if !strings.Contains(document, "kind:") {
				continue
			}
			o := object(t, document)
			if o.IsList() {
				continue // A server has what is in it.
			}
			o.SetNamespace("src")
			in.Objects = append(in.Objects, o)
		}
		out[filepath.Base(file)] = in
	}
	return out
}

// TestCorpusKeepsItsValues: manifests of real shape go through Kustomize in each of its ways and
// come out as they were.
func TestCorpusKeepsItsValues(t *testing.T) {
	everything := &api.KustomizeTarget{Kind: ".*"}
	for name, in := range corpus(t) {
		want := Make(in)
		if len(want.Objects) == 0 {
			continue
		}
		in.Kustomizations = []api.Kustomization{
			{CommonAnnotations: map[string]string{"added": "1"}},
			{Patches: []api.KustomizePatch{{Target: everything,
				Patch: `{apiVersion: v1, kind: Any, metadata: {name: any, annotations: {added: null}}}`}}},
			{Patches: []api.KustomizePatch{{Target: everything,
				Patch: "- {op: add, path: /metadata/x, value: b}\n- {op: remove, path: /metadata/x}"}}},
		}
		got := Make(in)
		if diff := cmp.Diff(reasons(want.Blockers), reasons(got.Blockers)); diff != "" {
			t.Errorf("%s: blockers (-want +got):\n%s\n%v", name, diff, got.Blockers)
		}
		for i := range want.Objects {
			withoutAdded(&want.Objects[i])
			withoutAdded(&got.Objects[i])
			if diff := cmp.Diff(jsonOf(t, want.Objects[i]), jsonOf(t, got.Objects[i])); diff != "" {
				t.Errorf("%s: %s has changed (-want +got):\n%s", name, want.Objects[i].Ref, diff)
			}
		}
	}
}
