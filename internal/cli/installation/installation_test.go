package installation

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/internal/cli/target"
)

func built(t *testing.T, images Images) []unstructured.Unstructured {
	t.Helper()
	objects, err := Build(images)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// TestBuild: everything that an installation needs is in this program, in an order in which it can be applied.
func TestBuild(t *testing.T) {
	t.Parallel()
	objects := built(t, nil)
	var kinds []string
	for i := range objects {
		o := &objects[i]
		if stageOf(o) < 0 || Resource(o.GetKind()).Resource == "" {
			t.Errorf("%s has no place in the order, or no resource", target.Ref(o))
		}
		if !IsOurs(o) {
			t.Errorf("%s lacks the label %s", target.Ref(o), PartOf)
		}
		if len(kinds) == 0 || kinds[len(kinds)-1] != o.GetKind() {
			kinds = append(kinds, o.GetKind())
		}
	}
	if want := []string{"Namespace", Definition}; !cmp.Equal(kinds[:2], want) {
		t.Errorf("the first kinds are %v, expected %v", kinds[:2], want)
	}
	at := func(kind string) int { return slices.Index(kinds, kind) }
	if at("ServiceAccount") > at("Deployment") || at("ConfigMap") > at("Deployment") || at("Deployment") > at("ValidatingAdmissionPolicy") ||
		at("CompositeController") != len(kinds)-1 {
		t.Errorf("the kinds are applied in the order %v", kinds)
	}
	for kind, n := range map[string]int{
		Definition: 8, "CompositeController": 5, "ValidatingAdmissionPolicy": 3, "Deployment": 1, "ConfigMap": 1,
	} {
		if got := len(Of(objects, kind)); got != n {
			t.Errorf("there are %d objects of the kind %s, expected %d", got, kind, n)
		}
	}
}

// TestImages: each image is set everywhere where it is used.
func TestImages(t *testing.T) {
	t.Parallel()
	images := Images{"hooks": "registry.example.com:5000/hooks:v9", "task": "example.com/task@sha256:" + strings.Repeat("a", 64),
		"ddm": "example.com/ddm:v8", "metacontroller": "example.com/metacontroller:v4.17.2"}
	objects := built(t, images)
	text := textOf(t, objects)
	for key, reference := range images {
		if strings.Contains(text, imageNames[key]+":") {
			t.Errorf("%s is still there", imageNames[key])
		}
		if want := map[string]int{"hooks": 2, "task": 2, "ddm": 2, "metacontroller": 1}[key]; strings.Count(text, reference) != want {
			t.Errorf("%s is there %d times, expected %d", reference, strings.Count(text, reference), want)
		}
	}
	deployment := Of(objects, "Deployment")[0]
	if got := ImageOf(&deployment, HooksContainer); got != images["hooks"] {
		t.Errorf("the hooks have the image %s", got)
	}
}

func textOf(t *testing.T, objects []unstructured.Unstructured) string {
	t.Helper()
	var b strings.Builder
	for _, o := range objects {
		data, err := yaml.Marshal(o.Object)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(data)
	}
	return b.String()
}

func TestWrongImages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		images Images
		want   string
	}{
		"NoVersion": {"what is installed has a version", Images{"hooks": "example.com/hooks"},
			`--image-hooks is "example.com/hooks" without a version, expected a tag or a digest, such as example.com/hooks:v0.1.0`},
		"Port":  {"a port is no version", Images{"ddm": "example.com:5000/ddm"}, "--image-ddm is \"example.com:5000/ddm\" without a version"},
		"Quote": {"the image of the mobilizer is written into a text", Images{"ddm": `example.com/d"m:v1`}, "expected an image such as"},
		"Tag":   {"a tag alone is no image", Images{"task": ":v1"}, "expected an image such as"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Build(c.images); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, expected %s", c.reason, err, c.want)
			}
		})
	}
}

// TestRemoval: the controllers go first, then what refuses changes, then the program, and the kinds are apart.
func TestRemoval(t *testing.T) {
	t.Parallel()
	rest, definitions := Removal(built(t, nil))
	var kinds []string
	for i := range rest {
		if kind := rest[i].GetKind(); len(kinds) == 0 || kinds[len(kinds)-1] != kind {
			kinds = append(kinds, kind)
		}
	}
	first, last := kinds[0], kinds[len(kinds)-1]
	if first != "CompositeController" || last != "Namespace" || slices.Contains(kinds, "ConfigMap") {
		t.Errorf("the kinds are deleted in the order %v", kinds)
	}
	if len(definitions) != 8 {
		t.Errorf("there are %d definitions, expected 8", len(definitions))
	}
	if got, want := Defined(&definitions[7]).String(), "kubemove.io/v1alpha1, Resource=datasyncs"; got != want {
		t.Errorf("the last definition is of %s, expected %s", got, want)
	}
	if IsEstablished(&definitions[0]) {
		t.Error("a definition that was not applied counts as established")
	}
}
