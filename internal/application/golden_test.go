package application

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
)

var update = flag.Bool("update", false, "write the golden files anew")

// settings is the first document of an input.yaml.
type settings struct {
	Engine          string                    `json:"engine"`
	SwitchUID       string                    `json:"switchUID"`
	SourceNamespace string                    `json:"sourceNamespace"`
	TargetNamespace string                    `json:"targetNamespace"`
	Application     api.Application           `json:"application"`
	StorageClasses  []api.StorageClassMapping `json:"storageClasses"`
	Data            api.Data                  `json:"data"`
	Mobilizers      []string                  `json:"mobilizers"`
	Exclude         []Ref                     `json:"exclude"`
}

// readInput reads settings and objects, as the API server gives them, out of a YAML file.
func readInput(t testing.TB, file string) Input {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	documents := bytes.Split(data, []byte("\n---\n"))
	var s settings
	if err := yaml.UnmarshalStrict(documents[0], &s); err != nil {
		t.Fatalf("cannot read the settings of %s: %v", file, err)
	}
	in := Input{
		Engine: s.Engine, Us: lineage.Actor{Switch: s.SwitchUID},
		SourceNamespace: s.SourceNamespace, TargetNamespace: s.TargetNamespace,
		Application: s.Application, StorageClasses: s.StorageClasses, Data: s.Data,
		Mobilizers: s.Mobilizers, Exclude: s.Exclude,
	}
	for _, document := range documents[1:] {
		in.Objects = append(in.Objects, object(t, string(document)))
	}
	return in
}

// object reads one object as a client does: whole numbers are int64.
func object(t testing.TB, text string) unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var o unstructured.Unstructured
	if err := o.UnmarshalJSON(data); err != nil {
		t.Fatalf("cannot read an object: %v\n%s", err, text)
	}
	return o
}

func inputs(t testing.TB) map[string]Input {
	t.Helper()
	files, err := filepath.Glob("testdata/*/input.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no inputs: %v", err)
	}
	out := map[string]Input{}
	for _, file := range files {
		out[filepath.Base(filepath.Dir(file))] = readInput(t, file)
	}
	return out
}

func TestGolden(t *testing.T) {
	for name, in := range inputs(t) {
		t.Run(name, func(t *testing.T) {
			got, err := yaml.Marshal(Make(in))
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name, "plan.golden.yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("the plan differs from %s (-want +got); go test -update writes it anew:\n%s", golden, diff)
			}
		})
	}
}
